"""Facts that stay inside contracting: they name people, screenings and money on its way."""

from datetime import date
from enum import StrEnum

from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime


class Purpose(StrEnum):
    """What an asset-freeze screening was made for (CMF L.561-4-1 ff.; DOMAIN rule 14)."""

    CONVENTION = "convention"
    ACTE = "acte"


class Verdict(StrEnum):
    """What a person decided on the returned convention."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class EngagementScreened(Event):
    """The outcome of an asset-freeze screening; the latest of each purpose counts."""

    dossier_id: str
    purpose: Purpose
    screened_on: date
    clear: bool
    recorded_by: str
    recorded_at: UtcDatetime


class BoardAdjourned(Event):
    """The board put the dossier off to its next session."""

    dossier_id: str
    session_id: str
    session_date: date
    reason: str
    adjourned_at: UtcDatetime


class SignedConventionChecked(Event):
    """Who looked at the returned convention: another person prepares the acte."""

    dossier_id: str
    document_id: str
    verdict: Verdict
    checked_by: str
    checked_at: UtcDatetime


class ActePrepared(Event):
    """The acte's bytes are settled; they are transmitted until the BdT has them."""

    dossier_id: str
    acte: StoredDocument
    prepared_by: str
    prepared_at: UtcDatetime


class PaymentReceived(Event):
    """A payment as the accountant entered it, matched or not."""

    payment_id: str
    reference: str
    amount_cents: int
    received_on: date
    recorded_at: UtcDatetime


class PaymentMatched(Event):
    """The dossier the payment is for, by its reference or by a person."""

    payment_id: str
    dossier_id: str
    matched_by: str
    matched_at: UtcDatetime


class PaymentBooked(Event):
    """The dossier's engagement counts the payment."""

    payment_id: str
    dossier_id: str
    booked_at: UtcDatetime
