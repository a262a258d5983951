"""Premium payments: kept whatever happens, counted once, to the cent."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain import payment
from services.contracting.domain.payment import Payment, PaymentStatus
from services.contracting.domain.refusals import (
    DateInFuture,
    PaymentAlreadyMatched,
    PaymentConflict,
    PremiumNotCalled,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded
from shared.contracts.intake import DossierWithdrawn
from shared.money import MAX_CENTS, AmountOutOfRange
from tests.unit.contracting.samples import (
    DOSSIER,
    NOW,
    PREMIUM_CENTS,
    TODAY,
    engaged,
    opinion,
    received,
    sent,
)


def kept(*more) -> Payment:
    folded = Payment().fold(received())
    for event in more:
        folded = folded.fold(event)
    return folded


@pytest.mark.parametrize(
    ("amounts", "outstanding", "overpaid", "paid"),
    [
        ([PREMIUM_CENTS], 0, 0, True),
        ([PREMIUM_CENTS - 1], 1, 0, False),
        ([PREMIUM_CENTS - 1, 1], 0, 0, True),
        ([PREMIUM_CENTS + 1], 0, 1, True),
        ([1, 2], PREMIUM_CENTS - 3, 0, False),
        ([PREMIUM_CENTS, 500], 0, 500, True),
    ],
)
def test_the_premium_is_paid_when_the_sum_reaches_it_to_the_cent(amounts, outstanding, overpaid, paid):
    case = sent()
    for position, amount in enumerate(amounts):
        case.pay(amount, f"p{position}")
    last = case.engagement.payments[-1]
    assert (last.outstanding_cents, last.overpaid_cents) == (outstanding, overpaid)
    assert case.names().count("PremiumPaid") == paid
    assert (case.engagement.outstanding_cents, case.engagement.to_return_cents) == (outstanding, overpaid)


@given(st.lists(st.integers(1, PREMIUM_CENTS), min_size=1, max_size=8))
def test_whatever_comes_is_counted_whole_and_paid_is_said_once(amounts):
    case = sent()
    for position, amount in enumerate(amounts):
        case.pay(amount, f"p{position}")
    state = case.engagement
    assert state.paid_cents == sum(amounts)
    assert state.paid_cents - state.to_return_cents + state.outstanding_cents == PREMIUM_CENTS
    assert case.names().count("PremiumPaid") == (sum(amounts) >= PREMIUM_CENTS)


def test_a_payment_is_counted_once():
    case = sent()
    recorded, paid = case.pay()
    assert isinstance(recorded, PremiumPaymentRecorded)
    assert isinstance(paid, PremiumPaid)
    assert case.pay() == []


def test_nothing_is_paid_before_it_is_called():
    with pytest.raises(PremiumNotCalled):
        engaged().pay()
    assert (engaged().engagement.outstanding_cents, engaged().engagement.to_return_cents) == (0, 0)


def test_money_for_an_ended_dossier_is_counted_and_due_back():
    case = sent().hear(DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW))
    case.pay()
    assert "PremiumPaid" not in case.names()
    assert case.engagement.to_return_cents == PREMIUM_CENTS


def test_the_same_payment_again_is_answered_as_done():
    again = received().model_copy(update={"recorded_at": NOW + timedelta(hours=1)})
    assert payment.receive(Payment(), received()) == [received()]
    assert payment.receive(kept(), again) == []


@pytest.mark.parametrize(
    "other",
    [received(1), received(reference="RF2"), received(on=TODAY - timedelta(days=1))],
    ids=["amount", "reference", "day"],
)
def test_the_same_id_with_other_content_is_a_conflict(other):
    with pytest.raises(PaymentConflict):
        payment.receive(kept(), other)


@pytest.mark.parametrize("amount", [0, -1, MAX_CENTS + 1])
def test_an_impossible_amount_is_refused(amount):
    with pytest.raises(AmountOutOfRange):
        payment.receive(Payment(), received(amount))


def test_the_largest_amount_is_the_envelope():
    assert payment.receive(Payment(), received(MAX_CENTS))


def test_a_payment_is_not_received_tomorrow():
    with pytest.raises(DateInFuture):
        payment.receive(Payment(), received(on=TODAY + timedelta(days=1)))


def test_a_payment_goes_to_one_dossier():
    assert kept().status is PaymentStatus.UNMATCHED
    (matched,) = payment.match(kept(), DOSSIER, "user:accountant", NOW)
    settled = kept(matched)
    assert settled.status is PaymentStatus.MATCHED
    assert payment.match(settled, DOSSIER, "user:accountant", NOW) == []
    with pytest.raises(PaymentAlreadyMatched):
        payment.match(settled, "d2", "user:accountant", NOW)


def test_a_payment_is_booked_once():
    settled = kept(*payment.match(kept(), DOSSIER, "user:accountant", NOW))
    (booked,) = payment.book(settled, NOW)
    done = settled.fold(booked)
    assert done.status is PaymentStatus.BOOKED
    assert payment.book(done, NOW) == []
    assert done.fold(opinion()) == done
