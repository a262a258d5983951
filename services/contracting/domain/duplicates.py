"""One order told twice: by the bank and by a person, or again by its payer."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from services.contracting.domain import premium
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import PaymentReceived, PremiumPaymentHeld
from services.contracting.domain.names import normalised
from services.contracting.domain.payment import Payment, credited
from services.contracting.domain.payment_facts import PaymentHeld
from services.contracting.domain.refusals import PaymentClosed, PaymentCounted
from shared.events import Event

# A person may enter an order's day, the bank books it after a week-end and a holiday.
ENTRY_DELAY = timedelta(days=5)


class CountedMeanwhile(Exception):
    """The dossier counts a payment that was not looked at: look again."""


def count(
    engagement: Engagement,
    received: PaymentReceived,
    known: Mapping[str, PaymentReceived],
    now: datetime,
    *,
    sure: bool = False,
) -> list[Event]:
    """Count a payment in its dossier, or hold it there as one of those that the dossier counts, either once.

    The dossier's stream decides alone: of two that tell of one order, whichever comes second finds the first. `known`
    are the payments it counts, those that went back included: they may be told again too. A person who saw what the
    payment looks like is `sure` of it.
    Raises: CountedMeanwhile; as premium.pay.
    """
    account = engagement.account
    if sure or account.payment(received.payment_id):
        return premium.pay(engagement, received, now)
    if account.held_as(received.payment_id):
        return []
    if any(line.payment_id not in known for line in account.payments):
        raise CountedMeanwhile
    again = duplicate_of(engagement, received, (known[line.payment_id] for line in account.payments))
    if again is None:
        return premium.pay(engagement, received, now)
    assert engagement.convention is not None
    return [
        PremiumPaymentHeld(
            dossier_id=engagement.convention.dossier_id,
            payment_id=received.payment_id,
            duplicate_of=again,
            held_at=now,
        )
    ]


def duplicate_of(engagement: Engagement, received: PaymentReceived, counted: Iterable[PaymentReceived]) -> str | None:
    """The counted payment that `received` looks like again, if any.

    The same amount under the same end-to-end id is one order told twice. So is the same amount, a few days apart,
    unless the bank told both. Otherwise the same amount from the same payer is one only when the premium is whole
    already: two equal halves are two payments.
    """
    for other in counted:
        if other.payment_id == received.payment_id or other.amount_cents != received.amount_cents:
            continue
        if received.end_to_end_id and other.end_to_end_id == received.end_to_end_id:
            return other.payment_id
        by_hand = not (other.bank_reference and received.bank_reference)
        if by_hand and abs(other.received_on - received.received_on) <= ENTRY_DELAY:
            return other.payment_id
        payer = normalised(received.payer)
        if engagement.paid and payer and normalised(other.payer) == payer:
            return other.payment_id
    return None


def hold(payment: Payment, dossier_id: str, duplicate: str, actor: str, now: datetime) -> list[Event]:
    """Keep a payment apart as `duplicate` again. Raises: as credited; PaymentCounted, PaymentClosed."""
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


def hold_uncounted(payment: Payment, held: PremiumPaymentHeld, actor: str) -> list[Event]:
    """Its dossier held a matched payment instead of counting it: from now on it waits for a person, once."""
    if payment.held is not None or payment.booked is not None:
        return []
    return [
        PaymentHeld(
            payment_id=held.payment_id,
            dossier_id=held.dossier_id,
            duplicate_of=held.duplicate_of,
            held_by=actor,
            held_at=held.held_at,
        )
    ]
