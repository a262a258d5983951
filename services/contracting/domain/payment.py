"""Bank entries: each is kept, and each payment goes to one dossier, back to its payer, or aside with a reason."""

from dataclasses import dataclass, replace
from datetime import datetime
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
from services.contracting.domain.payment_facts import (
    DebitApplied,
    DebitReleased,
    DebitSettled,
    PaymentConfirmed,
    PaymentDismissed,
    PaymentDueBack,
    PaymentHeld,
    PaymentReturnDecided,
    PaymentReturned,
    PaymentReturnWithdrawn,
    ReturnShown,
)
from services.contracting.domain.refusals import (
    DateInFuture,
    NothingToConfirm,
    PaymentAlreadyMatched,
    PaymentClosed,
    PaymentConflict,
    PaymentNotConfirmed,
    ReasonRequired,
    TwoPeopleNeeded,
    WrongDirection,
)
from shared.events import Event
from shared.journal import StreamKind
from shared.money import check_cents


class PaymentStatus(StrEnum):
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    BOOKED = "booked"
    RETURNED = "returned"
    DISMISSED = "dismissed"
    APPLIED = "applied"


class Queue(StrEnum):
    """Where the accountant finds what still needs a look; each bank entry is in one of them or done with."""

    TO_CONFIRM = "to_confirm"
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


@dataclass(frozen=True, slots=True)
class Payment:
    """One bank entry on its way; none that was received is ever lost."""

    received: PaymentReceived | None = None
    confirmed: PaymentConfirmed | None = None
    matched: PaymentMatched | None = None
    held: PaymentHeld | None = None
    booked: PaymentBooked | None = None
    to_return: PaymentReturnDecided | None = None
    withdrawn: tuple[PaymentReturnWithdrawn, ...] = ()
    returned: tuple[PaymentReturned, ...] = ()
    shown: tuple[ReturnShown, ...] = ()
    dismissed: PaymentDismissed | None = None
    due_back: PaymentDueBack | None = None
    applied: DebitApplied | None = None
    settled: DebitSettled | None = None

    @property
    def to_confirm(self) -> bool:
        """A person entered it and no second one found it yet: it counts for nothing, and nothing goes back of it."""
        return self.received is not None and self.received.entered_by != "" and self.confirmed is None

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
        if self.to_confirm:
            return Queue.TO_CONFIRM
        if self.to_return:
            return Queue.TO_RETURN
        if self.dismissed:
            return None
        if self.due_back:
            return Queue.TO_RETURN
        if self.returned:
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
            case DebitReleased():
                return replace(self, applied=None)
            case PaymentHeld():
                return replace(self, held=event, matched=None)
            case PaymentReturnWithdrawn():
                return replace(self, withdrawn=(*self.withdrawn, event), to_return=None)
            case PaymentReturned():
                return replace(self, returned=(*self.returned, event), to_return=None)
            case PaymentDueBack():
                return replace(self, due_back=event, dismissed=None)
            case ReturnShown():
                return replace(self, shown=(*self.shown, event))
            case _:
                return self


KEPT: dict[type[Event], str] = {
    PaymentReceived: "received",
    PaymentConfirmed: "confirmed",
    PaymentMatched: "matched",
    PaymentBooked: "booked",
    PaymentReturnDecided: "to_return",
    PaymentDismissed: "dismissed",
    DebitApplied: "applied",
    DebitSettled: "settled",
}
KIND = StreamKind("payment", Payment())


def receive(payment: Payment, received: PaymentReceived) -> list[Event]:
    """Keep a bank entry under its id; the same again, by whomever, is answered as done.

    Raises: AmountOutOfRange, DateInFuture; PaymentConflict for the same id with other content.
    """
    before = payment.received
    if before is not None:
        entry = {"recorded_at": before.recorded_at, "entered_by": before.entered_by}
        if before == received.model_copy(update=entry):
            return []
        raise PaymentConflict("Cet identifiant a déjà servi pour un paiement différent.", pointer="/payment_id")
    check_cents(received.amount_cents, minimum_cents=1, pointer="/amount_cents")
    if received.received_on > paris_date(received.recorded_at):
        raise DateInFuture("La date de réception est à venir.", pointer="/received_on")
    return [received]


def same_movement(one: PaymentReceived, other: PaymentReceived) -> bool:
    """Whether two entries of one id tell the same money, if not in the same words."""
    return (one.amount_cents, one.direction, one.received_on) == (
        other.amount_cents,
        other.direction,
        other.received_on,
    )


def confirm(payment: Payment, actor: str, now: datetime) -> list[Event]:
    """A second person found the payment that was entered by hand: from now on it goes the way of any other.

    Raises: NothingToConfirm for the bank's word, PaymentClosed; TwoPeopleNeeded when `actor` entered it.
    """
    received = payment.received
    assert received is not None
    if payment.confirmed is not None:
        return []
    if not payment.to_confirm:
        raise NothingToConfirm("Seul un règlement saisi à la main se confirme.")
    if payment.closed:
        raise PaymentClosed("Ce règlement est déjà traité.")
    if received.entered_by == actor:
        raise TwoPeopleNeeded("La personne qui a saisi ce règlement ne peut pas le confirmer.")
    return [PaymentConfirmed(payment_id=received.payment_id, confirmed_by=actor, confirmed_at=now)]


def match(
    payment: Payment, dossier_id: str, basis: Basis, actor: str, now: datetime, seen: PaymentHeld | None = None
) -> list[Event]:
    """Settle which dossier a payment is for; it is settled once. One that is held stays so unless it was `seen` held.

    Raises: as credited; PaymentAlreadyMatched when it is for another dossier, PaymentClosed.
    """
    received = credited(payment)
    if payment.matched is not None:
        if payment.matched.dossier_id == dossier_id:
            return []
        raise PaymentAlreadyMatched("Ce paiement est rapproché d'un autre dossier.")
    if payment.closed or payment.to_return:
        raise PaymentClosed("Ce règlement n'attend plus de rapprochement.")
    if payment.held != seen:
        return []
    return [
        PaymentMatched(
            payment_id=received.payment_id, dossier_id=dossier_id, matched_by=actor, matched_at=now, basis=basis
        )
    ]


def book(payment: Payment, engagement: Engagement, outcome: Outcome, now: datetime) -> list[Event]:
    """The engagement has counted the payment; money that came after an end is due back at once."""
    assert payment.matched is not None
    if payment.booked:
        return []
    matched = payment.matched
    booked = PaymentBooked(payment_id=matched.payment_id, dossier_id=matched.dossier_id, booked_at=now, outcome=outcome)
    return [booked, *note_end(payment.fold(booked), engagement, now)]


def note_end(payment: Payment, engagement: Engagement, now: datetime) -> list[Event]:
    """What an ended dossier counted is due back, once, whichever came first; an acte that left keeps its premium."""
    booked = payment.booked
    if booked is None or engagement.end is None or engagement.transmitted or payment.due_back or not payment.left_cents:
        return []
    return [
        PaymentDueBack(
            payment_id=booked.payment_id, dossier_id=booked.dossier_id, ended=engagement.end.value, noted_at=now
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
    """The entry of money that came. Raises: WrongDirection, PaymentNotConfirmed."""
    assert payment.received is not None
    if payment.received.direction is not Direction.CREDIT:
        raise WrongDirection("Un débit n'est pas un règlement : imputez-le sur l'encaissement qu'il annule.")
    if payment.to_confirm:
        raise PaymentNotConfirmed("Une seconde personne confirme d'abord ce règlement saisi à la main.")
    return payment.received
