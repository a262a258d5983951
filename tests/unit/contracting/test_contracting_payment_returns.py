"""What goes back of a payment: decided, then made or withdrawn, each once."""

from datetime import timedelta

import pytest

from services.contracting.domain import returns
from services.contracting.domain.facts import RefundPromised
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.domain.refusals import (
    BankReferenceUsed,
    DateInFuture,
    NothingToReturn,
    PaymentChanged,
    PaymentClosed,
    ReasonRequired,
    ReturnNotDecided,
    WrongDirection,
)
from shared.contracts.contracting import PremiumPaymentReversed
from shared.events import Event
from tests.unit.contracting.cases import complete, sent
from tests.unit.contracting.payments import (
    booked,
    debit,
    decided,
    decided_in_part,
    deciding,
    dismissed,
    fold,
    kept,
    promised,
    returning,
)
from tests.unit.contracting.samples import ACCOUNTANT, NOW, PREMIUM_CENTS, TODAY


def test_a_return_is_decided_then_made_and_each_is_said_once():
    state = decided()
    assert state.queue is Queue.TO_RETURN
    assert deciding(state) == []
    gone = fold(state, returning(state))
    assert (gone.status, gone.queue) == (PaymentStatus.RETURNED, None)
    assert returning(gone) == []
    with pytest.raises(PaymentClosed):
        returning(gone, "V2")
    with pytest.raises(PaymentClosed):
        deciding(dismissed())


def test_what_went_back_in_part_waits_no_more():
    going = decided_in_part()
    assert going.queue is Queue.TO_RETURN
    gone = fold(going, returning(going))
    assert (gone.queue, gone.closed, gone.left_cents) == (None, False, PREMIUM_CENTS - 500)


def test_a_second_return_is_not_recorded_under_the_reference_of_the_first():
    gone = fold(decided_in_part(), returning(decided_in_part()))
    again = fold(gone, returns.decide_return(gone, promised(1, "return-2"), "Encore", ACCOUNTANT, NOW))
    with pytest.raises(BankReferenceUsed):
        returning(again, "V1")
    made = fold(again, returning(again, "V2"))
    assert [one.amount_cents for one in made.returned] == [500, 1]
    assert returning(made, "V1") == returning(made, "V2") == []


def test_a_return_has_a_reason_and_is_decided_before_it_is_made():
    with pytest.raises(ReasonRequired):
        deciding(kept(), reason=" ")
    with pytest.raises(ReturnNotDecided):
        returning(kept())
    with pytest.raises(DateInFuture):
        returning(decided(), on=TODAY + timedelta(days=1))
    with pytest.raises(WrongDirection):
        deciding(debit())


def withdrawing(state: Payment, return_id: str = "return-1", reason: str = "À garder") -> list[Event]:
    return returns.withdraw_return(state, return_id, reason, ACCOUNTANT, NOW)


@pytest.mark.parametrize(
    ("state", "queue"), [(decided(), Queue.UNKNOWN), (decided_in_part(), Queue.OVER)], ids=["whole", "in part"]
)
def test_a_decided_return_is_withdrawn_once_and_the_next_one_has_another_id(state, queue):
    kept_ = fold(state, withdrawing(state))
    assert (kept_.queue, kept_.to_return, kept_.left_cents) == (queue, None, PREMIUM_CENTS)
    assert withdrawing(kept_, reason="") == []
    assert returns.next_return_id(kept_) == "return-2"
    with pytest.raises(ReturnNotDecided):
        withdrawing(kept_, "return-2")
    with pytest.raises(ReturnNotDecided):
        withdrawing(state, "return-2")
    with pytest.raises(ReasonRequired):
        withdrawing(state, reason=" ")


def test_after_a_return_and_a_withdrawal_the_third_is_the_third():
    gone = fold(decided_in_part(), returning(decided_in_part()))
    again = fold(gone, returns.decide_return(gone, promised(1, "return-2"), "Encore", ACCOUNTANT, NOW))
    assert again.to_return is not None
    assert again.to_return.return_id == "return-2"
    assert returns.next_return_id(fold(again, withdrawing(again, "return-2"))) == "return-3"


@pytest.mark.parametrize(
    ("state", "promise"),
    [(kept(), promised(1)), (booked(), None), (booked(), promised(1, "return-2"))],
    ids=["of no dossier", "not promised", "another return"],
)
def test_a_return_is_decided_for_what_the_dossier_promised_only(state, promise):
    with pytest.raises(PaymentChanged):
        returns.decide_return(state, promise, "Trop-perçu", ACCOUNTANT, NOW)


def test_only_what_is_too_much_may_go_back_of_a_counted_payment():
    case = sent()
    case.pay(PREMIUM_CENTS + 300)
    case.pay(100, "p2")
    assert [one.amount_cents for one in case.promise("p2") if isinstance(one, RefundPromised)] == [100]
    assert [one.amount_cents for one in case.promise("p1") if isinstance(one, RefundPromised)] == [300]
    case.pay(PREMIUM_CENTS, "p3")
    case.take_back("p3", PREMIUM_CENTS)
    with pytest.raises(NothingToReturn):
        case.promise("p3")


def test_what_went_back_is_deducted_once_and_an_incomplete_premium_is_unpaid_again():
    case = complete()
    case.prepare()
    assert case.engagement.transmission_pending
    (gone,) = case.take_back("p1", 1)
    assert isinstance(gone, PremiumPaymentReversed)
    assert (gone.outstanding_cents, gone.overpaid_cents) == (1, 0)
    assert case.take_back("p1", 1) == []
    assert case.engagement.paid is None
    assert not case.engagement.transmission_pending
    case.pay(1, "p2")
    assert case.engagement.transmission_pending
    assert case.names().count("PremiumPaid") == 2


def test_no_more_is_deducted_of_a_payment_than_was_counted_of_it():
    case = sent()
    case.pay()
    case.pay(500, "p2")
    assert case.take_back("p1", 1, "return-1")
    (rest,) = case.take_back("p1", PREMIUM_CENTS, "debit-1")
    assert isinstance(rest, PremiumPaymentReversed)
    assert (rest.amount_cents, case.engagement.paid_cents) == (PREMIUM_CENTS - 1, 500)
    assert case.take_back("p1", 1, "debit-2") == []


def test_what_was_too_much_goes_back_and_the_premium_stays_paid():
    case = sent()
    case.pay(PREMIUM_CENTS + 500)
    case.take_back("p1", 500)
    assert case.engagement.paid is not None
    assert (case.engagement.outstanding_cents, case.engagement.to_return_cents) == (0, 0)
