"""What happens to a bank entry, in its own stream, beside being received, matched and booked."""

from datetime import date

from shared.events import Event, UtcDatetime


class PaymentConfirmed(Event):
    """A second person found the payment that the first one entered by hand."""

    payment_id: str
    confirmed_by: str
    confirmed_at: UtcDatetime


class PaymentHeld(Event):
    """The payment looks like `duplicate_of` again: it is not counted before a person says so."""

    payment_id: str
    dossier_id: str
    duplicate_of: str
    held_by: str
    held_at: UtcDatetime


class PaymentReturnDecided(Event):
    """`return_id` names the return among those of the payment."""

    payment_id: str
    amount_cents: int
    reason: str
    decided_by: str
    decided_at: UtcDatetime
    return_id: str = ""


class PaymentReturnWithdrawn(Event):
    """The decided return is not made after all: the payment is again what it was."""

    payment_id: str
    return_id: str
    reason: str
    withdrawn_by: str
    withdrawn_at: UtcDatetime


class PaymentReturned(Event):
    """The money went back: ALS sent it (`bank_reference` proves it), or its bank took it (the debit's id).

    `return_id` is that of the decision, or the debit that nobody decided.
    """

    payment_id: str
    amount_cents: int
    returned_on: date
    bank_reference: str
    recorded_by: str
    recorded_at: UtcDatetime
    return_id: str = ""


class ReturnShown(Event):
    """A statement shows the return `bank_reference` of the payment as the debit `debit_id`."""

    payment_id: str
    bank_reference: str
    debit_id: str
    shown_by: str
    shown_at: UtcDatetime


class PaymentDismissed(Event):
    """Nothing more is to do about it. Counted money stays counted, and may still go back."""

    payment_id: str
    reason: str
    dismissed_by: str
    dismissed_at: UtcDatetime


class DebitApplied(Event):
    """The debit `payment_id` is the return of the credit `credit_id`, and of no other; the credit shows it next."""

    payment_id: str
    credit_id: str
    applied_by: str
    applied_at: UtcDatetime


class DebitSettled(Event):
    """The credit shows the debit that was applied to it."""

    payment_id: str
    credit_id: str
    settled_at: UtcDatetime


class DebitReleased(Event):
    """The credit's money went another way meanwhile: the debit is the return of something else."""

    payment_id: str
    credit_id: str
    released_at: UtcDatetime


class PaymentDueBack(Event):
    """The dossier that counts the payment ended without an acte, as `ended` says: what is left of it is due back.

    It takes the payment up again when it was filed before the end.
    """

    payment_id: str
    dossier_id: str
    ended: str
    noted_at: UtcDatetime
