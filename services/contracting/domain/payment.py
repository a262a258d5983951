"""Bank entries: each is kept, and each payment goes to one dossier, back to its payer, or aside with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import (
    Basis,
    Direction,
    Outcome,
    PaymentBooked,
    PaymentMatched,
    PaymentReceived,
)
from services.contracting.domain.names import normalised
from services.contracting.domain.refusals import (
    DateInFuture,
    PaymentAlreadyMatched,
    PaymentClosed,
    PaymentConflict,
    PaymentCounted,
    ReasonRequired,
    WrongDirection,
)
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind
from shared.money import check_cents

# A person may enter an order's day, the bank books it after a week-end and a holiday.
ENTRY_DELAY = timedelta(days=5)


class PaymentStatus(StrEnum):
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    BOOKED = "booked"
    RETURNED = "returned"
    DISMISSED = "dismissed"
    APPLIED = "applied"


class Queue(StrEnum):
    """Where the accountant finds what still needs a look; each bank entry is in one of them or done with."""

    EXACT = "exact"
    PARTIAL = "partial"
    OVER = "over"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    TO_RETURN = "to_return"


QUEUE_OF: dict[Outcome | None, Queue] = {
    Outcome.EXACT: Queue.EXACT,
    Outcome.PARTIAL: Queue.PARTIAL,
    Outcome.OVER: Queue.OVER,
    Outcome.LATE: Queue.TO_RETURN,
}


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
    """The debit `payment_id` is the return of the credit `credit_id`."""

    payment_id: str
    credit_id: str
    applied_by: str
    applied_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Payment:
    """One bank entry on its way; none that was received is ever lost."""

    received: PaymentReceived | None = None
    matched: PaymentMatched | None = None
    held: PaymentHeld | None = None
    booked: PaymentBooked | None = None
    to_return: PaymentReturnDecided | None = None
    returned: tuple[PaymentReturned, ...] = ()
    shown: tuple[ReturnShown, ...] = ()
    dismissed: PaymentDismissed | None = None
    applied: DebitApplied | None = None

    @property
    def status(self) -> PaymentStatus:
        reached = (
            (self.applied, PaymentStatus.APPLIED),
            (self.returned, PaymentStatus.RETURNED),
            (self.dismissed, PaymentStatus.DISMISSED),
            (self.booked, PaymentStatus.BOOKED),
            (self.matched, PaymentStatus.MATCHED),
        )
        return next((status for fact, status in reached if fact), PaymentStatus.UNMATCHED)

    @property
    def left_cents(self) -> int:
        """What has not gone back of what came."""
        came = self.received.amount_cents if self.received else 0
        return came - sum(gone.amount_cents for gone in self.returned)

    @property
    def awaited(self) -> tuple[PaymentReturned, ...]:
        """The returns that left and that no statement has shown."""
        seen = {shown.bank_reference for shown in self.shown}
        return tuple(gone for gone in self.returned if gone.bank_reference not in seen)

    @property
    def closed(self) -> bool:
        """Nothing can happen to its money any more; that of a counted payment may go back until it is gone."""
        filed = self.dismissed is not None and self.booked is None
        return self.applied is not None or filed or self.left_cents == 0

    @property
    def queue(self) -> Queue | None:
        """None once it is done with, and while it is being counted."""
        if self.closed:
            return None
        if self.to_return:
            return Queue.TO_RETURN
        if self.dismissed or self.returned:
            return None
        if self.booked:
            return QUEUE_OF.get(self.booked.outcome)
        if self.matched:
            return None
        return Queue.DUPLICATE if self.held else Queue.UNKNOWN

    @property
    def dossier_id(self) -> str | None:
        known = self.matched or self.held
        return known.dossier_id if known else None

    def fold(self, event: Event) -> "Payment":
        kept = KEPT.get(type(event))
        if kept:
            return replace(self, **{kept: event})
        match event:
            case PaymentReturned():
                return replace(self, returned=(*self.returned, event), to_return=None)
            case ReturnShown():
                return replace(self, shown=(*self.shown, event))
            case _:
                return self


KEPT: dict[type[Event], str] = {
    PaymentReceived: "received",
    PaymentMatched: "matched",
    PaymentHeld: "held",
    PaymentBooked: "booked",
    PaymentReturnDecided: "to_return",
    PaymentDismissed: "dismissed",
    DebitApplied: "applied",
}
KIND = StreamKind("payment", Payment())


def receive(payment: Payment, received: PaymentReceived) -> list[Event]:
    """Keep a bank entry under its id; the same again is answered as done.

    Raises: AmountOutOfRange, DateInFuture; PaymentConflict for the same id with other content.
    """
    before = payment.received
    if before is not None:
        if before == received.model_copy(update={"recorded_at": before.recorded_at}):
            return []
        raise PaymentConflict("Cet identifiant a déjà servi pour un paiement différent.", pointer="/payment_id")
    check_cents(received.amount_cents, minimum_cents=1, pointer="/amount_cents")
    if received.received_on > paris_date(received.recorded_at):
        raise DateInFuture("La date de réception est à venir.", pointer="/received_on")
    return [received]


def match(payment: Payment, dossier_id: str, basis: Basis, actor: str, now: datetime) -> list[Event]:
    """Settle which dossier a payment is for; it is settled once.

    Raises: WrongDirection, PaymentAlreadyMatched when it is for another dossier, PaymentClosed.
    """
    received = credited(payment)
    if payment.matched is not None:
        if payment.matched.dossier_id == dossier_id:
            return []
        raise PaymentAlreadyMatched("Ce paiement est rapproché d'un autre dossier.")
    if payment.closed or payment.to_return:
        raise PaymentClosed("Ce règlement n'attend plus de rapprochement.")
    return [
        PaymentMatched(
            payment_id=received.payment_id, dossier_id=dossier_id, matched_by=actor, matched_at=now, basis=basis
        )
    ]


def book(payment: Payment, outcome: Outcome, now: datetime) -> list[Event]:
    """The engagement has counted the payment."""
    assert payment.matched is not None
    if payment.booked:
        return []
    matched = payment.matched
    return [PaymentBooked(payment_id=matched.payment_id, dossier_id=matched.dossier_id, booked_at=now, outcome=outcome)]


def duplicate_of(engagement: Engagement, received: PaymentReceived, counted: Iterable[PaymentReceived]) -> str | None:
    """The counted payment that `received` looks like again, if any.

    The same amount under the same end-to-end id is one order told twice. So is the same amount, a few days apart, told
    by a person and by the bank. Otherwise the same amount from the same payer is one only when the premium is whole
    already: two equal halves are two payments.
    """
    for other in counted:
        if other.payment_id == received.payment_id or other.amount_cents != received.amount_cents:
            continue
        if received.end_to_end_id and other.end_to_end_id == received.end_to_end_id:
            return other.payment_id
        by_hand = bool(other.bank_reference) != bool(received.bank_reference)
        if by_hand and abs(other.received_on - received.received_on) <= ENTRY_DELAY:
            return other.payment_id
        payer = normalised(received.payer)
        if engagement.paid and payer and normalised(other.payer) == payer:
            return other.payment_id
    return None


def hold(payment: Payment, dossier_id: str, duplicate: str, actor: str, now: datetime) -> list[Event]:
    """Keep a payment apart as `duplicate` again. Raises: WrongDirection, PaymentCounted, PaymentClosed."""
    received = credited(payment)
    if payment.held is not None and payment.held.duplicate_of == duplicate:
        return []
    if payment.matched is not None:
        raise PaymentCounted("Ce règlement est déjà compté : décidez plutôt sa restitution.")
    if payment.closed or payment.to_return:
        raise PaymentClosed("Ce règlement est déjà traité.")
    return [
        PaymentHeld(
            payment_id=received.payment_id, dossier_id=dossier_id, duplicate_of=duplicate, held_by=actor, held_at=now
        )
    ]


def dismiss(payment: Payment, reason: str, actor: str, now: datetime) -> list[Event]:
    """Nothing more is to do about it; a counted payment stays counted. Raises: PaymentClosed, ReasonRequired."""
    assert payment.received is not None
    if payment.dismissed is not None:
        return []
    if payment.queue is None or payment.to_return:
        raise PaymentClosed("Ce règlement n'attend pas de décision de cette sorte.")
    if not reason.strip():
        raise ReasonRequired("Indiquez pourquoi rien n'est à faire.", pointer="/reason")
    return [
        PaymentDismissed(payment_id=payment.received.payment_id, reason=reason, dismissed_by=actor, dismissed_at=now)
    ]


def credited(payment: Payment) -> PaymentReceived:
    """Raises: WrongDirection."""
    assert payment.received is not None
    if payment.received.direction is not Direction.CREDIT:
        raise WrongDirection("Un débit n'est pas un règlement : imputez-le sur l'encaissement qu'il annule.")
    return payment.received
