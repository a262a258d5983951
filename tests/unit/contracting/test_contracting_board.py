"""A session of the board, its members, its agenda, and what it decides of whom."""

from datetime import UTC, date, datetime

import pytest

from services.contracting.domain import deliberation
from services.contracting.domain.board import Decision, Member, Presence, Session, session_id_of
from services.contracting.domain.board_refusals import (
    BoardTooLarge,
    ChairNotNamed,
    ChairNotPresent,
    MemberNamedTwice,
    NotOnAgenda,
    SessionAlreadyOpen,
    SessionNotHeldYet,
    UnknownMember,
)
from services.contracting.domain.refusals import AlreadyDecided, EngagementEnded, NoFavourableOpinion, ReasonRequired
from shared.contracts.instruction import Opinion
from tests.unit.contracting.board import Sitting, item
from tests.unit.contracting.cases import Case, favourable
from tests.unit.contracting.samples import (
    ALL_FOR,
    CHAIR,
    DOSSIER,
    MEMBERS,
    NOW,
    PREMIUM_CENTS,
    PRESENT,
    SECRETARY,
    TODAY,
    issued,
    opinion,
    sitting,
    submitted,
)

THE_NEXT_DAY = datetime(2024, 6, 4, 8, tzinfo=UTC)


# -- the session and its members -------------------------------------------------------------------------------------


def test_a_session_is_named_by_its_day_and_a_further_one_by_its_number_too():
    assert session_id_of(TODAY, 1) == "ca-2024-06-03"
    assert session_id_of(TODAY, 2) == "ca-2024-06-03-02"


def test_a_session_opens_once_with_its_members_its_rule_and_its_agenda():
    board = Sitting()
    assert board.session.members == MEMBERS
    assert board.session.agenda == (item(),)
    assert board.session.present == set(PRESENT)
    assert board.do(deliberation.open_session, sitting(), ()) == []
    with pytest.raises(SessionAlreadyOpen):
        board.do(deliberation.open_session, sitting().model_copy(update={"members": MEMBERS[:4]}), ())
    with pytest.raises(SessionAlreadyOpen):
        board.do(deliberation.open_session, sitting().model_copy(update={"chair_id": "m2"}), ())


@pytest.mark.parametrize(
    ("members", "refusal", "pointer"),
    [
        ((*MEMBERS[:2], MEMBERS[0]), MemberNamedTwice, "/members/2/member_id"),
        (
            (*MEMBERS, Member(member_id="m7", name="Septième", presence=Presence.PRESENT)),
            BoardTooLarge,
            "/members",
        ),
    ],
)
def test_members_are_named_once_and_are_no_more_than_the_board_has(members, refusal, pointer):
    with pytest.raises(refusal) as opening:
        deliberation.open_session(Session(), sitting().model_copy(update={"members": members}), ())
    with pytest.raises(refusal) as correcting:
        deliberation.record_attendance(Sitting().session, members, CHAIR, SECRETARY, NOW)
    assert opening.value.pointer == correcting.value.pointer == pointer


@pytest.mark.parametrize(("chair_id", "refusal"), [("m9", UnknownMember), ("m6", ChairNotPresent)])
def test_whoever_presides_is_one_of_the_members_present(chair_id, refusal):
    with pytest.raises(refusal) as opening:
        Sitting(chair_id=chair_id)
    with pytest.raises(refusal) as correcting:
        Sitting().attend(*PRESENT, chair_id=chair_id)
    assert opening.value.pointer == correcting.value.pointer == "/chair_id"


def test_the_chair_is_named_at_the_opening_or_with_the_presence_and_before_the_minutes():
    board = Sitting(chair_id=None)
    board.decide()
    with pytest.raises(ChairNotNamed):
        board.check_minutes()
    assert board.attend(*PRESENT, chair_id="m2")
    assert board.session.chair_id == "m2"
    assert board.attend(*PRESENT, chair_id="m2") == []
    board.check_minutes()
    assert Sitting().session.chair_id == CHAIR


def test_presence_is_corrected_and_saying_it_again_changes_nothing():
    board = Sitting()
    assert len(board.attend("m1", "m2")) == 1
    assert board.session.present == {"m1", "m2"}
    assert board.attend("m1", "m2") == []


# -- the agenda ------------------------------------------------------------------------------------------------------


def test_the_agenda_is_drawn_anew_in_deposit_order_and_keeps_what_was_decided():
    board = Sitting(item(12), item(13, "d2"))
    board.decide()
    newer = (item(14, "d3"), item(2, "d4"), item(1, "d5", "a"))
    board.do(deliberation.draw_agenda, newer, SECRETARY, NOW)
    assert [one.dossier_id for one in board.session.agenda] == ["d5", "d4", DOSSIER, "d3"]
    assert board.do(deliberation.draw_agenda, board.session.agenda, SECRETARY, NOW) == []


def test_a_dossier_that_is_not_on_the_agenda_is_neither_decided_nor_recused():
    board = Sitting(item(13, "d2"))
    with pytest.raises(NotOnAgenda) as refused:
        board.decide()
    assert refused.value.pointer == "/dossier_id"
    with pytest.raises(NotOnAgenda):
        board.recuse("m1")


# -- decisions -------------------------------------------------------------------------------------------------------


def test_a_decision_keeps_its_votes_and_the_amounts_it_was_taken_on():
    (line,) = Sitting().decide(case=favourable().hear(issued()))
    assert (line.votes, line.principal_cents, line.premium_cents) == (ALL_FOR, 425_000_000, PREMIUM_CENTS)


def test_a_session_decides_from_its_day_on_in_paris():
    board = Sitting(day=date(2024, 6, 4))
    with pytest.raises(SessionNotHeldYet, match="04/06/2024"):
        board.decide(now=datetime(2024, 6, 3, 21, 59, tzinfo=UTC))
    with pytest.raises(SessionNotHeldYet):
        board.check_minutes(struck=(DOSSIER,))
    assert board.decide(now=datetime(2024, 6, 3, 22, tzinfo=UTC))


def test_a_decision_is_corrected_until_the_sign_off_and_the_same_again_changes_nothing():
    board = Sitting()
    board.decide()
    assert board.decide(now=THE_NEXT_DAY) == []
    assert board.decide(Decision.REFUSE, "Risque")
    assert [line.decision for line in board.session.decisions] == [Decision.REFUSE]


@pytest.mark.parametrize("decision", [Decision.REFUSE, Decision.ADJOURN])
def test_a_refusal_and_an_adjournment_need_a_reason(decision):
    with pytest.raises(ReasonRequired) as refused:
        Sitting().decide(decision, " ")
    assert refused.value.pointer == "/reason"


def test_there_is_no_decision_without_a_favourable_opinion():
    with pytest.raises(NoFavourableOpinion):
        Sitting().decide(case=Case(submitted()))


def test_an_ended_dossier_is_decided_no_more():
    with pytest.raises(EngagementEnded):
        Sitting().decide(case=Case(submitted(), opinion(Opinion.UNFAVOURABLE)))


def test_a_dossier_that_a_session_decided_is_decided_by_no_other():
    case = favourable()
    case.decide()
    with pytest.raises(AlreadyDecided, match="03/06/2024"):
        Sitting().decide(case=case)
    with pytest.raises(AlreadyDecided, match="ca-2024-05-06"):
        Sitting().decide(elsewhere="ca-2024-05-06")
