"""The board's routes."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.contracting.api import Limit, Skip
from services.contracting.domain.board import Decision, Session
from services.contracting.usecases.board import Board
from shared.auth import Principal, Role, require
from shared.http import cause_of

SECRETARIES = (Role.BOARD_SECRETARY, Role.AUDITOR)


class SessionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_date: date


class DecisionRequest(BaseModel):
    """A refusal needs a reason."""

    model_config = ConfigDict(extra="forbid")

    dossier_id: str = Field(min_length=1, max_length=64)
    decision: Decision
    reason: str = Field(default="", max_length=2000)


class SessionRow(BaseModel):
    session_id: str
    closed: bool
    decisions: int


class AgendaRow(BaseModel):
    dossier_id: str
    campaign_id: str
    deposit_number: int
    bailleur: str
    operation: str
    principal_cents: int
    premium_cents: int | None
    accepted: bool


class DecisionRow(BaseModel):
    dossier_id: str
    decision: Decision
    reason: str
    recorded_by: str
    recorded_at: datetime


class SessionDetail(BaseModel):
    session_id: str
    session_date: date
    closed: bool
    decisions: list[DecisionRow]
    agenda: list[AgendaRow]


def router(board: Board) -> APIRouter:
    routes = APIRouter(prefix="/board-sessions", tags=["conseil d'administration"])

    async def detail(session: Session, skip: int = 0, limit: int = 50) -> SessionDetail:
        assert session.opened is not None
        agenda = [] if session.closed else await board.agenda(skip, limit)
        return SessionDetail(
            session_id=session.opened.session_id,
            session_date=session.opened.session_date,
            closed=session.closed is not None,
            decisions=[DecisionRow.model_validate(line, from_attributes=True) for line in session.decisions],
            agenda=[AgendaRow.model_validate(row) for row in agenda],
        )

    @routes.get("", summary="Les séances, de la plus récente à la plus ancienne")
    async def list_sessions(
        _: Annotated[Principal, require(*SECRETARIES)], skip: Skip = 0, limit: Limit = 50
    ) -> list[SessionRow]:
        return [SessionRow.model_validate(row) for row in await board.listed(skip, limit)]

    @routes.post("", summary="Ouvrir la séance d'un jour", status_code=201)
    async def open_session(
        body: SessionRequest, request: Request, caller: Annotated[Principal, require(Role.BOARD_SECRETARY)]
    ) -> SessionDetail:
        return await detail(await board.open(body.session_date, cause_of(request, caller.actor)))

    @routes.get("/{session_id}", summary="Une séance : ordre du jour par ordre de dépôt, décisions")
    async def read_session(
        session_id: str, _: Annotated[Principal, require(*SECRETARIES)], skip: Skip = 0, limit: Limit = 50
    ) -> SessionDetail:
        return await detail(await board.session(session_id), skip, limit)

    @routes.post("/{session_id}/decisions", summary="Enregistrer une décision du conseil")
    async def decide(
        session_id: str,
        body: DecisionRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.BOARD_SECRETARY)],
    ) -> SessionDetail:
        cause = cause_of(request, caller.actor)
        return await detail(await board.decide(session_id, body.dossier_id, body.decision, body.reason, cause))

    @routes.post("/{session_id}/close", summary="Clore une séance")
    async def close(
        session_id: str, request: Request, caller: Annotated[Principal, require(Role.BOARD_SECRETARY)]
    ) -> SessionDetail:
        return await detail(await board.close(session_id, cause_of(request, caller.actor)))

    return routes
