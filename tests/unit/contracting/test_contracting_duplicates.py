"""An order that is told twice is held for a person, and counted once."""

from datetime import timedelta

import pytest

from services.contracting.domain import duplicates, payment
from services.contracting.domain.facts import Basis
from services.contracting.domain.payment import PaymentStatus, Queue
from services.contracting.domain.refusals import PaymentClosed, PaymentCounted
from tests.unit.contracting.cases import sent
from tests.unit.contracting.payments import booked, decided, dismissed, fold, held, kept, matched
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, NOW, PREMIUM_CENTS, TODAY, received


def order(payment_id: str, amount_cents: int = PREMIUM_CENTS, payer: str = "Bailleur Éssai", end_to_end: str = ""):
    more = {"payer": payer, "end_to_end_id": end_to_end, "bank_reference": f"B-{payment_id}"}
    return received(amount_cents, payment_id).model_copy(update=more)


@pytest.mark.parametrize(
    ("again", "first", "paid", "found"),
    [
        (order("p2"), order("p1", payer="ESSAI  bailleur"), True, "p1"),
        (order("p2"), order("p1"), False, None),
        (order("p2", payer=""), order("p1", payer=""), True, None),
        (order("p2", payer="Autre"), order("p1"), True, None),
        (order("p2", 5), order("p1"), True, None),
        (order("p2", end_to_end="E"), order("p1", end_to_end="E"), False, "p1"),
        (order("p2", end_to_end="E"), order("p1", end_to_end="F", payer="Autre"), True, None),
        (order("p1", end_to_end="E"), order("p1", end_to_end="E"), True, None),
    ],
)
def test_the_same_order_told_twice_is_seen_and_two_halves_are_not(again, first, paid, found):
    case = sent()
    if paid:
        case.pay()
    assert duplicates.duplicate_of(case.engagement, again, [first]) == found


@pytest.mark.parametrize(
    ("days", "found"), [(-6, None), (-5, "p1"), (0, "p1"), (5, "p1"), (6, None)], ids=lambda days: str(days)
)
@pytest.mark.parametrize("tellers", [("", "B1"), ("B1", ""), ("", "")], ids=["hand-bank", "bank-hand", "hand-hand"])
def test_what_a_person_told_within_five_days_is_told_again(days, found, tellers):
    first, again = (received(payment_id=f"p{number}") for number in (1, 2))
    first = first.model_copy(update={"bank_reference": tellers[0]})
    again = again.model_copy(update={"bank_reference": tellers[1], "received_on": TODAY + timedelta(days=days)})
    assert duplicates.duplicate_of(sent().engagement, again, [first]) == found


def test_every_counted_payment_is_looked_at():
    case = sent()
    case.pay()
    counted = [order("p0", 5), order("p1")]
    assert duplicates.duplicate_of(case.engagement, order("p2"), counted) == "p1"


def test_a_held_payment_waits_for_a_person_who_may_count_it_all_the_same():
    state = held()
    assert (state.queue, state.dossier_id) == (Queue.DUPLICATE, DOSSIER)
    assert duplicates.hold(state, DOSSIER, "p0", ACCOUNTANT, NOW) == []
    assert matched(state) == [], "who has not seen it held does not count it"
    sure = fold(state, payment.match(state, DOSSIER, Basis.PERSON, ACCOUNTANT, NOW, state.held))
    assert (sure.status, sure.held) == (PaymentStatus.MATCHED, state.held)
    with pytest.raises(PaymentCounted):
        held(booked())
    for state in (decided(), dismissed()):
        with pytest.raises(PaymentClosed):
            held(state)


def test_the_dossier_decides_once_whether_a_payment_is_counted_or_held():
    case, first, again = sent(), order("p1", end_to_end="E"), order("p2", end_to_end="E")
    known = {"p1": first}
    case.do(duplicates.count, first, {}, NOW)
    with pytest.raises(duplicates.CountedMeanwhile):
        duplicates.count(case.engagement, again, {}, NOW)
    case.do(duplicates.count, again, known, NOW)
    hold_ = case.engagement.account.held_as("p2")
    assert hold_ is not None
    assert (hold_.duplicate_of, case.engagement.paid_cents) == ("p1", PREMIUM_CENTS)
    assert duplicates.count(case.engagement, again, known, NOW) == []
    assert duplicates.count(case.engagement, first, {}, NOW) == []
    settled = fold(kept(), matched(kept()))
    waiting = fold(settled, duplicates.hold_uncounted(settled, hold_, ACCOUNTANT))
    assert (waiting.queue, waiting.matched, waiting.dossier_id) == (Queue.DUPLICATE, None, DOSSIER)
    assert waiting.held is not None
    assert waiting.held.duplicate_of == "p1"
    for done in (waiting, booked()):
        assert duplicates.hold_uncounted(done, hold_, ACCOUNTANT) == []
    case.do(lambda engagement: duplicates.count(engagement, again, {}, NOW, sure=True))
    assert case.engagement.paid_cents == 2 * PREMIUM_CENTS
