"""Premium payments: kept whatever happens, counted once, to the cent."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain import duplicates, payment, premium, returns
from services.contracting.domain.facts import Basis, Direction, Outcome, PaymentBooked, RefundPromised
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.domain.refusals import (
    BankReferenceUsed,
    DateInFuture,
    DebitMismatch,
    NothingToReturn,
    PaymentAlreadyMatched,
    PaymentChanged,
    PaymentClosed,
    PaymentConflict,
    PaymentCounted,
    PremiumNotCalled,
    ReasonRequired,
    ReturnNotDecided,
    WrongDirection,
)
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded, PremiumPaymentReversed
from shared.contracts.intake import DossierWithdrawn
from shared.events import Event
from shared.money import MAX_CENTS, AmountOutOfRange
from tests.unit.contracting.samples import (
    ACCOUNTANT,
    DOSSIER,
    NOW,
    PREMIUM_CENTS,
    TODAY,
    complete,
    engaged,
    opinion,
    received,
    sent,
)

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


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


def matched(state: Payment, dossier_id: str = DOSSIER) -> list[Event]:
    return payment.match(state, dossier_id, Basis.PERSON, ACCOUNTANT, NOW)


def held(state: Payment | None = None) -> Payment:
    return fold(state or kept(), duplicates.hold(state or kept(), DOSSIER, "p0", ACCOUNTANT, NOW))


def booked(outcome: Outcome = Outcome.EXACT) -> Payment:
    settled = fold(kept(), matched(kept()))
    return fold(settled, payment.book(settled, sent().engagement, outcome, NOW))


def debit(amount_cents: int = PREMIUM_CENTS) -> Payment:
    taken = received(amount_cents, "debit-1").model_copy(update={"direction": Direction.DEBIT})
    return Payment().fold(taken)


def promised(amount_cents: int, return_id: str = "return-1") -> RefundPromised:
    return RefundPromised(
        dossier_id=DOSSIER,
        payment_id="p1",
        return_id=return_id,
        amount_cents=amount_cents,
        reason="Trop-perçu",
        promised_by=ACCOUNTANT,
        promised_at=NOW,
    )


def deciding(state: Payment, amount_cents: int = PREMIUM_CENTS, reason: str = "Trop-perçu") -> list[Event]:
    promise = promised(amount_cents) if state.matched else None
    return returns.decide_return(state, promise, reason, ACCOUNTANT, NOW)


def decided() -> Payment:
    """A payment of no dossier, to be returned whole."""
    return fold(kept(), deciding(kept()))


def decided_in_part(amount_cents: int = 500) -> Payment:
    return fold(booked(Outcome.OVER), deciding(booked(Outcome.OVER), amount_cents))


def returning(state: Payment, reference: str = "V1", on=TODAY) -> list[Event]:
    return returns.record_return(state, on, reference, ACCOUNTANT, NOW)


def fold(state: Payment, events: list[Event]) -> Payment:
    for event in events:
        state = state.fold(event)
    return state


def dismissed() -> Payment:
    return fold(kept(), payment.dismiss(kept(), "Virement interne", ACCOUNTANT, NOW))


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


# -- duplicates ------------------------------------------------------------------------------------------------------


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


# -- what goes back --------------------------------------------------------------------------------------------------


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
