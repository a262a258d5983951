"""Facts that stay inside contracting: they name people, screenings, signatures and money on its way."""

from datetime import date
from enum import StrEnum

from shared.contracts.values import Printing, StoredDocument
from shared.events import Event, UtcDatetime, Value


class Purpose(StrEnum):
    """What an asset-freeze screening was made for (CMF L.561-4-1 ff.; DOMAIN rule 14)."""

    CONVENTION = "convention"
    ACTE = "acte"


class Verdict(StrEnum):
    """What a person decided on the returned convention."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class Direction(StrEnum):
    """Which way the money of a bank entry went, seen from the collection account."""

    CREDIT = "credit"
    DEBIT = "debit"


class Basis(StrEnum):
    """What tells which dossier a payment is for."""

    REFERENCE = "reference"
    AMOUNT_AND_PAYER = "amount_and_payer"
    PERSON = "person"


class Outcome(StrEnum):
    """What a payment made of its dossier's premium when it was counted; late is after an end, all due back."""

    EXACT = "exact"
    PARTIAL = "partial"
    OVER = "over"
    LATE = "late"


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


class Guarantor(Value):
    """How Action Logement Services is identified in what it signs; `capital_cents` is its share capital."""

    legal_form: str
    capital_cents: int
    seat: str
    registration: str
    representative: str
    capacity: str


class SignedPrinting(Printing):
    """How a paper that ALS signs was printed, and how it identifies it."""

    guarantor: Guarantor


class PapersPrinted(Event):
    """What the convention and the premium call were printed with, just before they are sent."""

    dossier_id: str
    convention: SignedPrinting
    premium_call: Printing
    payee: Payee


class BoardAdjourned(Event):
    """The board put the dossier off to its next session."""

    dossier_id: str
    session_id: str
    session_date: date
    reason: str
    adjourned_at: UtcDatetime


class SignedConventionChecked(Event):
    """Who looked at the returned convention: another person prepares the acte. `note`: what was compared by eye."""

    dossier_id: str
    document_id: str
    verdict: Verdict
    checked_by: str
    checked_at: UtcDatetime
    note: str = ""


class Channel(StrEnum):
    """A way to the BdT: one of three drops, or mail."""

    DIRECTORY = "directory"
    MAIL = "mail"
    SFTP = "sftp"
    S3 = "s3"


class ActePrepared(Event):
    """The acte's bytes are settled, and the ways it goes; it is transmitted over each until the BdT has it."""

    dossier_id: str
    acte: StoredDocument
    prepared_by: str
    prepared_at: UtcDatetime
    printing: SignedPrinting
    channels: tuple[Channel, ...]


class Proof(Value):
    """What was sent to the BdT, where and when, and what the other side answered."""

    channel: Channel
    destination: str
    name: str
    sha256: str
    size_bytes: int
    answer: str
    sent_at: UtcDatetime


class ActeDelivered(Event):
    """The proof of delivery over one way; the first is kept with the transmission it proves."""

    dossier_id: str
    proof: Proof


class ActeAcknowledged(Event):
    """The BdT says that it has the acte; `reference` is its own."""

    dossier_id: str
    reference: str
    received_on: date
    recorded_by: str
    recorded_at: UtcDatetime


class RefundPromised(Event):
    """What of a counted payment is to go back: it pays no premium any more, before it leaves too.

    The decision of that `return_id` in the payment's own stream follows, with the same reason and person.
    """

    dossier_id: str
    payment_id: str
    return_id: str
    amount_cents: int
    reason: str
    promised_by: str
    promised_at: UtcDatetime


class RefundWithdrawn(Event):
    """The promise stands no more: its money stays, or its bank took it otherwise."""

    dossier_id: str
    payment_id: str
    return_id: str
    withdrawn_by: str
    withdrawn_at: UtcDatetime


class PremiumPaymentHeld(Event):
    """The dossier does not count the payment: it looks like `duplicate_of`, which it counts, told again.

    That it is held follows in the payment's own stream; a person who says so has it counted all the same.
    """

    dossier_id: str
    payment_id: str
    duplicate_of: str
    held_at: UtcDatetime


class PaymentReceived(Event):
    """A bank entry as the accountant entered it or a statement brought it, matched or not.

    `payer` is the other party, whom a debit pays. `end_to_end_id` and `bank_reference` are the banks' own names; what
    a person enters has neither. `reversal`: the bank says that it gives an earlier movement back. `entered_by` is the
    person, empty for the bank's word and for what was entered before a second person confirmed it.
    """

    payment_id: str
    reference: str
    amount_cents: int
    received_on: date
    recorded_at: UtcDatetime
    direction: Direction = Direction.CREDIT
    payer: str = ""
    payer_iban: str = ""
    end_to_end_id: str = ""
    bank_reference: str = ""
    reversal: bool = False
    entered_by: str = ""


class PaymentMatched(Event):
    """The dossier the payment is for, and what tells so."""

    payment_id: str
    dossier_id: str
    matched_by: str
    matched_at: UtcDatetime
    basis: Basis = Basis.REFERENCE


class PaymentBooked(Event):
    """The dossier's engagement counts the payment. `outcome` is None in what was booked before it was kept."""

    payment_id: str
    dossier_id: str
    booked_at: UtcDatetime
    outcome: Outcome | None = None
