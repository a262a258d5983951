"""The board: its sessions and what it decides (cahier des charges 2.A.6)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement, engage
from services.contracting.domain.refusals import (
    AlreadyDecided,
    NoFavourableOpinion,
    ReasonRequired,
    SessionClosed,
    SessionNotHeldYet,
)
from shared.contracts.contracting import BoardConfirmed, BoardRefused
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind


class Decision(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"


class BoardSessionOpened(Event):
    session_id: str
    session_date: date
    opened_by: str
    opened_at: UtcDatetime


class BoardDecisionRecorded(Event):
    """The session's own record of a decision; what counts is in the engagement's stream."""

    session_id: str
    dossier_id: str
    decision: Decision
    reason: str
    recorded_by: str
    recorded_at: UtcDatetime


class BoardSessionClosed(Event):
    session_id: str
    closed_by: str
    closed_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the board; a day holds one, so its date names it."""

    opened: BoardSessionOpened | None = None
    decisions: tuple[BoardDecisionRecorded, ...] = ()
    closed: BoardSessionClosed | None = None

    def fold(self, event: Event) -> "Session":
        match event:
            case BoardSessionOpened():
                return replace(self, opened=event)
            case BoardDecisionRecorded():
                return replace(self, decisions=(*self.decisions, event))
            case BoardSessionClosed():
                return replace(self, closed=event)
            case _:
                return self


KIND = StreamKind("session", Session())


def open_session(session: Session, session_date: date, actor: str, now: datetime) -> list[Event]:
    """Open the session of a day; it is opened once."""
    if session.opened is not None:
        return []
    session_id = session_date.isoformat()
    return [BoardSessionOpened(session_id=session_id, session_date=session_date, opened_by=actor, opened_at=now)]


def close_session(session: Session, actor: str, now: datetime) -> list[Event]:
    """Close a session; it takes no decision any more."""
    assert session.opened is not None
    if session.closed is not None:
        return []
    return [BoardSessionClosed(session_id=session.opened.session_id, closed_by=actor, closed_at=now)]


def check_sitting(session: Session, now: datetime) -> BoardSessionOpened:
    """The session, when it can decide: its day has come and it is not closed.

    Raises: SessionClosed, SessionNotHeldYet.
    """
    assert session.opened is not None
    if session.closed is not None:
        raise SessionClosed("La séance est close : ouvrez la séance suivante pour statuer.")
    if paris_date(now) < session.opened.session_date:
        raise SessionNotHeldYet(f"La séance se tient le {session.opened.session_date:%d/%m/%Y}.")
    return session.opened


def record_decision(session: Session, decided: BoardDecisionRecorded) -> list[Event]:
    """The session's audit line of a decision, once a dossier."""
    known = any(line.dossier_id == decided.dossier_id for line in session.decisions)
    return [] if known else [decided]


def decide(
    engagement: Engagement,
    dossier_id: str,
    session: BoardSessionOpened,
    decision: Decision,
    reason: str,
    now: datetime,
) -> list[Event]:
    """Confirm or refuse the engagement; before or after the bailleur's acceptance, and once.

    The same session saying the same again is answered as done.
    Raises: AlreadyDecided, EngagementEnded, NoFavourableOpinion, ReasonRequired.
    """
    before = engagement.board
    if before is not None:
        same = isinstance(before, BoardConfirmed) is (decision is Decision.CONFIRM)
        if same and before.session_id == session.session_id:
            return []
        raise AlreadyDecided(f"Le conseil a statué sur ce dossier en séance du {before.session_date:%d/%m/%Y}.")
    engagement.refuse_when_ended()
    if engagement.favourable is None:
        raise NoFavourableOpinion("Le conseil statue sur les dossiers qui ont reçu un avis favorable.")
    if decision is Decision.REFUSE:
        if not reason.strip():
            raise ReasonRequired("Indiquez le motif du refus.", pointer="/reason")
        return [
            BoardRefused(
                dossier_id=dossier_id,
                session_id=session.session_id,
                session_date=session.session_date,
                refused_at=now,
                reason=reason,
            )
        ]
    confirmed = BoardConfirmed(
        dossier_id=dossier_id,
        session_id=session.session_id,
        session_date=session.session_date,
        confirmed_at=now,
    )
    return [confirmed, *engage(engagement.fold(confirmed), now)]
