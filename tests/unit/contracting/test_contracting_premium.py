"""What may go back of a premium, what is promised of it and what is owed after, to the cent."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain import acte, premium
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import RefundPromised, RefundWithdrawn
from services.contracting.domain.gate import acte_gate
from services.contracting.domain.refusals import (
    ActeGateClosed,
    ActeNeedsPremium,
    NothingToReturn,
    PaymentChanged,
    PaymentClosed,
    ReturnNotDecided,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentReversed
from shared.contracts.intake import DossierWithdrawn
from shared.events import Event
from tests.unit.contracting.cases import Case, complete, sent
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, NOW, OTHER, PREMIUM_CENTS, proof, returned

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


def paid(*amounts_cents: int) -> Case:
    """Payments p1, p2 … of a called premium."""
    case = sent()
    for number, cents in enumerate(amounts_cents, start=1):
        case.pay(cents, f"p{number}")
    return case


def gone(case: Case, payment_id: str, cents: int, return_id: str) -> PremiumPaymentReversed:
    (reversed_,) = case.take_back(payment_id, cents, return_id)
    assert isinstance(reversed_, PremiumPaymentReversed)
    return reversed_


def amounts(events: list[Event]) -> list[int]:
    return [one.amount_cents for one in events if isinstance(one, RefundPromised)]


def figures(engagement: Engagement) -> tuple[int, int, int, int]:
    """What is there, what is promised of it, what is owed and what is to return."""
    promised = engagement.account.promised_cents
    return engagement.paid_cents, promised, engagement.outstanding_cents, engagement.to_return_cents


def test_no_more_of_a_payment_goes_back_than_is_left_of_it():
    case = paid(PREMIUM_CENTS, 1_000)
    case.pay(500, "p3")
    gone(case, "p2", 400, "r1")
    assert case.engagement.to_return_cents == 1_100
    assert amounts(case.promise("p2")) == [600]


def test_a_cent_too_much_can_go_back():
    case = paid(PREMIUM_CENTS + 1)
    assert amounts(case.promise("p1")) == [1]


def test_what_goes_back_of_too_much_leaves_nothing_owed():
    case = paid(PREMIUM_CENTS, 1_000)
    left = gone(case, "p2", 999, "r1")
    assert (left.outstanding_cents, left.overpaid_cents) == (0, 1)
    exact = gone(case, "p2", 1, "r2")
    assert (exact.outstanding_cents, exact.overpaid_cents) == (0, 0)
    short = gone(case, "p1", 1, "r3")
    assert (short.outstanding_cents, short.overpaid_cents) == (1, 0)


# -- promised refunds --------------------------------------------------------------------------------------------------


def test_what_is_promised_back_pays_no_premium_before_it_leaves():
    case = paid(PREMIUM_CENTS, 500)
    assert amounts(case.promise("p2")) == [500]
    assert figures(case.engagement) == (PREMIUM_CENTS + 500, 500, 0, 500)
    assert case.engagement.paid is not None
    # Its bank takes five hundred cents of the first payment while the five hundred of the second are on their way.
    short = gone(case, "p1", 500, "debit-1")
    assert (short.outstanding_cents, short.overpaid_cents) == (500, 0)
    assert figures(case.engagement) == (PREMIUM_CENTS, 500, 500, 500)
    assert case.engagement.paid is None


def test_the_gate_is_shut_while_the_rest_of_the_premium_is_promised_back():
    case = complete()
    case.pay(500, "p2")
    case.promise("p2")
    assert acte_gate(case.engagement, NOW) == []
    case.take_back("p1", 500, "debit-1")
    assert [one.code for one in acte_gate(case.engagement, NOW)] == ["premium-paid"]
    with pytest.raises(ActeGateClosed):
        case.prepare()
    reopened = case.withdraw("p2")
    assert [type(one) for one in reopened] == [RefundWithdrawn, PremiumPaid]
    assert acte_gate(case.engagement, NOW) == []


def test_a_settled_acte_is_held_while_what_it_stands_on_is_promised_back():
    case = complete()
    case.pay(500, "p2")
    case.promise("p2")
    case.prepare()
    assert case.engagement.transmission_pending
    case.take_back("p1", 500, "debit-1")
    assert not case.engagement.transmission_pending
    case.withdraw("p2")
    assert case.engagement.transmission_pending


def test_the_reversal_of_its_id_executes_a_promise_and_moves_the_premium_no_more():
    case = paid(PREMIUM_CENTS, 500)
    case.promise("p2")
    executed = gone(case, "p2", 500, "return-1")
    assert (executed.outstanding_cents, executed.overpaid_cents) == (0, 0)
    assert figures(case.engagement) == (PREMIUM_CENTS, 0, 0, 0)
    assert case.engagement.account.standing == ()
    with pytest.raises(PaymentClosed):
        case.withdraw("p2")


def test_another_debit_of_the_payment_ends_its_promise():
    case = paid(PREMIUM_CENTS, 500)
    case.promise("p2")
    events = case.take_back("p2", 500, "debit-1")
    assert [type(one) for one in events] == [RefundWithdrawn, PremiumPaymentReversed]
    assert figures(case.engagement) == (PREMIUM_CENTS, 0, 0, 0)
    assert case.withdraw("p2") == []


def test_each_promise_is_made_and_withdrawn_once():
    case = paid(PREMIUM_CENTS, 500)
    case.promise("p2")
    assert case.promise("p2") == []
    with pytest.raises(PaymentChanged):
        case.promise("p2", "return-2")
    assert case.withdraw("p2", "return-2") == []
    assert len(case.withdraw("p2")) == 1
    assert case.withdraw("p2") == []
    assert case.promise("p2") == []
    assert amounts(case.promise("p2", "return-2")) == [500]


def test_two_payments_promise_no_more_than_the_excess_together():
    case = paid(PREMIUM_CENTS, 300, 400)
    assert amounts(case.promise("p1")) == [700]
    with pytest.raises(NothingToReturn):
        case.promise("p3")


def test_the_rest_of_a_premium_pays_what_a_promise_left_open():
    case = paid(PREMIUM_CENTS, 500)
    case.promise("p2")
    case.take_back("p1", 500, "debit-1")
    recorded, whole = case.pay(500, "p3")
    assert isinstance(whole, PremiumPaid)
    assert premium.outcome(case.engagement, "p3").value == "exact"
    assert case.engagement.paid is whole
    assert recorded in case.engagement.account.payments


def test_what_was_withdrawn_is_not_executed_but_its_bank_may_still_take_it():
    case = paid(PREMIUM_CENTS, 500)
    case.promise("p2")
    with_promise = case.engagement
    assert premium.execute(with_promise, returned("p2", 500, "return-1"), ACCOUNTANT, NOW)
    case.withdraw("p2")
    with pytest.raises(ReturnNotDecided):
        premium.execute(case.engagement, returned("p2", 500, "return-1"), ACCOUNTANT, NOW)
    assert gone(case, "p2", 500, "return-1").outstanding_cents == 0


@pytest.mark.parametrize("sent_already", [False, True], ids=["established", "transmitted"])
def test_no_refund_takes_the_premium_an_acte_stands_on(sent_already):
    case = complete()
    case.pay(500, "p2")
    case.prepare()
    if sent_already:
        case.do(acte.record_transmission, proof(), NOW)
    assert amounts(case.promise("p2")) == [500]
    before = list(case.events)
    with pytest.raises(ActeNeedsPremium):
        case.promise("p1")
    assert case.events == before


def test_an_acte_that_an_end_stopped_holds_no_premium():
    case = complete()
    case.prepare()
    case.hear(WITHDRAWN)
    assert amounts(case.promise("p1")) == [PREMIUM_CENTS]
    # What crossed the end on its way holds it again.
    case.do(acte.record_transmission, proof(), NOW)
    assert case.engagement.outstanding_cents == PREMIUM_CENTS
    case.withdraw("p1")
    assert figures(case.engagement) == (PREMIUM_CENTS, 0, 0, 0)
    with pytest.raises(ActeNeedsPremium):
        case.promise("p1", "return-2")


def test_an_account_cannot_be_changed_once_folded():
    with pytest.raises(FrozenInstanceError):
        paid(1).engagement.account.payments = ()  # pyright: ignore[reportAttributeAccessIssue]


def test_the_acte_is_settled_on_a_whole_premium_only():
    case = complete()
    assert case.engagement.outstanding_cents == 0
    case.prepare(OTHER)
    assert case.engagement.prepared


MOVES = ("pay", "promise", "withdraw", "execute", "debit")


@given(st.lists(st.tuples(st.sampled_from(MOVES), st.integers(1, 3), st.integers(1, PREMIUM_CENTS)), max_size=25))
def test_whatever_moves_the_premium_is_whole_exactly_when_what_is_kept_reaches_it(moves):
    case, number = paid(PREMIUM_CENTS // 2, PREMIUM_CENTS, 500), 0
    for move, which, cents in moves:
        name, number = f"p{which}", number + 1
        promised = case.engagement.account.promise(name)
        try:
            if move == "pay":
                case.pay(cents, f"q{number}")
            elif move == "promise":
                case.promise(name, f"return-{number}")
            elif move == "withdraw" and promised:
                case.withdraw(name, promised.return_id)
            elif move == "execute" and promised:
                case.take_back(name, promised.amount_cents, promised.return_id)
            elif move == "debit":
                case.take_back(name, PREMIUM_CENTS, f"debit-{number}")
        except (NothingToReturn, PaymentChanged):
            continue
        state = case.engagement
        kept = state.paid_cents - state.account.promised_cents
        assert kept >= 0
        assert (state.paid is not None) == (kept >= PREMIUM_CENTS)
        assert (acte_gate_lacks_premium(state)) == (kept < PREMIUM_CENTS)
        assert state.paid_cents - state.to_return_cents + state.outstanding_cents == PREMIUM_CENTS


def acte_gate_lacks_premium(engagement: Engagement) -> bool:
    return "premium-paid" in [one.code for one in acte_gate(engagement, NOW)]
