"""The board decides once, on favourable opinions, on its day."""

from datetime import UTC, date, datetime

import pytest

from services.contracting.domain import board
from services.contracting.domain.board import BoardDecisionRecorded, Decision, Session
from services.contracting.domain.refusals import (
    AlreadyDecided,
    EngagementEnded,
    NoFavourableOpinion,
    ReasonRequired,
    SessionClosed,
    SessionNotHeldYet,
)
from shared.contracts.instruction import Opinion
from tests.unit.contracting.samples import DOSSIER, NOW, TODAY, Case, engaged, favourable, opinion, submitted

OTHER_DAY = date(2024, 7, 1)


def session(*events) -> Session:
    folded = Session()
    for event in events:
        folded = folded.fold(event)
    return folded


def opened(day: date = TODAY) -> Session:
    return session(*board.open_session(Session(), day, "user:secretary", NOW))


def line(dossier_id: str = DOSSIER) -> BoardDecisionRecorded:
    return BoardDecisionRecorded(
        session_id="2024-06-03",
        dossier_id=dossier_id,
        decision=Decision.CONFIRM,
        reason="",
        recorded_by="user:secretary",
        recorded_at=NOW,
    )


def test_a_day_holds_one_session():
    first = opened()
    assert first.opened is not None
    assert first.opened.session_id == "2024-06-03"
    assert board.open_session(first, TODAY, "user:secretary", NOW) == []


def test_a_session_closes_once_and_decides_no_more():
    closed = session(*board.close_session(opened(), "user:secretary", NOW))
    assert closed.closed is not None
    folded = opened().fold(closed.closed)
    assert board.close_session(folded, "user:secretary", NOW) == []
    with pytest.raises(SessionClosed):
        board.check_sitting(folded, NOW)


def test_a_session_decides_from_its_day_on_in_paris():
    ready = opened(date(2024, 6, 4))
    with pytest.raises(SessionNotHeldYet, match="04/06/2024"):
        board.check_sitting(ready, datetime(2024, 6, 3, 21, 59, tzinfo=UTC))
    assert board.check_sitting(ready, datetime(2024, 6, 3, 22, tzinfo=UTC)) == ready.opened


def test_a_session_keeps_one_line_a_dossier():
    kept = opened().fold(line())
    assert board.record_decision(kept, line()) == []
    assert board.record_decision(kept, line("d2")) == [line("d2")]
    assert opened().fold(opinion()) == opened()


def test_the_same_session_saying_the_same_again_is_answered_as_done():
    case = favourable()
    case.decide()
    assert case.decide() == []
    refused = favourable()
    refused.decide(Decision.REFUSE, "Risque")
    assert refused.decide(Decision.REFUSE, "Risque") == []


@pytest.mark.parametrize(
    ("decision", "day"),
    [(Decision.REFUSE, TODAY), (Decision.CONFIRM, OTHER_DAY), (Decision.REFUSE, OTHER_DAY)],
)
def test_a_second_decision_is_refused(decision, day):
    case = engaged()
    with pytest.raises(AlreadyDecided, match="03/06/2024"):
        case.decide(decision, "Risque", day)


def test_there_is_no_decision_without_a_favourable_opinion():
    with pytest.raises(NoFavourableOpinion):
        Case(submitted()).decide()


def test_an_ended_dossier_is_decided_no_more():
    with pytest.raises(EngagementEnded):
        Case(submitted(), opinion(Opinion.UNFAVOURABLE)).decide()


def test_a_refusal_needs_a_reason():
    with pytest.raises(ReasonRequired) as refused:
        favourable().decide(Decision.REFUSE, " ")
    assert refused.value.pointer == "/reason"
