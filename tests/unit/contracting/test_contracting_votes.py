"""The board decides with a quorum and a majority, the chair a tie, and no member who keeps out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain.board import BoardSessionOpened, Decision, Votes
from services.contracting.domain.board_refusals import (
    DecisionNotCarried,
    DecisionUnsettled,
    MemberNamedTwice,
    MemberNotPresent,
    NoQuorum,
    RecusedMember,
    UnknownMember,
    VotesIncomplete,
)
from services.contracting.domain.votes import casting_vote
from tests.unit.contracting.board import Sitting, item
from tests.unit.contracting.samples import CHAIR, DOSSIER, PRESENT, QUORUM, sitting


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
