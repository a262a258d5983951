"""The board's routes: the session, its decisions, its minutes and their sign-off by a second person."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.contracting.api import Limit, Skip
from services.contracting.api.board_models import (
    AttendanceRequest,
    DecisionAnswer,
    DecisionsRequest,
    RecusalsRequest,
    SessionDetail,
    SessionRequest,
    SessionRow,
    SignOffRequest,
    answer,
    detail,
)
from services.contracting.usecases.board import Board
from shared.auth import Principal, Role, require
from shared.http import cause_of

Reader = Annotated[Principal, require(Role.BOARD_SECRETARY, Role.AUDITOR)]
Secretary = Annotated[Principal, require(Role.BOARD_SECRETARY)]


def router(board: Board) -> APIRouter:
    routes = APIRouter(prefix="/board-sessions", tags=["conseil d'administration"])
    _preparing(routes, board)
    _deciding(routes, board)
    return routes


def _preparing(routes: APIRouter, board: Board) -> None:
    @routes.get("", summary="Les séances, de la plus récente à la plus ancienne")
    async def list_sessions(_: Reader, skip: Skip = 0, limit: Limit = 50) -> list[SessionRow]:
        return [SessionRow.model_validate(row) for row in await board.listed(skip, limit)]

    @routes.post(
        "", summary="Ouvrir une séance : membres, président, ordre du jour par ordre de dépôt", status_code=201
    )
    async def open_session(body: SessionRequest, request: Request, caller: Secretary) -> SessionDetail:
        cause = cause_of(request, caller.actor)
        return detail(await board.open(body.session_date, body.number, body.named(), body.chair_id, cause))

    @routes.get("/{session_id}", summary="Une séance : présences, ordre du jour, décisions, procès-verbal")
    async def read_session(session_id: str, _: Reader) -> SessionDetail:
        return detail(await board.session(session_id))

    @routes.post("/{session_id}/agenda", summary="Actualiser l'ordre du jour")
    async def draw_agenda(session_id: str, request: Request, caller: Secretary) -> SessionDetail:
        return detail(await board.draw_agenda(session_id, cause_of(request, caller.actor)))

    @routes.put("/{session_id}/attendance", summary="Corriger les présences et la présidence de séance")
    async def record_attendance(
        session_id: str, body: AttendanceRequest, request: Request, caller: Secretary
    ) -> SessionDetail:
        cause = cause_of(request, caller.actor)
        return detail(await board.record_attendance(session_id, body.named(), body.chair_id, cause))

    @routes.put("/{session_id}/recusals", summary="Enregistrer les déports sur un dossier")
    async def record_recusals(
        session_id: str, body: RecusalsRequest, request: Request, caller: Secretary
    ) -> SessionDetail:
        cause = cause_of(request, caller.actor)
        return detail(await board.record_recusals(session_id, body.dossier_id, body.member_ids, cause))


def _deciding(routes: APIRouter, board: Board) -> None:
    @routes.post("/{session_id}/decisions", summary="Enregistrer ou corriger les décisions du conseil")
    async def decide(
        session_id: str, body: DecisionsRequest, request: Request, caller: Secretary
    ) -> list[DecisionAnswer]:
        decisions = [one.taken() for one in body.decisions]
        refusals = await board.decide(session_id, decisions, cause_of(request, caller.actor))
        return [answer(taken.dossier_id, refusal) for taken, refusal in zip(decisions, refusals, strict=True)]

    @routes.post("/{session_id}/minutes", summary="Établir le procès-verbal")
    async def write_minutes(session_id: str, request: Request, caller: Secretary) -> SessionDetail:
        return detail(await board.write_minutes(session_id, cause_of(request, caller.actor)))

    @routes.get("/{session_id}/minutes", summary="Le procès-verbal")
    async def read_minutes(session_id: str, _: Reader) -> Response:
        document, content = await board.minutes(session_id)
        disposition = f'attachment; filename="{document.filename}"'
        return Response(content, media_type=document.media_type, headers={"Content-Disposition": disposition})

    @routes.post("/{session_id}/sign-off", summary="Signer le procès-verbal : les décisions sont définitives")
    async def sign_off(session_id: str, body: SignOffRequest, request: Request, caller: Secretary) -> SessionDetail:
        return detail(await board.sign_off(session_id, body.minutes_sha256, cause_of(request, caller.actor)))
