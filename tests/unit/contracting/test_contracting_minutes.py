"""Two people make a session final by its minutes; then each decision is announced."""

from datetime import date

import pytest

from services.contracting.domain import deliberation
from services.contracting.domain.board import BoardMinutesWritten, Decision, SessionStatus
from services.contracting.domain.board_refusals import (
    AgendaNotFinished,
    DecisionFinal,
    DecisionUnsettled,
    MinutesNotWritten,
    MinutesOutdated,
)
from services.contracting.domain.facts import BoardAdjourned
from services.contracting.domain.refusals import TwoPeopleNeeded
from services.contracting.domain.states import EngagementState
from shared.contracts.instruction import Opinion
from tests.unit.contracting.board import Sitting, item, signed
from tests.unit.contracting.cases import Case, favourable
from tests.unit.contracting.samples import NOW, SECRETARY, accepted, issued, opinion, submitted

# -- minutes and sign-off --------------------------------------------------------------------------------------------


def test_minutes_wait_for_a_decision_on_every_item_that_is_not_struck():
    board = Sitting(item(12), item(13, "d2"), item(14, "d3"))
    board.decide()
    with pytest.raises(AgendaNotFinished, match="n° 14") as refused:
        board.check_minutes(struck=("d2",))
    assert refused.value.facts == {"missing": [14]}
    board.check_minutes(struck=("d2", "d3"))


def test_a_decision_that_a_correction_deprived_of_its_quorum_stops_the_minutes():
    board = Sitting()
    board.decide()
    board.recuse("m5")
    with pytest.raises(DecisionUnsettled, match="N° 12 : « m5 »") as refused:
        board.check_minutes()
    assert refused.value.facts == {"reason": "recused-member"}


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.decide(Decision.REFUSE, "Risque"),
        lambda board: board.attend("m1"),
        lambda board: board.recuse("m1"),
        lambda board: board.do(deliberation.draw_agenda, (item(13, "d2"),), SECRETARY, NOW),
    ],
    ids=["decision", "attendance", "recusal", "agenda"],
)
def test_minutes_no_longer_stand_once_the_session_has_changed(change):
    board = Sitting()
    board.decide()
    printed = board.session
    (written,) = board.write()
    assert isinstance(written, BoardMinutesWritten)
    assert board.session.status is SessionStatus.MINUTES_WRITTEN
    change(board)
    assert board.session.status is SessionStatus.OPEN
    with pytest.raises(MinutesNotWritten):
        board.sign()
    with pytest.raises(MinutesOutdated):
        board.write(printed)


def test_the_author_of_the_minutes_does_not_sign_them_and_another_person_does_once():
    board = Sitting()
    board.decide()
    board.write()
    with pytest.raises(TwoPeopleNeeded):
        board.sign(SECRETARY)
    with pytest.raises(MinutesOutdated):
        board.sign(sha256="1" * 64)
    assert board.sign()
    assert board.session.status is SessionStatus.SIGNED_OFF
    assert board.sign() == board.sign(SECRETARY) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.decide(Decision.REFUSE, "Risque"),
        lambda board: board.attend("m1"),
        lambda board: board.recuse("m1"),
        lambda board: board.do(deliberation.draw_agenda, (), SECRETARY, NOW),
        lambda board: board.check_minutes(),
        lambda board: board.write(),
    ],
    ids=["decision", "attendance", "recusal", "agenda", "check", "minutes"],
)
def test_after_the_sign_off_everything_is_final(change):
    with pytest.raises(DecisionFinal):
        change(signed())


# -- the announcement ------------------------------------------------------------------------------------------------


def test_a_signed_decision_is_announced_once():
    case = favourable()
    assert [type(event).__name__ for event in case.decide()] == ["BoardConfirmed"]
    assert case.decide() == []
    refused = favourable()
    assert [type(event).__name__ for event in refused.decide(Decision.REFUSE, "Risque")] == ["BoardRefused"]
    assert refused.decide(Decision.REFUSE, "Risque") == []


def test_an_adjournment_leaves_the_dossier_for_the_next_session():
    case = favourable().hear(issued(), accepted())
    (adjourned,) = case.decide(Decision.ADJOURN, "À compléter")
    assert isinstance(adjourned, BoardAdjourned)
    assert case.engagement.adjourned == adjourned
    assert case.engagement.state is EngagementState.OFFER_ACCEPTED
    assert case.decide(Decision.ADJOURN, "À compléter") == []
    assert "Engaged" in [type(event).__name__ for event in case.decide(day=date(2024, 7, 1))]


def test_a_dossier_that_ended_before_the_sign_off_hears_nothing():
    assert Case(submitted(), opinion(Opinion.UNFAVOURABLE)).decide() == []


def test_a_session_concludes_once():
    board = signed()
    assert len(board.do(deliberation.conclude, NOW)) == 1
    assert board.session.announced is not None
    assert board.do(deliberation.conclude, NOW) == []
    assert board.session.fold(opinion()) == board.session
