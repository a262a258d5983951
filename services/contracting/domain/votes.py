"""Who sits on the board, who presides and whether votes carry a decision (Code de commerce L.225-37)."""

from services.contracting.domain.board import BoardDecisionRecorded, Decision, Member, Presence, QuorumRule, Session
from services.contracting.domain.board_refusals import (
    BoardTooLarge,
    ChairNotPresent,
    DecisionNotCarried,
    MemberNamedTwice,
    MemberNotPresent,
    NoQuorum,
    RecusedMember,
    UnknownMember,
    VotesIncomplete,
)


def check_members(members: tuple[Member, ...], rule: QuorumRule) -> None:
    """Raises: MemberNamedTwice, BoardTooLarge."""
    named = set[str]()
    for place, member in enumerate(members):
        if member.member_id in named:
            raise MemberNamedTwice("Chaque membre est nommé une fois.", pointer=f"/members/{place}/member_id")
        named.add(member.member_id)
    if len(members) > rule.members:
        raise BoardTooLarge(f"Le conseil compte {rule.members} membres.", pointer="/members")


def check_chair(members: tuple[Member, ...], chair_id: str | None) -> None:
    """Whoever presides is one of those present, None while nobody does. Raises: UnknownMember, ChairNotPresent."""
    if chair_id is None:
        return
    presences = {member.member_id: member.presence for member in members}
    if chair_id not in presences:
        raise UnknownMember(f"« {chair_id} » n'est pas membre du conseil à cette séance.", pointer="/chair_id")
    if presences[chair_id] is not Presence.PRESENT:
        raise ChairNotPresent("Le président de séance est l'un des membres présents.", pointer="/chair_id")


def check_known(session: Session, member_id: str, pointer: str) -> None:
    """Raises: UnknownMember."""
    if all(member.member_id != member_id for member in session.members):
        raise UnknownMember(f"« {member_id} » n'est pas membre du conseil à cette séance.", pointer=pointer)


def check_deliberation(session: Session, line: BoardDecisionRecorded) -> None:
    """Whether the votes carry the decision: a quorum without the recused, everybody's vote, a majority of them.

    A tie is carried where the chair voted for it and the rule gives that vote the casting; else it is not adopted.
    An adjournment needs neither: it is what is left when the quorum is missing.
    Raises: UnknownMember, MemberNamedTwice, RecusedMember, MemberNotPresent, NoQuorum, VotesIncomplete,
    DecisionNotCarried.
    """
    assert session.opened is not None
    deciders, rule = session.deciders(line.dossier_id), session.opened.quorum
    _check_voters(session, line)
    if line.decision is Decision.ADJOURN:
        return
    if len(deciders) < rule.minimum_present:
        raise NoQuorum(
            f"{len(deciders)} membres délibèrent, il en faut {rule.minimum_present} : ajournez le dossier.",
            deciding=len(deciders),
            minimum_present=rule.minimum_present,
        )
    silent = sorted(deciders - frozenset(line.votes.cast))
    if silent:
        raise VotesIncomplete("Indiquez le vote de chaque membre présent.", pointer="/votes", missing=silent)
    if 2 * len(line.votes.in_favour) <= len(deciders) and not casting_vote(session, line):
        raise DecisionNotCarried(
            f"{len(line.votes.in_favour)} voix pour sur {len(deciders)} : la majorité n'est pas réunie.",
            pointer="/votes/in_favour",
        )


def casting_vote(session: Session, line: BoardDecisionRecorded) -> bool:
    """The chair's vote decided: half of the deciders are for the decision, the chair among them.

    Who abstains is not for it: the majority is of the members present, not of the votes cast. A chair who keeps out of
    the dossier does not decide it. Statutes may take the casting vote away (L.225-37): the rule says so.
    """
    assert session.opened is not None
    if line.decision is Decision.ADJOURN:
        return False
    half = 2 * len(line.votes.in_favour) == len(session.deciders(line.dossier_id))
    return half and session.opened.quorum.casting_vote and session.chair_id in line.votes.in_favour


def _check_voters(session: Session, line: BoardDecisionRecorded) -> None:
    voted = set[str]()
    for member_id in line.votes.cast:
        check_known(session, member_id, "/votes")
        if member_id in voted:
            raise MemberNamedTwice(f"« {member_id} » vote une fois.", pointer="/votes")
        if member_id in session.recused(line.dossier_id):
            raise RecusedMember(f"« {member_id} » s'est déporté et ne vote pas sur ce dossier.", pointer="/votes")
        if member_id not in session.present:
            raise MemberNotPresent(f"« {member_id} » est excusé et ne vote pas.", pointer="/votes")
        voted.add(member_id)
