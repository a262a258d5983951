"""Money that goes back: ALS returns a payment, or the payer's bank takes it."""

from datetime import date, datetime

from services.contracting.domain.dates import paris_date
from services.contracting.domain.facts import Direction, PaymentReceived, RefundPromised
from services.contracting.domain.payment import Payment, credited
from services.contracting.domain.payment_facts import (
    DebitApplied,
    DebitReleased,
    DebitSettled,
    PaymentReturnDecided,
    PaymentReturned,
    PaymentReturnWithdrawn,
    ReturnShown,
)
from services.contracting.domain.refusals import (
    BankReferenceUsed,
    DateInFuture,
    DebitMismatch,
    PaymentChanged,
    PaymentClosed,
    ReasonRequired,
    ReturnNotDecided,
    WrongDirection,
)
from shared.events import Event


def next_return_id(payment: Payment) -> str:
    """What the next return is decided under: no decision of the payment ever bore it."""
    return f"return-{len(payment.returned) + len(payment.withdrawn) + 1}"


def check_decidable(payment: Payment, reason: str) -> PaymentReceived:
    """Whether a return of what is left may be decided. Raises: as credited; PaymentClosed, ReasonRequired."""
    received = credited(payment)
    if payment.closed:
        raise PaymentClosed("Ce règlement est déjà traité.")
    if not reason.strip():
        raise ReasonRequired("Indiquez le motif de la restitution.", pointer="/reason")
    return received


def decide_return(
    payment: Payment, promised: RefundPromised | None, reason: str, actor: str, now: datetime
) -> list[Event]:
    """The accountant decides that money goes back; another return is decided once this one is made or withdrawn.

    Of a payment that a dossier counts it is what that dossier `promised`; any other goes back whole.
    Raises: as check_decidable; PaymentChanged when the payment was matched or went back meanwhile.
    """
    if payment.to_return is not None:
        return []
    received = check_decidable(payment, reason)
    return_id = next_return_id(payment)
    if (promised is None) != (payment.matched is None) or (promised and promised.return_id != return_id):
        raise PaymentChanged("Ce règlement a été rapproché ou restitué entre-temps : recommencez.")
    amount = promised.amount_cents if promised else payment.left_cents
    assert 0 < amount <= payment.left_cents
    return [
        PaymentReturnDecided(
            payment_id=received.payment_id,
            amount_cents=amount,
            reason=reason,
            decided_by=actor,
            decided_at=now,
            return_id=return_id,
        )
    ]


def withdraw_return(payment: Payment, return_id: str, reason: str, actor: str, now: datetime) -> list[Event]:
    """The decided return is not made; the same again is answered as done. Raises: ReasonRequired, ReturnNotDecided."""
    if any(one.return_id == return_id for one in payment.withdrawn):
        return []
    decided = payment.to_return
    if decided is None or decided.return_id != return_id:
        raise ReturnNotDecided("Aucune restitution décidée n'attend d'être faite.")
    if not reason.strip():
        raise ReasonRequired("Indiquez pourquoi la restitution n'est plus à faire.", pointer="/reason")
    return [
        PaymentReturnWithdrawn(
            payment_id=decided.payment_id, return_id=return_id, reason=reason, withdrawn_by=actor, withdrawn_at=now
        )
    ]


def record_return(payment: Payment, on: date, bank_reference: str, actor: str, now: datetime) -> list[Event]:
    """The decided return left; the same again is answered as done while no other return waits.

    Raises: BankReferenceUsed, PaymentClosed, ReturnNotDecided, DateInFuture.
    """
    decided = payment.to_return
    if any(gone.bank_reference == bank_reference for gone in payment.returned):
        if decided is None:
            return []
        raise BankReferenceUsed(
            "Une restitution déjà faite porte cette référence : indiquez celle du nouveau virement.",
            pointer="/bank_reference",
        )
    if payment.closed:
        raise PaymentClosed("Ce règlement est déjà traité.")
    if decided is None:
        raise ReturnNotDecided("Décidez d'abord la restitution de ce règlement.")
    if on > paris_date(now):
        raise DateInFuture("La date de restitution est à venir.", pointer="/returned_on")
    return [_returned(payment, decided.return_id, decided.amount_cents, on, bank_reference, actor, now)]


def expected_cents(credit: Payment) -> list[int]:
    """The debits that a return of this credit announces: those that left and are not shown yet, and the decided one."""
    decided = [credit.to_return.amount_cents] if credit.to_return else []
    return [gone.amount_cents for gone in credit.awaited] + decided


def check_debit(debit: Payment, credit: Payment) -> None:
    """Whether the debit may be the return of the credit.

    Raises: as credited; WrongDirection, PaymentClosed, DebitMismatch.
    """
    received = credited(credit)
    assert debit.received is not None
    if debit.received.direction is not Direction.DEBIT:
        raise WrongDirection("Seul un débit s'impute sur un encaissement.")
    amount = debit.received.amount_cents
    fits = _taken(credit, debit.received) or amount in expected_cents(credit)
    if debit.closed or (credit.closed and not fits):
        raise PaymentClosed("L'une des deux écritures est déjà traitée.")
    if not fits and amount not in (credit.left_cents, received.amount_cents):
        raise DebitMismatch("Le débit n'a pas le montant de l'encaissement ou d'une restitution.")


def undo(credit: Payment, debit: PaymentReceived, actor: str, now: datetime) -> list[Event]:
    """The debit took the credit's money back: it shows a return that left, makes the decided one, or takes the rest.

    Raises: PaymentClosed when nothing is left to take.
    """
    if _taken(credit, debit):
        return []
    amount, decided = debit.amount_cents, credit.to_return
    left = next((gone for gone in credit.awaited if gone.amount_cents == amount), None)
    if left is not None:
        return [_shown(left, debit, actor, now)]
    if credit.left_cents == 0:
        raise PaymentClosed("Il ne reste rien de cet encaissement : un autre débit l'a repris.")
    return_id = decided.return_id if decided and decided.amount_cents == amount else debit.payment_id
    # A bank that takes the whole of what was returned in part takes more than is here: the rest is owed by the payer.
    gone = _returned(credit, return_id, min(amount, credit.left_cents), debit.received_on, debit.payment_id, actor, now)
    return [gone, _shown(gone, debit, actor, now)]


def apply(debit: Payment, credit_id: str, actor: str, now: datetime) -> list[Event]:
    """Claim the debit as the return of `credit_id` and of no other credit; the same again is done.

    Raises: PaymentClosed.
    """
    assert debit.received is not None
    if debit.applied is not None and debit.applied.credit_id == credit_id:
        return []
    if debit.closed:
        raise PaymentClosed("Ce débit est déjà traité : il ne s'impute que sur un encaissement.")
    return [DebitApplied(payment_id=debit.received.payment_id, credit_id=credit_id, applied_by=actor, applied_at=now)]


def settle(debit: Payment, now: datetime) -> list[Event]:
    """The credit shows the debit that was applied to it."""
    assert debit.applied is not None
    if debit.settled is not None:
        return []
    return [DebitSettled(payment_id=debit.applied.payment_id, credit_id=debit.applied.credit_id, settled_at=now)]


def release(debit: Payment, credit_id: str, now: datetime) -> list[Event]:
    """The credit has nothing left for the debit that was applied to it: a person looks for another."""
    applied = debit.applied
    if applied is None or applied.credit_id != credit_id or debit.settled is not None:
        return []
    return [DebitReleased(payment_id=applied.payment_id, credit_id=credit_id, released_at=now)]


def _taken(credit: Payment, debit: PaymentReceived) -> bool:
    """Whether the debit is counted as a return of the credit already."""
    return any(shown.debit_id == debit.payment_id for shown in credit.shown)


def _shown(gone: PaymentReturned, debit: PaymentReceived, actor: str, now: datetime) -> ReturnShown:
    return ReturnShown(
        payment_id=gone.payment_id,
        bank_reference=gone.bank_reference,
        debit_id=debit.payment_id,
        shown_by=actor,
        shown_at=now,
    )


def _returned(
    payment: Payment, return_id: str, amount: int, on: date, reference: str, actor: str, now: datetime
) -> PaymentReturned:
    assert payment.received is not None
    assert 0 < amount <= payment.left_cents, "more goes back than came"
    return PaymentReturned(
        payment_id=payment.received.payment_id,
        amount_cents=amount,
        returned_on=on,
        bank_reference=reference,
        recorded_by=actor,
        recorded_at=now,
        return_id=return_id,
    )
