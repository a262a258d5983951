"""Premium payments: kept whatever happens, counted once, to the cent."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain import payment, premium
from services.contracting.domain.facts import Outcome, PaymentBooked
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.domain.refusals import (
    DateInFuture,
    PaymentAlreadyMatched,
    PaymentClosed,
    PaymentConflict,
    PremiumNotCalled,
    ReasonRequired,
    WrongDirection,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded
from shared.money import MAX_CENTS, AmountOutOfRange
from tests.unit.contracting.cases import engaged, sent
from tests.unit.contracting.payments import WITHDRAWN, booked, debit, decided, dismissed, fold, kept, matched
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, NOW, PREMIUM_CENTS, TODAY, opinion, received


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
    last = case.engagement.account.payments[-1]
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
    case = sent().hear(WITHDRAWN)
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


def test_an_amount_is_a_cent_at_least_and_the_envelope_at_most():
    for cents in (1, MAX_CENTS):
        assert payment.receive(Payment(), received(cents))


def test_an_entry_nobody_has_received_holds_nothing():
    assert (Payment().left_cents, Payment().closed, Payment().queue) == (0, True, None)


def test_a_payment_cannot_be_changed_once_folded():
    with pytest.raises(FrozenInstanceError):
        kept().matched = None  # pyright: ignore[reportAttributeAccessIssue]


def test_a_payment_is_not_received_tomorrow():
    with pytest.raises(DateInFuture):
        payment.receive(Payment(), received(on=TODAY + timedelta(days=1)))


def test_a_payment_goes_to_one_dossier():
    assert (kept().status, kept().queue) == (PaymentStatus.UNMATCHED, Queue.UNKNOWN)
    settled = fold(kept(), matched(kept()))
    assert (settled.status, settled.queue, settled.dossier_id) == (PaymentStatus.MATCHED, None, DOSSIER)
    assert matched(settled) == []
    with pytest.raises(PaymentAlreadyMatched):
        matched(settled, "d2")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_payment_is_booked_once_and_waits_where_its_outcome_says(outcome):
    done = booked(outcome)
    assert done.status is PaymentStatus.BOOKED
    assert done.queue is payment.QUEUE_OF[outcome]
    assert payment.book(done, sent().engagement, outcome, NOW) == []
    assert done.fold(opinion()) == done


def test_what_was_booked_before_outcomes_were_kept_is_in_no_queue():
    assert fold(kept(), [PaymentBooked(payment_id="p1", dossier_id=DOSSIER, booked_at=NOW)]).queue is None


def test_what_is_settled_otherwise_is_not_matched():
    for state in (decided(), dismissed()):
        with pytest.raises(PaymentClosed):
            matched(state)
    with pytest.raises(WrongDirection):
        matched(debit())


@pytest.mark.parametrize(
    ("amounts", "ended", "outcome"),
    [
        ([PREMIUM_CENTS], False, Outcome.EXACT),
        ([1], False, Outcome.PARTIAL),
        ([1, PREMIUM_CENTS - 1], False, Outcome.EXACT),
        ([PREMIUM_CENTS, 1], False, Outcome.OVER),
        ([PREMIUM_CENTS], True, Outcome.LATE),
    ],
)
def test_the_outcome_is_what_the_payment_made_of_the_premium(amounts, ended, outcome):
    case = sent().hear(*([WITHDRAWN] if ended else []))
    for position, amount in enumerate(amounts):
        case.pay(amount, f"p{position}")
    assert premium.outcome(case.engagement, f"p{len(amounts) - 1}") is outcome


def test_what_needs_nothing_is_dismissed_with_a_reason_once():
    done = dismissed()
    assert (done.status, done.queue) == (PaymentStatus.DISMISSED, None)
    assert payment.dismiss(done, "encore", ACCOUNTANT, NOW) == []
    assert fold(debit(), payment.dismiss(debit(), "Frais bancaires", ACCOUNTANT, NOW)).closed
    with pytest.raises(ReasonRequired):
        payment.dismiss(kept(), "", ACCOUNTANT, NOW)
    filed = fold(booked(Outcome.OVER), payment.dismiss(booked(Outcome.OVER), "Frais offerts", ACCOUNTANT, NOW))
    assert (filed.queue, filed.closed) == (None, False)
    with pytest.raises(PaymentClosed):
        payment.dismiss(decided(), "Rien", ACCOUNTANT, NOW)
    with pytest.raises(PaymentClosed):
        payment.dismiss(fold(kept(), matched(kept())), "Rien", ACCOUNTANT, NOW)
