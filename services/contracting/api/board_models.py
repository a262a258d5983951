"""What the board's routes take and answer."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.contracting.domain.board import (
    MAX_BOARD_MEMBERS,
    AgendaItem,
    BoardDecisionRecorded,
    Decision,
    Member,
    Presence,
    QuorumRule,
    Session,
    SessionStatus,
    Votes,
)
from services.contracting.domain.deliberation import Taken
from services.contracting.domain.votes import casting_vote
from shared.errors import Refusal

MAX_DECISIONS = 200
MAX_SESSIONS_A_DAY = 99
MemberId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
MemberIds = Annotated[tuple[MemberId, ...], Field(max_length=MAX_BOARD_MEMBERS)]
DossierId = Annotated[str, Field(min_length=1, max_length=64)]


class MemberRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    member_id: MemberId
    name: str = Field(min_length=1, max_length=200)
    presence: Presence


class AttendanceRequest(BaseModel):
    """Every member of the board, present or excused, and who of those present presides, once it is known."""

    model_config = ConfigDict(extra="forbid")

    members: list[MemberRequest] = Field(min_length=1, max_length=MAX_BOARD_MEMBERS)
    chair_id: MemberId | None = None

    def named(self) -> tuple[Member, ...]:
        return tuple(Member.model_validate(member.model_dump()) for member in self.members)


class SessionRequest(AttendanceRequest):
    """`number` tells apart the sessions of one day."""

    session_date: date
    number: int = Field(default=1, ge=1, le=MAX_SESSIONS_A_DAY)


class RecusalsRequest(BaseModel):
    """Everybody who keeps out of the dossier; it replaces what was said before."""

    model_config = ConfigDict(extra="forbid")

    dossier_id: DossierId
    member_ids: MemberIds


class VotesRequest(BaseModel):
    """Member ids by how they voted on the decision."""

    model_config = ConfigDict(extra="forbid")

    in_favour: MemberIds = ()
    against: MemberIds = ()
    abstained: MemberIds = ()


class DecisionRequest(BaseModel):
    """A refusal and an adjournment need a reason; an adjournment needs no votes."""

    model_config = ConfigDict(extra="forbid")

    dossier_id: DossierId
    decision: Decision
    reason: str = Field(default="", max_length=2000)
    votes: VotesRequest = VotesRequest()

    def taken(self) -> Taken:
        return Taken(self.dossier_id, self.decision, self.reason, Votes.model_validate(self.votes.model_dump()))


class DecisionsRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decisions: list[DecisionRequest] = Field(min_length=1, max_length=MAX_DECISIONS)


class SignOffRequest(BaseModel):
    """The hash of the minutes that were read."""

    model_config = ConfigDict(extra="forbid")

    minutes_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SessionRow(BaseModel):
    """`announced`: the signed decisions are in their dossiers' engagements."""

    session_id: str
    status: SessionStatus
    items: int
    decisions: int
    announced: bool


class DecisionRow(BaseModel):
    """`casting_vote`: the votes were tied and the chair's decided."""

    decision: Decision
    reason: str
    votes: Votes
    principal_cents: int
    premium_cents: int | None
    casting_vote: bool
    recorded_by: str
    recorded_at: datetime


class AgendaRow(AgendaItem):
    recused: list[str]
    decision: DecisionRow | None


class MinutesDetail(BaseModel):
    document_id: str
    sha256: str
    written_by: str
    written_at: datetime
    signed_off_by: str | None
    signed_off_at: datetime | None


class SessionDetail(SessionRow):
    session_date: date
    quorum: QuorumRule
    members: list[Member]
    chair_id: str | None
    agenda: list[AgendaRow]
    minutes: MinutesDetail | None


class DecisionAnswer(BaseModel):
    """What became of one decision; `problem` says why it is not recorded (RFC 9457)."""

    dossier_id: str
    recorded: bool
    problem: dict[str, Any] | None


def detail(session: Session) -> SessionDetail:
    opened = session.opened
    assert opened is not None
    return SessionDetail(
        session_id=opened.session_id,
        status=session.status,
        items=len(session.agenda),
        decisions=len(session.decisions),
        announced=session.announced is not None,
        session_date=opened.session_date,
        quorum=opened.quorum,
        members=list(session.members),
        chair_id=session.chair_id,
        agenda=[_agenda_row(session, item) for item in session.agenda],
        minutes=_minutes(session),
    )


def answer(dossier_id: str, refusal: Refusal | None) -> DecisionAnswer:
    problem = refusal.problem() if refusal else None
    return DecisionAnswer(dossier_id=dossier_id, recorded=refusal is None, problem=problem)


def _agenda_row(session: Session, item: AgendaItem) -> AgendaRow:
    line = session.decision(item.dossier_id)
    return AgendaRow(
        **item.model_dump(),
        recused=sorted(session.recused(item.dossier_id)),
        decision=_decision_row(session, line) if line else None,
    )


def _decision_row(session: Session, line: BoardDecisionRecorded) -> DecisionRow:
    decided = line.model_dump(exclude={"session_id", "dossier_id"})
    return DecisionRow.model_validate(decided | {"casting_vote": casting_vote(session, line)})


def _minutes(session: Session) -> MinutesDetail | None:
    written, signed = session.minutes, session.signed_off
    if written is None:
        return None
    return MinutesDetail(
        document_id=written.minutes.document_id,
        sha256=written.minutes.sha256,
        written_by=written.written_by,
        written_at=written.written_at,
        signed_off_by=signed.signed_off_by if signed else None,
        signed_off_at=signed.signed_off_at if signed else None,
    )
