"""The board's sessions: who sits, what is on the agenda and what was decided (cahier des charges 2.A.6)."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from shared.contracts.values import Printing, StoredDocument
from shared.events import Event, UtcDatetime, Value
from shared.journal import StreamKind

MAX_BOARD_MEMBERS = 50


class Decision(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"
    ADJOURN = "adjourn"


class Presence(StrEnum):
    PRESENT = "present"
    EXCUSED = "excused"


class SessionStatus(StrEnum):
    OPEN = "open"
    MINUTES_WRITTEN = "minutes_written"
    SIGNED_OFF = "signed_off"


class QuorumRule(Value):
    """How many sit on the board, how many must be present, and whether the chair's vote decides a tie.

    A session keeps the version it is held under; before `casting_vote` was kept no vote counted for more than another.
    """

    version: str
    members: int
    minimum_present: int
    casting_vote: bool = False


class Member(Value):
    member_id: str
    name: str
    presence: Presence


class AgendaItem(Value):
    """A dossier as the board is shown it; `adjourned_on` is the last session that put it off."""

    dossier_id: str
    campaign_id: str
    deposit_number: int
    bailleur: str
    operation: str
    principal_cents: int
    premium_cents: int | None
    accepted: bool
    adjourned_on: date | None


class Votes(Value):
    """Who voted how, by member id, on the decision that is recorded."""

    in_favour: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    abstained: tuple[str, ...] = ()

    @property
    def cast(self) -> tuple[str, ...]:
        return self.in_favour + self.against + self.abstained


class BoardSessionOpened(Event):
    """`chair_id` is the member who presides, None as long as nobody is named."""

    session_id: str
    session_date: date
    quorum: QuorumRule
    members: tuple[Member, ...]
    opened_by: str
    opened_at: UtcDatetime
    chair_id: str | None = None


class BoardAgendaDrawn(Event):
    session_id: str
    items: tuple[AgendaItem, ...]
    drawn_by: str
    drawn_at: UtcDatetime


class BoardAttendanceRecorded(Event):
    """Who is there and who presides, instead of what was said before."""

    session_id: str
    members: tuple[Member, ...]
    recorded_by: str
    recorded_at: UtcDatetime
    chair_id: str | None = None


class BoardRecusalsRecorded(Event):
    """All who keep out of one dossier; the latest of a dossier counts."""

    session_id: str
    dossier_id: str
    member_ids: tuple[str, ...]
    recorded_by: str
    recorded_at: UtcDatetime


class BoardDecisionRecorded(Event):
    """What the session decided and on which amounts; the latest of a dossier counts, and only once signed off."""

    session_id: str
    dossier_id: str
    decision: Decision
    reason: str
    votes: Votes
    principal_cents: int
    premium_cents: int | None
    recorded_by: str
    recorded_at: UtcDatetime


class BoardMinutesWritten(Event):
    """The minutes as printed; `struck` are the items that ended before the board came to them."""

    session_id: str
    minutes: StoredDocument
    struck: tuple[str, ...]
    written_by: str
    written_at: UtcDatetime
    printing: Printing


class BoardMinutesSignedOff(Event):
    """A second person signed what they read: the decisions are final."""

    session_id: str
    minutes_sha256: str
    signed_off_by: str
    signed_off_at: UtcDatetime


class BoardDecisionsAnnounced(Event):
    """Every decision of the session is in its dossier's engagement."""

    session_id: str
    announced_at: UtcDatetime


Line = TypeVar("Line", BoardDecisionRecorded, BoardRecusalsRecorded)


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the board. Minutes no longer stand once anything they say has changed."""

    opened: BoardSessionOpened | None = None
    members: tuple[Member, ...] = ()
    chair_id: str | None = None
    agenda: tuple[AgendaItem, ...] = ()
    recusals: tuple[BoardRecusalsRecorded, ...] = ()
    decisions: tuple[BoardDecisionRecorded, ...] = ()
    minutes: BoardMinutesWritten | None = None
    signed_off: BoardMinutesSignedOff | None = None
    announced: BoardDecisionsAnnounced | None = None

    @property
    def status(self) -> SessionStatus:
        if self.signed_off:
            return SessionStatus.SIGNED_OFF
        return SessionStatus.MINUTES_WRITTEN if self.minutes else SessionStatus.OPEN

    @property
    def present(self) -> frozenset[str]:
        return frozenset(member.member_id for member in self.members if member.presence is Presence.PRESENT)

    def recused(self, dossier_id: str) -> frozenset[str]:
        return frozenset(
            member_id for line in self.recusals if line.dossier_id == dossier_id for member_id in line.member_ids
        )

    def deciders(self, dossier_id: str) -> frozenset[str]:
        """Who counts for the dossier's quorum and votes on it."""
        return self.present - self.recused(dossier_id)

    def decision(self, dossier_id: str) -> BoardDecisionRecorded | None:
        return next((line for line in self.decisions if line.dossier_id == dossier_id), None)

    @property
    def undecided(self) -> tuple[AgendaItem, ...]:
        return tuple(item for item in self.agenda if self.decision(item.dossier_id) is None)

    def fold(self, event: Event) -> "Session":
        match event:
            case BoardSessionOpened():
                return replace(self, opened=event, members=event.members, chair_id=event.chair_id)
            case BoardMinutesWritten():
                return replace(self, minutes=event)
            case BoardMinutesSignedOff():
                return replace(self, signed_off=event)
            case BoardDecisionsAnnounced():
                return replace(self, announced=event)
            case _:
                return self._fold_contents(event)

    def _fold_contents(self, event: Event) -> "Session":
        match event:
            case BoardAgendaDrawn(items=items):
                return replace(self, agenda=items, minutes=None)
            case BoardAttendanceRecorded(members=members, chair_id=chair_id):
                return replace(self, members=members, chair_id=chair_id, minutes=None)
            case BoardRecusalsRecorded():
                return replace(self, recusals=_latest(self.recusals, event), minutes=None)
            case BoardDecisionRecorded():
                return replace(self, decisions=_latest(self.decisions, event), minutes=None)
            case _:
                return self


KIND = StreamKind("session", Session())


def _latest(lines: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    return (*(other for other in lines if other.dossier_id != line.dossier_id), line)


def session_id_of(session_date: date, number: int) -> str:
    """The day names its session; the second and later ones of a day add their number.

    The prefix is needed: the embedded store mistakes a key that begins with a date for a moment and loses it.
    """
    day = f"ca-{session_date.isoformat()}"
    return day if number == 1 else f"{day}-{number:02}"
