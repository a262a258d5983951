"""The engagement's routes: the gate, the convention, the acte, the lapse."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.contracting.api import READERS, Limit, Skip
from services.contracting.api.models import (
    EngagementDetail,
    EngagementRow,
    Gate,
    LapseRequest,
    ScreeningDetail,
    ScreeningRequest,
    detail,
    gate,
    row,
    screenings,
)
from services.contracting.domain.engagement import EngagementDocument
from services.contracting.domain.facts import EngagementScreened
from services.contracting.domain.states import EngagementState
from services.contracting.usecases.engagements import Engagements
from shared.auth import Principal, Role, require
from shared.http import cause_of

LegalOfficer = Annotated[Principal, require(Role.LEGAL_OFFICER)]


def router(engagements: Engagements) -> APIRouter:
    routes = APIRouter(prefix="/engagements", tags=["engagements"])
    _reading(routes, engagements)
    _screening(routes, engagements)
    _contracting(routes, engagements)
    return routes


def _reading(routes: APIRouter, engagements: Engagements) -> None:
    @routes.get("", summary="Les engagements, par ordre de dépôt")
    async def list_engagements(
        _: Annotated[Principal, require(*READERS)],
        state: EngagementState | None = None,
        skip: Skip = 0,
        limit: Limit = 50,
    ) -> list[EngagementRow]:
        now = engagements.clock.now()
        return [row(found, now) for found in await engagements.listed(state, skip, limit)]

    @routes.get("/{dossier_id}", summary="L'engagement d'un dossier")
    async def read_engagement(dossier_id: str, _: Annotated[Principal, require(*READERS)]) -> EngagementDetail:
        engagement = await engagements.engagement(dossier_id)
        return detail(dossier_id, engagement, engagements.clock.now())

    @routes.get("/{dossier_id}/gate", summary="Ce qui manque avant la transmission de l'acte")
    async def read_gate(dossier_id: str, caller: Annotated[Principal, require(*READERS)]) -> Gate:
        return gate(dossier_id, await engagements.engagement(dossier_id), engagements.clock.now(), caller.actor)

    @routes.get("/{dossier_id}/documents/{kind}", summary="Un document de l'engagement")
    async def read_document(
        dossier_id: str,
        kind: EngagementDocument,
        _: Annotated[Principal, require(Role.LEGAL_OFFICER, Role.AUDITOR)],
    ) -> Response:
        document, content = await engagements.document(dossier_id, kind)
        disposition = f'attachment; filename="{document.document_id}.pdf"'
        return Response(content, media_type=document.media_type, headers={"Content-Disposition": disposition})


def _screening(routes: APIRouter, engagements: Engagements) -> None:
    @routes.put("/{dossier_id}/screening", summary="Enregistrer un filtrage gel des avoirs")
    async def screen(
        dossier_id: str,
        body: ScreeningRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.COMPLIANCE)],
    ) -> list[ScreeningDetail]:
        screened = EngagementScreened(
            dossier_id=dossier_id,
            purpose=body.purpose,
            screened_on=body.screened_on,
            clear=body.clear,
            recorded_by=caller.actor,
            recorded_at=engagements.clock.now(),
        )
        return screenings(await engagements.screen(screened, cause_of(request, caller.actor)))

    @routes.get("/{dossier_id}/screening", summary="Les filtrages gel des avoirs d'un dossier")
    async def read_screenings(
        dossier_id: str, _: Annotated[Principal, require(Role.COMPLIANCE)]
    ) -> list[ScreeningDetail]:
        return screenings(await engagements.engagement(dossier_id))


def _contracting(routes: APIRouter, engagements: Engagements) -> None:
    @routes.post("/{dossier_id}/convention", summary="Éditer et envoyer la convention, appeler la prime")
    async def send_convention(dossier_id: str, request: Request, caller: LegalOfficer) -> EngagementDetail:
        engagement = await engagements.send_convention(dossier_id, cause_of(request, caller.actor))
        return detail(dossier_id, engagement, engagements.clock.now())

    @routes.post("/{dossier_id}/acte", summary="Établir l'acte et le transmettre à la Banque des Territoires")
    async def issue_acte(dossier_id: str, request: Request, caller: LegalOfficer) -> EngagementDetail:
        engagement = await engagements.issue_acte(dossier_id, cause_of(request, caller.actor))
        return detail(dossier_id, engagement, engagements.clock.now())

    @routes.post("/{dossier_id}/lapse", summary="Constater la caducité après une échéance dépassée")
    async def lapse(dossier_id: str, body: LapseRequest, request: Request, caller: LegalOfficer) -> EngagementDetail:
        engagement = await engagements.lapse(dossier_id, body.reason, cause_of(request, caller.actor))
        return detail(dossier_id, engagement, engagements.clock.now())
