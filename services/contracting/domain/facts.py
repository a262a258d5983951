"""Facts that stay inside contracting: they name people, screenings, signatures and money on its way."""

from datetime import date
from enum import StrEnum

from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime, Value


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


class Payee(Value):
    """To whom the premium is paid."""

    name: str
    iban: str


class Printing(Value):
    """How a paper was printed, to print it again: template version, typesetter, SHA-256 before any signature."""

    templates: str
    engine: str
    sha256: str


class PapersPrinted(Event):
    """What the convention and the premium call were printed with, just before they are sent."""

    dossier_id: str
    convention: Printing
    premium_call: Printing
    payee: Payee


class SignedConventionChecked(Event):
    """Who looked at the returned convention: another person prepares the acte. `note`: what was compared by eye."""

    dossier_id: str
    document_id: str
    verdict: Verdict
    checked_by: str
    checked_at: UtcDatetime
    note: str = ""


class ActePrepared(Event):
    """The acte's bytes are settled; they are transmitted until the BdT has them."""

    dossier_id: str
    acte: StoredDocument
    prepared_by: str
    prepared_at: UtcDatetime
    printing: Printing | None = None


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
