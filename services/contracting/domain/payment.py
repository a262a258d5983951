"""Premium payments: each is kept, matched to one dossier and counted there once, to the cent."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import PaymentBooked, PaymentMatched, PaymentReceived
from services.contracting.domain.refusals import (
    DateInFuture,
    PaymentAlreadyMatched,
    PaymentConflict,
    PremiumNotCalled,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded
from shared.events import Event
from shared.journal import StreamKind
from shared.money import check_cents


class PaymentStatus(StrEnum):
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment on its way to its dossier; none that was received is ever lost."""

    received: PaymentReceived | None = None
    matched: PaymentMatched | None = None
    booked: bool = False

    @property
    def status(self) -> PaymentStatus:
        if self.booked:
            return PaymentStatus.BOOKED
        return PaymentStatus.MATCHED if self.matched else PaymentStatus.UNMATCHED

    def fold(self, event: Event) -> "Payment":
        match event:
            case PaymentReceived():
                return replace(self, received=event)
            case PaymentMatched():
                return replace(self, matched=event)
            case PaymentBooked():
                return replace(self, booked=True)
            case _:
                return self


KIND = StreamKind("payment", Payment())


def receive(payment: Payment, received: PaymentReceived) -> list[Event]:
    """Keep a payment under its id; the same again is answered as done.

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


def match(payment: Payment, dossier_id: str, actor: str, now: datetime) -> list[Event]:
    """Settle which dossier a payment is for; it is settled once.

    Raises: PaymentAlreadyMatched when it is for another dossier.
    """
    assert payment.received is not None
    if payment.matched is not None:
        if payment.matched.dossier_id == dossier_id:
            return []
        raise PaymentAlreadyMatched("Ce paiement est rapproché d'un autre dossier.")
    return [
        PaymentMatched(payment_id=payment.received.payment_id, dossier_id=dossier_id, matched_by=actor, matched_at=now)
    ]


def book(payment: Payment, now: datetime) -> list[Event]:
    """The engagement has counted the payment."""
    assert payment.matched is not None
    if payment.booked:
        return []
    matched = payment.matched
    return [PaymentBooked(payment_id=matched.payment_id, dossier_id=matched.dossier_id, booked_at=now)]


def pay(engagement: Engagement, received: PaymentReceived, now: datetime) -> list[Event]:
    """Count a payment; the premium is paid when the sum reaches it, neither before nor twice (DOMAIN rule 15).

    A payment that comes after an end is counted too, and shows up as money to return.
    Raises: PremiumNotCalled.
    """
    called = engagement.convention
    if called is None:
        raise PremiumNotCalled("La prime de ce dossier n'a pas encore été appelée.")
    if any(payment.payment_id == received.payment_id for payment in engagement.payments):
        return []
    total = engagement.paid_cents + received.amount_cents
    recorded = PremiumPaymentRecorded(
        dossier_id=called.dossier_id,
        payment_id=received.payment_id,
        amount_cents=received.amount_cents,
        received_on=received.received_on,
        outstanding_cents=max(0, called.premium_cents - total),
        overpaid_cents=max(0, total - called.premium_cents),
    )
    assert recorded.outstanding_cents == 0 or recorded.overpaid_cents == 0
    if engagement.paid or engagement.end or total < called.premium_cents:
        return [recorded]
    return [
        recorded,
        PremiumPaid(dossier_id=called.dossier_id, premium_cents=called.premium_cents, paid_at=now),
    ]
