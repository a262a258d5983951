"""Money that goes back: ALS returns a payment, or the payer's bank takes it."""

from datetime import date, datetime

from services.contracting.domain.dates import paris_date
from services.contracting.domain.facts import Direction, PaymentReceived
from services.contracting.domain.payment import (
    DebitApplied,
    Payment,
    PaymentReturnDecided,
    PaymentReturned,
    credited,
)
from services.contracting.domain.refusals import (
    DateInFuture,
    DebitMismatch,
    PaymentClosed,
    ReasonRequired,
    ReturnNotDecided,
    WrongDirection,
)
from shared.events import Event


def decide_return(payment: Payment, amount_cents: int, reason: str, actor: str, now: datetime) -> list[Event]:
    """The accountant decides that `amount_cents` go back; decided once.

    Raises: WrongDirection, PaymentClosed, ReasonRequired.
    """
    received = credited(payment)
    if payment.to_return is not None:
        return []
    if payment.closed:
        raise PaymentClosed("Ce règlement est déjà traité.")
    if not reason.strip():
        raise ReasonRequired("Indiquez le motif de la restitution.", pointer="/reason")
    assert 0 < amount_cents <= received.amount_cents
    return [
        PaymentReturnDecided(
            payment_id=received.payment_id, amount_cents=amount_cents, reason=reason, decided_by=actor, decided_at=now
        )
    ]


def record_return(payment: Payment, on: date, bank_reference: str, actor: str, now: datetime) -> list[Event]:
    """The decided return left. Raises: PaymentClosed, ReturnNotDecided, DateInFuture."""
    if payment.returned is not None and payment.returned.bank_reference == bank_reference:
        return []
    if payment.closed:
        raise PaymentClosed("Ce règlement est déjà traité.")
    decided = payment.to_return
    if decided is None:
        raise ReturnNotDecided("Décidez d'abord la restitution de ce règlement.")
    if on > paris_date(now):
        raise DateInFuture("La date de restitution est à venir.", pointer="/returned_on")
    return [_returned(decided.payment_id, decided.amount_cents, on, bank_reference, actor, now)]


def due_back_cents(credit: Payment) -> int:
    """What a debit must amount to in order to be the return of this credit."""
    assert credit.received is not None
    return credit.to_return.amount_cents if credit.to_return else credit.received.amount_cents


def check_debit(debit: Payment, credit: Payment) -> None:
    """Whether the debit may be the return of the credit.

    Raises: WrongDirection, PaymentClosed, DebitMismatch.
    """
    credited(credit)
    assert debit.received is not None
    if debit.received.direction is not Direction.DEBIT:
        raise WrongDirection("Seul un débit s'impute sur un encaissement.")
    taken = credit.returned is not None and credit.returned.bank_reference == debit.received.payment_id
    if debit.closed or (credit.closed and not taken):
        raise PaymentClosed("L'une des deux écritures est déjà traitée.")
    if debit.received.amount_cents != due_back_cents(credit):
        raise DebitMismatch("Le débit n'a pas le montant de l'encaissement ou de la restitution décidée.")


def undo(credit: Payment, debit: PaymentReceived, actor: str, now: datetime) -> list[Event]:
    """The debit took the credit's money back."""
    if credit.returned is not None:
        return []
    assert credit.received is not None
    assert debit.amount_cents == due_back_cents(credit)
    return [_returned(credit.received.payment_id, debit.amount_cents, debit.received_on, debit.payment_id, actor, now)]


def apply(debit: Payment, credit_id: str, actor: str, now: datetime) -> list[Event]:
    """The debit is settled as the return of `credit_id`."""
    assert debit.received is not None
    if debit.applied is not None:
        return []
    return [DebitApplied(payment_id=debit.received.payment_id, credit_id=credit_id, applied_by=actor, applied_at=now)]


def _returned(payment_id: str, amount: int, on: date, reference: str, actor: str, now: datetime) -> PaymentReturned:
    return PaymentReturned(
        payment_id=payment_id,
        amount_cents=amount,
        returned_on=on,
        bank_reference=reference,
        recorded_by=actor,
        recorded_at=now,
    )
