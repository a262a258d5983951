"""Pricing's routes, for staff. No landlord has a role here: ratings and steps are shown."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.pricing import store
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.usecases import Pricing
from shared.auth import Principal, Role, require
from shared.contracts.values import PremiumLine
from shared.http import cause_of

READERS = (Role.PRICING_OFFICER, Role.AUDITOR)


class OfferRow(BaseModel):
    dossier_id: str
    status: OfferStatus
    deposit_number: int | None
    bailleur: str | None
    operation: str | None
    draft_id: str | None
    offer_id: str | None
    premium_cents: int | None
    valid_until: datetime | None


class PricedLineDetail(BaseModel):
    loan_id: str
    rate_bp: Decimal
    premium_cents: int


class DraftDetail(BaseModel):
    """A draft with its frozen inputs."""

    offer_id: str
    rating: str
    rating_scale: str
    credit_quality_step: str
    programme_quality: str
    grid_version: str
    grid_hash: str
    priced: list[PricedLineDetail]
    premium_cents: int
    minimum_applied: bool
    cap_applied: bool


class OfferDetail(BaseModel):
    dossier_id: str
    status: OfferStatus
    deposit_number: int | None
    draft: DraftDetail | None
    offer_id: str | None
    lines: list[PremiumLine]
    premium_cents: int | None
    issued_at: datetime | None
    valid_until: datetime | None
    refusal_reason: str | None
    refusal_detail: str | None


class IssueRequest(BaseModel):
    """The draft the officer read; another one is not issued in its place."""

    offer_id: str


def router(pricing: Pricing) -> APIRouter:
    routes = APIRouter(tags=["tarification"])

    @routes.get("/offers", summary="Les offres, par ordre de dépôt")
    async def list_offers(
        _: Annotated[Principal, require(*READERS)],
        status: OfferStatus | None = None,
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[OfferRow]:
        return [OfferRow.model_validate(row) async for row in store.listed(pricing.view, status, skip, limit)]

    @routes.get("/offers/{dossier_id}", summary="L'offre d'un dossier et son projet")
    async def read_offer(dossier_id: str, _: Annotated[Principal, require(*READERS)]) -> OfferDetail:
        return detail(dossier_id, await pricing.offer(dossier_id))

    @routes.post("/offers/{dossier_id}/redraft", summary="Recalculer le projet d'offre")
    async def redraft(
        dossier_id: str, request: Request, caller: Annotated[Principal, require(Role.PRICING_OFFICER)]
    ) -> OfferDetail:
        return detail(dossier_id, await pricing.redraft(dossier_id, cause_of(request, caller.actor)))

    @routes.post("/offers/{dossier_id}/issue", summary="Émettre l'offre au bailleur")
    async def issue(
        dossier_id: str,
        body: IssueRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> OfferDetail:
        return detail(dossier_id, await pricing.issue(dossier_id, body.offer_id, cause_of(request, caller.actor)))

    @routes.get("/grid", summary="La grille en vigueur")
    async def grid(_: Annotated[Principal, require(*READERS)]) -> dict[str, Any]:
        return {"version": pricing.grid.version, "hash": pricing.grid.content_hash, "label": pricing.grid.label}

    return routes


def detail(dossier_id: str, offer: Offer) -> OfferDetail:
    issued = offer.issued
    return OfferDetail(
        dossier_id=dossier_id,
        status=offer.status,
        deposit_number=offer.submitted.deposit_number if offer.submitted else None,
        draft=_draft(offer),
        offer_id=issued.offer_id if issued else None,
        lines=list(issued.lines) if issued else [],
        premium_cents=issued.premium_cents if issued else None,
        issued_at=issued.issued_at if issued else None,
        valid_until=issued.valid_until if issued else None,
        refusal_reason=offer.refusal.reason if offer.refusal else None,
        refusal_detail=offer.refusal.detail if offer.refusal else None,
    )


def _draft(offer: Offer) -> DraftDetail | None:
    drafted = offer.draft
    if drafted is None:
        return None
    return DraftDetail(
        offer_id=drafted.offer_id,
        rating=drafted.rating.rating,
        rating_scale=drafted.rating.scale,
        credit_quality_step=drafted.credit_quality_step,
        programme_quality=drafted.rating.programme_quality,
        grid_version=drafted.grid_version,
        grid_hash=drafted.grid_hash,
        priced=[PricedLineDetail.model_validate(line.model_dump()) for line in drafted.priced],
        premium_cents=drafted.premium_cents,
        minimum_applied=drafted.minimum_applied,
        cap_applied=drafted.cap_applied,
    )
