"""What pricing announces: nothing here may hold a rating, a credit quality step or a rate (DOMAIN rule 11)."""

from enum import StrEnum
from typing import ClassVar

from shared.contracts.values import PremiumLine, StoredDocument
from shared.events import Event, UtcDatetime

OFFER_TOPIC = "pricing.offer.v1"


class OfferIssued(Event):
    """A priced proposal (cahier des charges 2.A.5); valid until its last moment, included."""

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    lines: tuple[PremiumLine, ...]
    premium_cents: int
    minimum_applied: bool
    cap_applied: bool = False
    grid_version: str
    issued_at: UtcDatetime
    valid_until: UtcDatetime
    document: StoredDocument


class OfferSuperseded(Event):
    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    superseded_at: UtcDatetime


class OfferAccepted(Event):
    """`document_sha256` is that of the offer the bailleur read, where its acceptance says it."""

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    accepted_at: UtcDatetime
    premium_cents: int
    document_sha256: str | None = None


class OfferDeclined(Event):
    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    declined_at: UtcDatetime


class OfferExpired(Event):
    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    expired_at: UtcDatetime
    valid_until: UtcDatetime


class OfferReminderSent(Event):
    """The offer ends in three jours ouvrés and has no answer; once an offer."""

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    valid_until: UtcDatetime
    sent_at: UtcDatetime


class OfferExpiryContested(Event):
    """An acceptance lodged in time (`lodged_at`) was read after the offer had been declared expired, or replaced.

    The effects of the expiry stand, and so does the offer that replaced it, until a person has decided
    (docs/adr/0016); the acceptance is not refused. `valid_until` is when the offer ended, by either.
    """

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    lodged_at: UtcDatetime
    valid_until: UtcDatetime
    found_at: UtcDatetime


class AnswerRefusal(StrEnum):
    TOO_LATE = "too_late"
    NOT_OPEN = "not_open"
    SUPERSEDED = "superseded"


class OfferAnswerRefused(Event):
    """An acceptance or decline that could not count, and why; the landlord reads it."""

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    offer_id: str
    reason: AnswerRefusal
    valid_until: UtcDatetime | None
    refused_at: UtcDatetime


class PricingNeedsPerson(Event):
    """Automatic pricing may not price this one; the reason stays inside pricing."""

    topic: ClassVar[str | None] = OFFER_TOPIC
    dossier_id: str
    noted_at: UtcDatetime
