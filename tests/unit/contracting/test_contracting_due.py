"""What a payment waits for: a second person who finds it, or its way back once its dossier ended."""

import pytest

from services.contracting.domain import acte, duplicates, payment, returns
from services.contracting.domain.facts import Basis, Outcome, PaymentBooked
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.domain.refusals import NothingToConfirm, PaymentClosed, PaymentNotConfirmed, TwoPeopleNeeded
from services.contracting.domain.states import ENDED, EngagementState
from shared.contracts.intake import DossierWithdrawn
from tests.unit.contracting.cases import complete, sent
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, NOW, proof, received

FIRST, SECOND = "user:accountant-1", "user:accountant-2"
ENTERED = received().model_copy(update={"entered_by": FIRST})
WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


def entered() -> Payment:
    return Payment().fold(ENTERED)


def confirmed() -> Payment:
    (event,) = payment.confirm(entered(), SECOND, NOW)
    return entered().fold(event)


# -- a second person ---------------------------------------------------------------------------------------------------


def test_what_was_entered_waits_for_another_person():
    assert (entered().queue, entered().status) == (Queue.TO_CONFIRM, PaymentStatus.UNMATCHED)
    with pytest.raises(TwoPeopleNeeded):
        payment.confirm(entered(), FIRST, NOW)
    assert confirmed().queue is Queue.UNKNOWN


@pytest.mark.parametrize("actor", [FIRST, SECOND])
def test_what_is_confirmed_is_answered_as_done(actor):
    assert payment.confirm(confirmed(), actor, NOW) == []


def test_the_banks_word_and_what_was_entered_before_need_no_confirmation():
    with pytest.raises(NothingToConfirm):
        payment.confirm(Payment().fold(received()), SECOND, NOW)


def test_nothing_is_done_with_what_nobody_confirmed():
    for refused in (
        lambda: payment.match(entered(), DOSSIER, Basis.PERSON, SECOND, NOW),
        lambda: duplicates.hold(entered(), DOSSIER, "p0", SECOND, NOW),
        lambda: returns.decide_return(entered(), None, "Erreur", SECOND, NOW),
    ):
        with pytest.raises(PaymentNotConfirmed):
            refused()


def test_an_error_of_entry_is_filed_by_whoever_sees_it_and_never_confirmed():
    (filed,) = payment.dismiss(entered(), "Saisi par erreur", FIRST, NOW)
    done = entered().fold(filed)
    assert (done.queue, done.closed) == (None, True)
    with pytest.raises(PaymentClosed):
        payment.confirm(done, SECOND, NOW)


def test_the_same_entry_by_another_person_is_the_same_and_confirms_nothing():
    again = ENTERED.model_copy(update={"entered_by": SECOND})
    assert payment.receive(entered(), again) == []


# -- an end ------------------------------------------------------------------------------------------------------------


def counted(outcome: Outcome = Outcome.EXACT) -> Payment:
    state = Payment().fold(received())
    for event in payment.match(state, DOSSIER, Basis.REFERENCE, ACCOUNTANT, NOW):
        state = state.fold(event)
    return state.fold(PaymentBooked(payment_id="p1", dossier_id=DOSSIER, booked_at=NOW, outcome=outcome))


def test_an_end_makes_what_is_left_due_back_once_and_takes_up_what_was_filed():
    ended = sent().hear(WITHDRAWN).engagement
    filed = counted()
    for event in payment.dismiss(filed, "Contrôlé", ACCOUNTANT, NOW):
        filed = filed.fold(event)
    for state in (counted(), counted(Outcome.OVER), filed):
        (due,) = payment.note_end(state, ended, NOW)
        assert due.model_dump(include={"dossier_id", "ended"}) == {"dossier_id": DOSSIER, "ended": "withdrawn"}
        noted = state.fold(due)
        assert (noted.queue, noted.status) == (Queue.TO_RETURN, PaymentStatus.BOOKED)
        assert payment.note_end(noted, ended, NOW) == []


def test_nothing_is_due_back_of_a_dossier_that_goes_on_or_of_what_it_does_not_count():
    ended = sent().hear(WITHDRAWN).engagement
    assert payment.note_end(counted(), sent().engagement, NOW) == []
    assert payment.note_end(Payment().fold(received()), ended, NOW) == []


def test_an_acte_that_crossed_the_end_keeps_its_premium():
    case = complete()
    case.prepare()
    case.hear(WITHDRAWN)
    case.do(acte.record_transmission, proof(), NOW)
    assert payment.note_end(counted(), case.engagement, NOW) == []


def test_every_end_is_one_that_makes_money_due_back():
    names_of_ends = {"withdrawn", "ineligible", "unfavourable", "offer_declined", "offer_expired"}
    assert {one.value for one in ENDED} == names_of_ends | {"board_refused", "lapsed", "released"}
    assert EngagementState.ACTE_TRANSMITTED not in ENDED
