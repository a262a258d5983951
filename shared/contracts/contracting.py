"""What contracting announces."""

from datetime import date
from typing import ClassVar

from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime

ENGAGEMENT_TOPIC = "contracting.engagement.v1"


class BoardConfirmed(Event):
    """The amounts are those the board saw: no premium while no offer was issued, neither before they were kept."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    session_id: str
    session_date: date
    confirmed_at: UtcDatetime
    principal_cents: int | None = None
    premium_cents: int | None = None


class BoardRefused(Event):
    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    session_id: str
    session_date: date
    refused_at: UtcDatetime
    reason: str = ""


class Engaged(Event):
    """Acceptance and confirmation are both there (cahier des charges 2.A.7)."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    offer_id: str
    premium_cents: int
    engaged_at: UtcDatetime


class ConventionSent(Event):
    """The convention signed by ALS is sent and the premium called, due on `premium_due_on`."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    convention: StoredDocument
    premium_call: StoredDocument
    premium_cents: int
    payment_reference: str
    sent_at: UtcDatetime
    return_by: UtcDatetime
    premium_due_on: date


class SignedConventionRefused(Event):
    """The returned convention did not pass the check of the person who looked at it."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    document_id: str
    reason: str
    refused_at: UtcDatetime


class ConventionSigned(Event):
    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    document_id: str
    checked_at: UtcDatetime


class PremiumPaymentRecorded(Event):
    """A payment came in; a partial one is not a payment of the premium yet (DOMAIN rule 15)."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    payment_id: str
    amount_cents: int
    received_on: date
    outstanding_cents: int
    overpaid_cents: int


class PremiumPaid(Event):
    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    premium_cents: int
    paid_at: UtcDatetime


class PremiumPaymentReversed(Event):
    """Money of a counted payment went back, by its bank or by ALS; the premium is whole only as what is left says.

    A payment may go back in several parts: `return_id` tells them apart.
    """

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    payment_id: str
    amount_cents: int
    reversed_on: date
    outstanding_cents: int
    overpaid_cents: int
    reversed_at: UtcDatetime
    return_id: str = ""


class ActeTransmitted(Event):
    """The guarantee is effective (cahier des charges 2.A.8)."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    acte: StoredDocument
    transmitted_at: UtcDatetime


class EngagementLapsed(Event):
    """A person decided the lapse after the reminder."""

    topic: ClassVar[str | None] = ENGAGEMENT_TOPIC
    dossier_id: str
    reason: str
    lapsed_at: UtcDatetime
