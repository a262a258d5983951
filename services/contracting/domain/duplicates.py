"""One order told twice: by the bank and by a person, or again by its payer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import PaymentReceived
from services.contracting.domain.names import normalised
from services.contracting.domain.payment import Payment, credited
from services.contracting.domain.payment_facts import PaymentHeld
from services.contracting.domain.refusals import PaymentClosed, PaymentCounted
from shared.events import Event

# A person may enter an order's day, the bank books it after a week-end and a holiday.
ENTRY_DELAY = timedelta(days=5)


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
