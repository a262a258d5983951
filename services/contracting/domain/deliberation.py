"""How a session decides, then the minutes, their sign-off and what they announce."""

from dataclasses import dataclass
from datetime import datetime

from services.contracting.domain.board import (
    AgendaItem,
    BoardAgendaDrawn,
    BoardAttendanceRecorded,
    BoardDecisionRecorded,
    BoardDecisionsAnnounced,
    BoardMinutesSignedOff,
    BoardMinutesWritten,
    BoardRecusalsRecorded,
    BoardSessionOpened,
    Decision,
    Member,
    Session,
    Votes,
)
from services.contracting.domain.board_refusals import (
    AgendaNotFinished,
    ChairNotNamed,
    DecisionFinal,
    DecisionUnsettled,
    MinutesNotWritten,
    MinutesOutdated,
    NotOnAgenda,
    SessionAlreadyOpen,
    SessionNotHeldYet,
)
from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.engaging import engage
from services.contracting.domain.facts import BoardAdjourned
from services.contracting.domain.refusals import AlreadyDecided, NoFavourableOpinion, ReasonRequired, TwoPeopleNeeded
from services.contracting.domain.votes import check_chair, check_deliberation, check_known, check_members
from shared.contracts.contracting import BoardConfirmed, BoardRefused
from shared.contracts.values import Printing, StoredDocument
from shared.errors import Refusal
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision as the secretary gives it."""

    dossier_id: str
    decision: Decision
    reason: str
    votes: Votes


def open_session(session: Session, opened: BoardSessionOpened, items: tuple[AgendaItem, ...]) -> list[Event]:
    """Open a session with its members and draw its agenda; opening it again as it is changes nothing.

    Raises: SessionAlreadyOpen, MemberNamedTwice, BoardTooLarge, UnknownMember, ChairNotPresent.
    """
    if session.opened is not None:
        if (session.opened.members, session.opened.chair_id) == (opened.members, opened.chair_id):
            return []
        raise SessionAlreadyOpen(
            "Cette séance est ouverte avec d'autres membres ou un autre président : corrigez-en la présence."
        )
    check_members(opened.members, opened.quorum)
    check_chair(opened.members, opened.chair_id)
    return [opened, _drawn(opened.session_id, items, opened.opened_by, opened.opened_at)]


def draw_agenda(session: Session, items: tuple[AgendaItem, ...], actor: str, now: datetime) -> list[Event]:
    """Draw the agenda anew, in deposit order; what the session has decided stays on it. Raises: DecisionFinal."""
    opened = check_not_final(session)
    drawn = {item.dossier_id for item in items}
    kept = [item for item in session.agenda if session.decision(item.dossier_id) and item.dossier_id not in drawn]
    agenda = tuple(sorted((*items, *kept), key=lambda item: (item.campaign_id, item.deposit_number)))
    return [] if agenda == session.agenda else [_drawn(opened.session_id, agenda, actor, now)]


def record_attendance(
    session: Session, members: tuple[Member, ...], chair_id: str | None, actor: str, now: datetime
) -> list[Event]:
    """Correct who is present and who presides.

    Raises: DecisionFinal, MemberNamedTwice, BoardTooLarge, UnknownMember, ChairNotPresent.
    """
    opened = check_not_final(session)
    check_members(members, opened.quorum)
    check_chair(members, chair_id)
    if (members, chair_id) == (session.members, session.chair_id):
        return []
    return [
        BoardAttendanceRecorded(
            session_id=opened.session_id, members=members, recorded_by=actor, recorded_at=now, chair_id=chair_id
        )
    ]


def record_recusals(
    session: Session, dossier_id: str, member_ids: tuple[str, ...], actor: str, now: datetime
) -> list[Event]:
    """Who keeps out of a dossier, instead of what was said of it. Raises: DecisionFinal, NotOnAgenda, UnknownMember."""
    opened = check_not_final(session)
    _check_on_agenda(session, dossier_id)
    for place, member_id in enumerate(member_ids):
        check_known(session, member_id, f"/member_ids/{place}")
    if frozenset(member_ids) == session.recused(dossier_id):
        return []
    return [
        BoardRecusalsRecorded(
            session_id=opened.session_id,
            dossier_id=dossier_id,
            member_ids=member_ids,
            recorded_by=actor,
            recorded_at=now,
        )
    ]


def record_decision(
    session: Session, engagement: Engagement, taken: Taken, elsewhere: str | None, actor: str, now: datetime
) -> list[Event]:
    """Record a decision, or correct it; the same again changes nothing. Nothing is announced before the sign-off.

    `elsewhere` names another session that decided the dossier and is not announced yet.
    Raises: DecisionFinal, SessionNotHeldYet, EngagementEnded, NoFavourableOpinion, AlreadyDecided, NotOnAgenda,
    ReasonRequired; as check_deliberation.
    """
    opened = check_not_final(session)
    _check_held(opened, now)
    check_decidable(engagement, elsewhere)
    _check_on_agenda(session, taken.dossier_id)
    if taken.decision is not Decision.CONFIRM and not taken.reason.strip():
        raise ReasonRequired("Indiquez le motif du refus ou de l'ajournement.", pointer="/reason")
    line = BoardDecisionRecorded(
        session_id=opened.session_id,
        dossier_id=taken.dossier_id,
        decision=taken.decision,
        reason=taken.reason,
        votes=taken.votes,
        principal_cents=engagement.principal_cents,
        premium_cents=engagement.premium_cents,
        recorded_by=actor,
        recorded_at=now,
    )
    check_deliberation(session, line)
    before = session.decision(taken.dossier_id)
    same = before is not None and line == before.model_copy(update={"recorded_by": actor, "recorded_at": now})
    return [] if same else [line]


def check_decidable(engagement: Engagement, elsewhere: str | None) -> None:
    """Raises: AlreadyDecided, EngagementEnded, NoFavourableOpinion."""
    before = engagement.decision
    if before is not None:
        raise AlreadyDecided(f"Le conseil a statué sur ce dossier en séance du {before.session_date:%d/%m/%Y}.")
    engagement.refuse_when_ended()
    if engagement.favourable is None:
        raise NoFavourableOpinion("Le conseil statue sur les dossiers qui ont reçu un avis favorable.")
    if elsewhere is not None:
        raise AlreadyDecided(f"La séance {elsewhere}, dont le procès-verbal n'est pas signé, a statué sur ce dossier.")


def check_minutes(session: Session, struck: tuple[str, ...], now: datetime) -> None:
    """Whether the minutes can be written: a chair, every item decided or struck, every decision still carried.

    A decision is weighed again because presence, chair and recusals may have been corrected after it.
    Raises: DecisionFinal, SessionNotHeldYet, ChairNotNamed, AgendaNotFinished, DecisionUnsettled.
    """
    opened = check_not_final(session)
    _check_held(opened, now)
    if session.chair_id is None:
        raise ChairNotNamed("Désignez, parmi les membres présents, qui a présidé la séance.", pointer="/chair_id")
    left = [item.deposit_number for item in session.undecided if item.dossier_id not in struck]
    if left:
        numbers = ", ".join(f"n° {number}" for number in left)
        raise AgendaNotFinished(f"Décision attendue, ou ajournement : {numbers}.", missing=left)
    for item in session.agenda:
        line = session.decision(item.dossier_id)
        try:
            if line is not None:
                check_deliberation(session, line)
        except Refusal as refusal:
            raise DecisionUnsettled(f"N° {item.deposit_number} : {refusal.detail}", reason=refusal.type) from refusal


def write_minutes(
    session: Session,
    printed: Session,
    minutes: StoredDocument,
    printing: Printing,
    struck: tuple[str, ...],
    actor: str,
    now: datetime,
) -> list[Event]:
    """Keep the minutes printed from `printed`. Raises: MinutesOutdated when the session changed meanwhile."""
    opened = check_not_final(session)
    if session != printed:
        raise MinutesOutdated("La séance a changé pendant l'édition du procès-verbal : recommencez.")
    return [
        BoardMinutesWritten(
            session_id=opened.session_id,
            minutes=minutes,
            struck=struck,
            written_by=actor,
            written_at=now,
            printing=printing,
        )
    ]


def sign_off(session: Session, minutes_sha256: str, actor: str, now: datetime) -> list[Event]:
    """A second person signs the minutes they read: the decisions are final. Signing the same again changes nothing.

    Raises: MinutesNotWritten, MinutesOutdated, TwoPeopleNeeded.
    """
    assert session.opened is not None
    written = session.minutes
    if written is None:
        raise MinutesNotWritten("Le procès-verbal n'est pas établi, ou la séance a changé depuis.")
    if written.minutes.sha256 != minutes_sha256:
        raise MinutesOutdated("Ce n'est pas le dernier procès-verbal : relisez-le.", pointer="/minutes_sha256")
    if session.signed_off is not None:
        return []
    if written.written_by == actor:
        raise TwoPeopleNeeded("La personne qui a établi le procès-verbal ne peut pas le signer.")
    return [
        BoardMinutesSignedOff(
            session_id=session.opened.session_id,
            minutes_sha256=minutes_sha256,
            signed_off_by=actor,
            signed_off_at=now,
        )
    ]


def announce(engagement: Engagement, session: Session, line: BoardDecisionRecorded, now: datetime) -> list[Event]:
    """What a final decision means for its dossier, once; nothing for one that ended on the way (DOMAIN rule 5)."""
    assert session.opened is not None
    assert session.signed_off is not None
    said = engagement.board is not None and engagement.board.session_id == session.opened.session_id
    if engagement.end is not None or engagement.decision is not None or said:
        return []
    about = {
        "dossier_id": line.dossier_id,
        "session_id": session.opened.session_id,
        "session_date": session.opened.session_date,
    }
    final_at = session.signed_off.signed_off_at
    if line.decision is Decision.CONFIRM:
        confirmed = BoardConfirmed(
            **about,
            confirmed_at=final_at,
            principal_cents=line.principal_cents,
            premium_cents=line.premium_cents,
        )
        return [confirmed, *engage(engagement.fold(confirmed), now)]
    if line.decision is Decision.REFUSE:
        return [BoardRefused(**about, refused_at=final_at, reason=line.reason)]
    adjourned = BoardAdjourned(**about, reason=line.reason, adjourned_at=final_at)
    return [] if engagement.adjourned == adjourned else [adjourned]


def conclude(session: Session, now: datetime) -> list[Event]:
    """Every decision of a signed session is where it counts."""
    assert session.opened is not None
    assert session.signed_off is not None
    if session.announced is not None:
        return []
    return [BoardDecisionsAnnounced(session_id=session.opened.session_id, announced_at=now)]


def check_not_final(session: Session) -> BoardSessionOpened:
    """The session, while it can be changed. Raises: DecisionFinal."""
    assert session.opened is not None
    if session.signed_off is not None:
        raise DecisionFinal("Le procès-verbal est signé : les décisions de cette séance sont définitives.")
    return session.opened


def _check_held(opened: BoardSessionOpened, now: datetime) -> None:
    if paris_date(now) < opened.session_date:
        raise SessionNotHeldYet(f"La séance se tient le {opened.session_date:%d/%m/%Y}.")


def _check_on_agenda(session: Session, dossier_id: str) -> None:
    if all(item.dossier_id != dossier_id for item in session.agenda):
        raise NotOnAgenda("Ce dossier n'est pas à l'ordre du jour de la séance.", pointer="/dossier_id")


def _drawn(session_id: str, items: tuple[AgendaItem, ...], actor: str, now: datetime) -> BoardAgendaDrawn:
    return BoardAgendaDrawn(session_id=session_id, items=items, drawn_by=actor, drawn_at=now)
