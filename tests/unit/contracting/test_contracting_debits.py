"""A debit is the return of one credit of its amount."""

import pytest

from services.contracting.domain import returns
from services.contracting.domain.payment import PaymentStatus, Queue
from services.contracting.domain.refusals import DebitMismatch, PaymentClosed, WrongDirection
from tests.unit.contracting.payments import booked, debit, decided_in_part, dismissed, fold, kept, returning
from tests.unit.contracting.samples import ACCOUNTANT, NOW, PREMIUM_CENTS


def test_a_debit_is_the_return_of_one_credit_of_its_amount():
    returns.check_debit(debit(), booked())
    returns.check_debit(debit(500), decided_in_part())
    taking = debit().received
    assert taking is not None
    gone = fold(kept(), returns.undo(kept(), taking, ACCOUNTANT, NOW))
    assert (gone.status, gone.returned[0].bank_reference) == (PaymentStatus.RETURNED, "debit-1")
    assert returns.undo(gone, taking, ACCOUNTANT, NOW) == []
    returns.check_debit(debit(), gone)
    (applied,) = returns.apply(debit(), "p1", ACCOUNTANT, NOW)
    settled = debit().fold(applied)
    assert (settled.status, settled.queue) == (PaymentStatus.APPLIED, None)
    assert returns.apply(settled, "p1", ACCOUNTANT, NOW) == []
    with pytest.raises(PaymentClosed):
        returns.check_debit(settled, kept())


@pytest.mark.parametrize(
    ("taking", "credit", "refusal"),
    [
        (debit(1), kept(), DebitMismatch),
        (debit(501), decided_in_part(), DebitMismatch),
        (kept(), kept(), WrongDirection),
        (debit(), debit(), WrongDirection),
        (debit(), dismissed(), PaymentClosed),
    ],
)
def test_a_debit_that_does_not_fit_is_not_applied(taking, credit, refusal):
    with pytest.raises(refusal):
        returns.check_debit(taking, credit)


def test_a_debit_is_claimed_for_one_credit_then_settled_or_released_once():
    claimed = fold(debit(), returns.apply(debit(), "p1", ACCOUNTANT, NOW))
    for other in (claimed, dismissed()):
        with pytest.raises(PaymentClosed):
            returns.apply(other, "p2", ACCOUNTANT, NOW)
    settled = fold(claimed, returns.settle(claimed, NOW))
    assert settled.status is PaymentStatus.APPLIED
    assert returns.settle(settled, NOW) == []
    free = fold(claimed, returns.release(claimed, "p1", NOW))
    assert (free.status, free.queue) == (PaymentStatus.UNMATCHED, Queue.UNKNOWN)
    for state, credit_id in ((settled, "p1"), (free, "p1"), (claimed, "p2")):
        assert returns.release(state, credit_id, NOW) == []


@pytest.mark.parametrize(("cents", "return_id"), [(500, "return-1"), (501, "debit-1"), (PREMIUM_CENTS, "debit-1")])
def test_a_debit_makes_the_decided_return_of_its_amount_and_any_other_is_its_own(cents, return_id):
    taking = debit(cents).received
    assert taking is not None
    gone = fold(decided_in_part(), returns.undo(decided_in_part(), taking, ACCOUNTANT, NOW))
    assert [(one.return_id, one.amount_cents) for one in gone.returned] == [(return_id, cents)]


@pytest.mark.parametrize(("cents", "named"), [(500, ["V1"]), (501, ["V1", "debit-1"])])
def test_a_debit_shows_the_return_of_its_amount_and_no_other(cents, named):
    part, taking = fold(decided_in_part(), returning(decided_in_part())), debit(cents).received
    assert taking is not None
    gone = fold(part, returns.undo(part, taking, ACCOUNTANT, NOW))
    assert [one.bank_reference for one in gone.returned] == named
    assert [one.bank_reference for one in gone.shown] == named[-1:]


def test_nothing_is_taken_of_a_credit_that_is_gone():
    first = debit().received
    assert first is not None
    gone = fold(kept(), returns.undo(kept(), first, ACCOUNTANT, NOW))
    with pytest.raises(PaymentClosed):
        returns.undo(gone, first.model_copy(update={"payment_id": "debit-2"}), ACCOUNTANT, NOW)
