"""The offer, its answer, the supplement, the convention to sign."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.api.bailleurs import User
from services.intake.api.dossiers import Timeline, timeline_of
from services.intake.usecases.answers import Answers
from services.intake.usecases.dossiers import Dossiers
from shared.contracts.values import PremiumLine, StoredDocument
from shared.errors import NotFound
from shared.http import cause_of
from shared.uploads import content_disposition


class OfferDetail(BaseModel):
    """What a landlord may know of the price: lines, sum, validity. No rate, no rating."""

    offer_id: str
    lines: list[PremiumLine]
    premium_cents: int
    minimum_applied: bool
    cap_applied: bool
    issued_at: datetime
    valid_until: datetime
    document_sha256: str
    answered: bool


class Acceptance(BaseModel):
    """The offer that was read and the SHA-256 of its PDF."""

    model_config = ConfigDict(extra="forbid")

    offer_id: str = Field(min_length=1, max_length=80)
    document_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Decline(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offer_id: str = Field(min_length=1, max_length=80)
    reason: str = Field(default="", max_length=2_000)


class Supplement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    request_id: str = Field(min_length=1, max_length=80)
    document_ids: list[str] = Field(min_length=1, max_length=20)
    message: str = Field(default="", max_length=2_000)


def router(dossiers: Dossiers, answers: Answers) -> APIRouter:
    routes = APIRouter(prefix="/dossiers/{dossier_id}", tags=["offre et convention"])
    _route_answers(routes, answers)
    _route_papers(routes, dossiers, answers)
    return routes


def _route_answers(routes: APIRouter, answers: Answers) -> None:
    @routes.post("/supplements", summary="Répondre à une demande de complément")
    async def lodge(dossier_id: str, body: Supplement, request: Request, caller: User) -> Timeline:
        cause = cause_of(request, caller.actor)
        done = await answers.lodge_supplement(
            dossier_id, body.request_id, body.document_ids, body.message, caller, cause
        )
        return timeline_of(dossier_id, done)

    @routes.post("/offer/acceptance", status_code=202, summary="Accepter la proposition")
    async def accept(dossier_id: str, body: Acceptance, request: Request, caller: User) -> Timeline:
        cause = cause_of(request, caller.actor)
        done = await answers.accept(dossier_id, body.offer_id, body.document_sha256, caller, cause)
        return timeline_of(dossier_id, done)

    @routes.post("/offer/decline", status_code=202, summary="Refuser la proposition")
    async def decline(dossier_id: str, body: Decline, request: Request, caller: User) -> Timeline:
        cause = cause_of(request, caller.actor)
        done = await answers.decline(dossier_id, body.offer_id, body.reason, caller, cause)
        return timeline_of(dossier_id, done)


def _route_papers(routes: APIRouter, dossiers: Dossiers, answers: Answers) -> None:
    async def paper(document: StoredDocument | None) -> Response:
        content = await answers.document(document)
        assert document is not None, "what was read exists"
        headers = {"Content-Disposition": content_disposition(document.filename)}
        return Response(content, media_type=document.media_type, headers=headers)

    @routes.get("/offer", summary="La proposition de tarification")
    async def offer(dossier_id: str, caller: User) -> OfferDetail:
        dossier = await dossiers.mine(dossier_id, caller)
        if dossier.offer is None:
            raise NotFound("La proposition n'est pas encore émise.")
        fields = dossier.offer.model_dump(include=set(OfferDetail.model_fields))
        sha256, answered = dossier.offer.document.sha256, dossier.answer_to(dossier.offer.offer_id) is not None
        return OfferDetail(**fields, document_sha256=sha256, answered=answered)

    @routes.get("/offer/document", summary="La proposition (PDF)")
    async def offer_document(dossier_id: str, caller: User) -> Response:
        dossier = await dossiers.mine(dossier_id, caller)
        return await paper(dossier.offer.document if dossier.offer else None)

    @routes.get("/convention", summary="La convention à signer (PDF)")
    async def convention(dossier_id: str, caller: User) -> Response:
        dossier = await dossiers.mine(dossier_id, caller)
        return await paper(dossier.convention.convention if dossier.convention else None)

    @routes.get("/premium-call", summary="L'appel de prime (PDF)")
    async def premium_call(dossier_id: str, caller: User) -> Response:
        dossier = await dossiers.mine(dossier_id, caller)
        return await paper(dossier.convention.premium_call if dossier.convention else None)
