"""What payments and their return make of a dossier's premium, to the cent."""

from datetime import date, datetime

from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Outcome, PaymentReceived
from services.contracting.domain.refusals import NothingToReturn, PremiumNotCalled
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded, PremiumPaymentReversed
from shared.events import Event


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


def outcome(engagement: Engagement, payment_id: str) -> Outcome:
    """What a counted payment made of the premium."""
    (counted,) = [payment for payment in engagement.payments if payment.payment_id == payment_id]
    if engagement.end and not engagement.transmitted:
        return Outcome.LATE
    if counted.overpaid_cents:
        return Outcome.OVER
    return Outcome.PARTIAL if counted.outstanding_cents else Outcome.EXACT


def returnable_cents(engagement: Engagement, received: PaymentReceived, decided_cents: int) -> int:
    """How much of a counted payment may go back: what the dossier has too much, at most what is left of the payment.

    `decided_cents` are on their way back already, of the dossier's other payments. Raises: NothingToReturn.
    """
    left = received.amount_cents - gone_cents(engagement, received.payment_id)
    amount = min(left, engagement.to_return_cents - decided_cents)
    if amount <= 0:
        raise NothingToReturn("Ce règlement fait partie de la prime due : il n'y a rien à restituer.")
    return amount


def gone_cents(engagement: Engagement, payment_id: str) -> int:
    """What was deducted of a counted payment."""
    return sum(reversal.amount_cents for reversal in engagement.reversals if reversal.payment_id == payment_id)


def take_back(
    engagement: Engagement, payment_id: str, amount_cents: int, on: date, now: datetime, return_id: str = ""
) -> list[Event]:
    """Deduct what went back of a counted payment, once a return; an incomplete premium is unpaid again.

    What went back after the acte left is recorded like the rest: the guarantee holds, the money is owed.
    """
    (counted,) = [payment for payment in engagement.payments if payment.payment_id == payment_id]
    assert engagement.convention is not None
    if any((one.payment_id, one.return_id) == (payment_id, return_id) for one in engagement.reversals):
        return []
    # A return that an interruption left unrecorded is deducted already: no more goes than was counted.
    gone = min(amount_cents, counted.amount_cents - gone_cents(engagement, payment_id))
    assert gone >= 0, "more went back than came"
    if gone == 0:
        return []
    left, premium = engagement.paid_cents - gone, engagement.convention.premium_cents
    assert left >= 0
    return [
        PremiumPaymentReversed(
            dossier_id=engagement.convention.dossier_id,
            payment_id=payment_id,
            amount_cents=gone,
            reversed_on=on,
            outstanding_cents=max(0, premium - left),
            overpaid_cents=max(0, left - premium),
            reversed_at=now,
            return_id=return_id,
        )
    ]
