"""The board decides what is on its agenda, with a quorum and a majority; two people make it final."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain import deliberation
from services.contracting.domain.board import (
    AgendaItem,
    BoardMinutesWritten,
    BoardSessionOpened,
    Decision,
    Member,
    Presence,
    Session,
    SessionStatus,
    Votes,
    session_id_of,
)
from services.contracting.domain.board_refusals import (
    AgendaNotFinished,
    BoardTooLarge,
    ChairNotNamed,
    ChairNotPresent,
    DecisionFinal,
    DecisionNotCarried,
    DecisionUnsettled,
    MemberNamedTwice,
    MemberNotPresent,
    MinutesNotWritten,
    MinutesOutdated,
    NoQuorum,
    NotOnAgenda,
    RecusedMember,
    SessionAlreadyOpen,
    SessionNotHeldYet,
    UnknownMember,
    VotesIncomplete,
)
from services.contracting.domain.deliberation import Taken
from services.contracting.domain.facts import BoardAdjourned
from services.contracting.domain.refusals import (
    AlreadyDecided,
    EngagementEnded,
    NoFavourableOpinion,
    ReasonRequired,
    TwoPeopleNeeded,
)
from services.contracting.domain.states import EngagementState
from services.contracting.domain.votes import casting_vote
from shared.contracts.instruction import Opinion
from tests.unit.contracting.samples import (
    ALL_FOR,
    CHAIR,
    DOSSIER,
    MEMBERS,
    NOW,
    OTHER,
    PREMIUM_CENTS,
    PRESENT,
    PRINTING,
    QUORUM,
    SECRETARY,
    TODAY,
    Case,
    accepted,
    document,
    favourable,
    issued,
    opinion,
    sitting,
    submitted,
)

SHA256 = "0" * 64
THE_NEXT_DAY = datetime(2024, 6, 4, 8, tzinfo=UTC)


def item(number: int = 12, dossier_id: str = DOSSIER, campaign_id: str = "c") -> AgendaItem:
    return AgendaItem(
        dossier_id=dossier_id,
        campaign_id=campaign_id,
        deposit_number=number,
        bailleur="Bailleur d'essai",
        operation="Résidence d'essai",
        principal_cents=425_000_000,
        premium_cents=None,
        accepted=False,
        adjourned_on=None,
    )


class Sitting:
    """A session that takes decisions one after another."""

    def __init__(self, *items: AgendaItem, day: date = TODAY, **opened: Any) -> None:
        self.session = Session()
        self.do(deliberation.open_session, sitting(day).model_copy(update=opened), items or (item(),))

    def do(self, decide, *arguments: Any) -> list:
        events = decide(self.session, *arguments)
        for event in events:
            self.session = self.session.fold(event)
        return events

    def decide(
        self,
        decision: Decision = Decision.CONFIRM,
        reason: str = "",
        votes: Votes = ALL_FOR,
        dossier_id: str = DOSSIER,
        case: Case | None = None,
        elsewhere: str | None = None,
        now: datetime = NOW,
    ) -> list:
        taken = Taken(dossier_id, decision, reason, votes)
        engagement = (case or favourable()).engagement
        return self.do(deliberation.record_decision, engagement, taken, elsewhere, SECRETARY, now)

    def attend(self, *present: str, chair_id: str | None = CHAIR) -> list:
        members = tuple(
            member.model_copy(
                update={"presence": Presence.PRESENT if member.member_id in present else Presence.EXCUSED}
            )
            for member in MEMBERS
        )
        return self.do(deliberation.record_attendance, members, chair_id, SECRETARY, NOW)

    def recuse(self, *member_ids: str, dossier_id: str = DOSSIER) -> list:
        return self.do(deliberation.record_recusals, dossier_id, member_ids, SECRETARY, NOW)

    def check_minutes(self, struck: tuple[str, ...] = ()) -> None:
        deliberation.check_minutes(self.session, struck, NOW)

    def write(self, printed: Session | None = None) -> list:
        minutes = document("minutes", "board_minutes")
        return self.do(deliberation.write_minutes, printed or self.session, minutes, PRINTING, (), SECRETARY, NOW)

    def sign(self, actor: str = OTHER, sha256: str = SHA256) -> list:
        return self.do(deliberation.sign_off, sha256, actor, NOW)


def signed() -> Sitting:
    board = Sitting()
    board.decide()
    board.write()
    board.sign()
    return board


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


# -- quorum, recusals, votes -----------------------------------------------------------------------------------------


def test_recused_members_do_not_count_for_the_quorum_of_their_dossier():
    board = Sitting(item(), item(13, "d2"))
    board.recuse("m1", "m2")
    with pytest.raises(NoQuorum) as refused:
        board.decide(votes=Votes(in_favour=("m3", "m4", "m5")))
    assert refused.value.facts == {"deciding": 3, "minimum_present": 4}
    assert board.decide(dossier_id="d2")


def test_recusals_replace_what_was_said_of_the_dossier():
    board = Sitting()
    board.recuse("m1", "m2")
    assert board.recuse("m2", "m1") == []
    board.recuse("m3")
    assert board.session.recused(DOSSIER) == {"m3"}
    with pytest.raises(UnknownMember) as refused:
        board.recuse("m1", "m9")
    assert refused.value.pointer == "/member_ids/1"


@pytest.mark.parametrize(
    ("votes", "refusal"),
    [
        (Votes(in_favour=("m1", "m2", "m3", "m4", "m9")), UnknownMember),
        (Votes(in_favour=PRESENT, against=("m1",)), MemberNamedTwice),
        (Votes(in_favour=PRESENT, abstained=("m6",)), MemberNotPresent),
        (Votes(in_favour=("m1", "m2", "m3", "m4")), VotesIncomplete),
        (Votes(), VotesIncomplete),
        (Votes(in_favour=("m1", "m2"), against=("m3",), abstained=("m4", "m5")), DecisionNotCarried),
        (Votes(against=PRESENT), DecisionNotCarried),
    ],
)
@pytest.mark.parametrize("decision", [Decision.CONFIRM, Decision.REFUSE])
def test_votes_that_do_not_carry_the_decision_are_refused_by_name(votes, refusal, decision):
    with pytest.raises(refusal) as refused:
        Sitting().decide(decision, "Risque", votes)
    assert refused.value.pointer.startswith("/votes")


def test_a_recused_member_does_not_vote():
    board = Sitting()
    board.recuse("m5")
    with pytest.raises(RecusedMember, match="m5"):
        board.decide()
    assert board.decide(votes=Votes(in_favour=("m1", "m2", "m3"), abstained=("m4",)))


WITH_THE_CHAIR, WITHOUT_THE_CHAIR = (CHAIR, "m2"), ("m3", "m4")


@pytest.mark.parametrize("decision", [Decision.CONFIRM, Decision.REFUSE])
@pytest.mark.parametrize("others", ["against", "abstained"])
def test_the_chair_decides_a_tie_which_is_not_adopted_against_them(decision, others):
    board = Sitting()
    board.recuse("m5")
    with pytest.raises(DecisionNotCarried, match="2 voix pour sur 4"):
        board.decide(decision, "Risque", Votes(in_favour=WITHOUT_THE_CHAIR, **{others: WITH_THE_CHAIR}))
    (line,) = board.decide(decision, "Risque", Votes(in_favour=WITH_THE_CHAIR, **{others: WITHOUT_THE_CHAIR}))
    assert casting_vote(board.session, line)
    board.check_minutes()


def test_the_chair_decides_ties_only():
    board = Sitting()
    with pytest.raises(DecisionNotCarried):
        board.decide(votes=Votes(in_favour=WITH_THE_CHAIR, against=WITHOUT_THE_CHAIR, abstained=("m5",)))
    (line,) = board.decide()
    assert not casting_vote(board.session, line)


def test_an_adjournment_needs_no_majority_so_no_vote_of_the_chair_decides_it():
    board = Sitting()
    board.recuse("m5")
    (line,) = board.decide(Decision.ADJOURN, "À compléter", Votes(in_favour=WITH_THE_CHAIR, against=WITHOUT_THE_CHAIR))
    assert not casting_vote(board.session, line)


TIED = Votes(in_favour=WITH_THE_CHAIR, against=WITHOUT_THE_CHAIR)


def test_a_tie_is_not_adopted_where_the_statutes_take_the_casting_vote_away():
    board = Sitting(quorum=QUORUM.model_copy(update={"casting_vote": False}))
    board.recuse("m5")
    with pytest.raises(DecisionNotCarried):
        board.decide(votes=TIED)


def test_a_tie_is_not_adopted_without_a_chair_or_with_one_who_keeps_out_of_the_dossier():
    unchaired = Sitting(chair_id=None)
    unchaired.recuse("m5")
    with pytest.raises(DecisionNotCarried):
        unchaired.decide(votes=TIED)
    recused = Sitting(chair_id="m5")
    recused.recuse("m5")
    with pytest.raises(DecisionNotCarried):
        recused.decide(votes=TIED)


def test_a_decision_that_another_chair_would_not_have_carried_stops_the_minutes():
    board = Sitting()
    board.recuse("m5")
    board.decide(votes=TIED)
    board.attend(*PRESENT, chair_id="m3")
    with pytest.raises(DecisionUnsettled) as refused:
        board.check_minutes()
    assert refused.value.facts == {"reason": "decision-not-carried"}


def test_what_was_opened_before_chairs_were_kept_has_none_and_no_casting_vote():
    before = sitting().model_dump(mode="json", exclude={"chair_id": True, "quorum": {"casting_vote"}})
    opened = BoardSessionOpened.model_validate(before)
    assert (opened.chair_id, opened.quorum.casting_vote) == (None, False)


def test_without_quorum_a_dossier_can_be_adjourned():
    board = Sitting()
    board.attend("m1")
    assert board.decide(Decision.ADJOURN, "Quorum manquant", Votes())
    board.check_minutes()


@given(
    st.sets(st.sampled_from(PRESENT)),
    st.sets(st.sampled_from(PRESENT)),
    st.lists(st.sampled_from(["in_favour", "against", "abstained"]), min_size=5, max_size=5),
    st.sampled_from(PRESENT),
)
def test_a_confirmation_always_has_its_quorum_and_its_majority_or_the_chair_at_half(
    present, recused, ballots, chair_id
):
    board = Sitting()
    board.attend(*present, chair_id=chair_id if chair_id in present else None)
    board.recuse(*recused)
    cast = {kind: tuple(one for one, how in zip(PRESENT, ballots, strict=True) if how == kind) for kind in set(ballots)}
    deciders = present - recused
    votes = Votes.model_validate(
        {kind: tuple(one for one in members if one in deciders) for kind, members in cast.items()}
    )
    weight = 2 * len(votes.in_favour) + (chair_id in votes.in_favour)
    carried = len(deciders) >= 4 and weight > len(deciders)
    try:
        assert board.decide(votes=votes)
    except (NoQuorum, DecisionNotCarried):
        assert not carried
    else:
        assert carried


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
