"""What payments, promised refunds and returns make of a dossier's premium, to the cent."""

from datetime import datetime

from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Outcome, PaymentReceived, RefundPromised, RefundWithdrawn
from services.contracting.domain.payment_facts import PaymentReturned
from services.contracting.domain.refusals import (
    ActeNeedsPremium,
    NothingToReturn,
    PaymentChanged,
    PaymentClosed,
    PremiumNotCalled,
    ReturnNotDecided,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded, PremiumPaymentReversed
from shared.events import Event


def pay(engagement: Engagement, received: PaymentReceived, now: datetime) -> list[Event]:
    """Count a payment; the premium is paid when what is kept reaches it, neither before nor twice (DOMAIN rule 15).

    A payment that comes after an end is counted too, and shows up as money to return.
    Raises: PremiumNotCalled.
    """
    called = engagement.convention
    if called is None:
        raise PremiumNotCalled("La prime de ce dossier n'a pas encore été appelée.")
    if engagement.account.payment(received.payment_id):
        return []
    total = engagement.account.kept_cents + received.amount_cents
    recorded = PremiumPaymentRecorded(
        dossier_id=called.dossier_id,
        payment_id=received.payment_id,
        amount_cents=received.amount_cents,
        received_on=received.received_on,
        outstanding_cents=max(0, called.premium_cents - total),
        overpaid_cents=max(0, total - called.premium_cents),
    )
    assert recorded.outstanding_cents == 0 or recorded.overpaid_cents == 0
    return _completed(engagement, [recorded], now)


def outcome(engagement: Engagement, payment_id: str) -> Outcome:
    """What a counted payment made of the premium."""
    counted = engagement.account.payment(payment_id)
    assert counted is not None
    if engagement.end and not engagement.transmitted:
        return Outcome.LATE
    if counted.overpaid_cents:
        return Outcome.OVER
    return Outcome.PARTIAL if counted.outstanding_cents else Outcome.EXACT


def promise(
    engagement: Engagement, payment_id: str, return_id: str, reason: str, actor: str, now: datetime
) -> list[Event]:
    """Promise back what may go back of a counted payment, once a return: from now on it pays no premium.

    Raises: NothingToReturn; ActeNeedsPremium once an acte was established on the premium; PaymentChanged while another
    promise of the payment stands.
    """
    account = engagement.account
    if account.promised_once(payment_id, return_id):
        return []
    if account.promise(payment_id):
        raise PaymentChanged("Une autre restitution de ce règlement se termine : recommencez.")
    assert engagement.convention is not None
    return [
        RefundPromised(
            dossier_id=engagement.convention.dossier_id,
            payment_id=payment_id,
            return_id=return_id,
            amount_cents=_returnable_cents(engagement, payment_id),
            reason=reason,
            promised_by=actor,
            promised_at=now,
        )
    ]


def _returnable_cents(engagement: Engagement, payment_id: str) -> int:
    """What the dossier has too much and has not promised, at most what is left of the payment.

    An acte that an end stopped on its way holds no premium: the money of an ended dossier has to go back.
    """
    account = engagement.account
    counted = account.payment(payment_id)
    assert counted is not None
    left = counted.amount_cents - account.gone_cents(payment_id)
    amount = min(left, engagement.to_return_cents - account.promised_cents)
    if amount > 0:
        return amount
    if engagement.transmitted or (engagement.prepared and not engagement.end):
        raise ActeNeedsPremium("L'acte est établi : la prime ne peut plus descendre sous ce qui est dû.")
    raise NothingToReturn("Ce règlement fait partie de la prime due : il n'y a rien à restituer.")


def withdraw(engagement: Engagement, payment_id: str, return_id: str, actor: str, now: datetime) -> list[Event]:
    """The promised money stays, and pays the premium again; what is promised no more is answered as done.

    Raises: PaymentClosed once it left.
    """
    if engagement.account.reversed_once(payment_id, return_id):
        raise PaymentClosed("Cette restitution est déjà faite.")
    standing = engagement.account.promise(payment_id)
    if standing is None or standing.return_id != return_id:
        return []
    return _completed(engagement, [_withdrawn(standing, actor, now)], now)


def take_back(engagement: Engagement, returned: PaymentReturned, actor: str, now: datetime) -> list[Event]:
    """Deduct what went back of a counted payment, once a return; an incomplete premium is unpaid again.

    It executes the promise of its id; any other promise of the payment ends with it, as its decision does.
    What went back after the acte left is recorded like the rest: the guarantee holds, the money is owed.
    """
    account, called = engagement.account, engagement.convention
    payment_id, return_id = returned.payment_id, returned.return_id
    counted = account.payment(payment_id)
    assert counted is not None
    assert called is not None
    if account.reversed_once(payment_id, return_id):
        return []
    # A return that an interruption left unrecorded is deducted already: no more goes than was counted.
    gone = min(returned.amount_cents, counted.amount_cents - account.gone_cents(payment_id))
    assert gone >= 0, "more went back than came"
    if gone == 0:
        return []
    standing = account.promise(payment_id)
    left = account.kept_cents - gone + (standing.amount_cents if standing else 0)
    assert left >= 0
    reversed_ = PremiumPaymentReversed(
        dossier_id=called.dossier_id,
        payment_id=payment_id,
        amount_cents=gone,
        reversed_on=returned.returned_on,
        outstanding_cents=max(0, called.premium_cents - left),
        overpaid_cents=max(0, left - called.premium_cents),
        reversed_at=now,
        return_id=return_id,
    )
    if standing is None or standing.return_id == return_id:
        return [reversed_]
    return [_withdrawn(standing, actor, now), reversed_]


def execute(engagement: Engagement, returned: PaymentReturned, actor: str, now: datetime) -> list[Event]:
    """ALS sent what was decided. Raises: ReturnNotDecided when that was withdrawn meanwhile; as take_back."""
    if engagement.account.withdrawn_once(returned.payment_id, returned.return_id):
        raise ReturnNotDecided("La restitution de ce règlement a été abandonnée.")
    return take_back(engagement, returned, actor, now)


def _withdrawn(promised: RefundPromised, actor: str, now: datetime) -> RefundWithdrawn:
    return RefundWithdrawn(
        dossier_id=promised.dossier_id,
        payment_id=promised.payment_id,
        return_id=promised.return_id,
        withdrawn_by=actor,
        withdrawn_at=now,
    )


def _completed(engagement: Engagement, events: list[Event], now: datetime) -> list[Event]:
    """The events, and that the premium is paid when they make it whole."""
    for event in events:
        engagement = engagement.fold(event)
    called = engagement.convention
    assert called is not None
    if engagement.paid or engagement.end or engagement.outstanding_cents:
        return events
    return [*events, PremiumPaid(dossier_id=called.dossier_id, premium_cents=called.premium_cents, paid_at=now)]
