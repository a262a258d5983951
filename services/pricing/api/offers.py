"""The offers: drafts, derogations, issuing, traces."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.pricing import store
from services.pricing.api import READERS
from services.pricing.domain.facts import ContestConclusion, DerogationProposed, OfferDrafted
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.rating import CreditQualityStep
from services.pricing.domain.trace import trace_bytes
from services.pricing.pages import trace_page
from services.pricing.usecases.offers import Offers
from shared.auth import Principal, Role, require
from shared.contracts.pricing import OfferExpiryContested
from shared.contracts.values import PremiumLine
from shared.http import cause_of


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
    contested: bool = False


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


class DerogationRequest(BaseModel):
    """Either the annual rate of every line in basis points, or the step of the grid to apply; and why."""

    model_config = ConfigDict(extra="forbid")

    rate_bp: Annotated[Decimal, Field(gt=0, lt=10_000, decimal_places=4)] | None = None
    step: CreditQualityStep | None = None
    reason: str = Field(min_length=1, max_length=2_000)


class DerogationApproval(BaseModel):
    """`session_date`: of the committee's session which granted it, where the step is left to the committee."""

    model_config = ConfigDict(extra="forbid")

    session_date: date | None = None


class DerogationRow(BaseModel):
    """`session_date`: of the committee's session, where it took one."""

    derogation_id: str
    rate_bp: Decimal | None
    step: CreditQualityStep | None
    reason: str
    proposed_by: str
    proposed_at: datetime
    approved: bool
    approved_by: str | None
    approved_at: datetime | None
    session_date: date | None


class ContestRow(BaseModel):
    """An acceptance of `offer_id`, in time and read after its end; no conclusion while a person has to decide."""

    offer_id: str
    lodged_at: datetime
    valid_until: datetime
    conclusion: ContestConclusion | None


class OfferDetail(BaseModel):
    """`superseded`: the offers issued before, which later ones replaced, oldest first; their traces can be read."""

    dossier_id: str
    status: OfferStatus
    deposit_number: int | None
    draft: DraftDetail | None
    offer_id: str | None
    superseded: list[str]
    lines: list[PremiumLine]
    premium_cents: int | None
    issued_at: datetime | None
    valid_until: datetime | None
    refusal_reason: str | None
    refusal_detail: str | None
    derogations: list[DerogationRow]
    contests: list[ContestRow]


class ContestRequest(BaseModel):
    """What becomes of the acceptance of an offer that was in time and read after the offer's end, and why."""

    model_config = ConfigDict(extra="forbid")

    offer_id: str
    conclusion: ContestConclusion
    reason: str = Field(min_length=1, max_length=2_000)


class IssueRequest(BaseModel):
    """The draft the officer read; another one is not issued in its place."""

    offer_id: str


def router(pricing: Offers) -> APIRouter:
    routes = APIRouter(tags=["tarification"])

    @routes.get("/offers", summary="Les offres, par ordre de dépôt")
    async def list_offers(
        _: Annotated[Principal, require(*READERS)],
        status: OfferStatus | None = None,
        contested: bool | None = None,
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[OfferRow]:
        return [
            OfferRow.model_validate(row) async for row in store.listed(pricing.view, status, contested, skip, limit)
        ]

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

    @routes.post(
        "/offers/{dossier_id}/contest-conclusion",
        summary="Conclure sur une acceptation reçue à temps et lue après la fin de sa proposition",
    )
    async def conclude_contest(
        dossier_id: str,
        body: ContestRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> OfferDetail:
        cause = cause_of(request, caller.actor)
        done = await pricing.conclude_contest(dossier_id, body.offer_id, body.conclusion, body.reason, cause)
        return detail(dossier_id, done)

    _route_derogations(routes, pricing)
    _route_traces(routes, pricing)
    return routes


def _route_derogations(routes: APIRouter, pricing: Offers) -> None:
    @routes.post("/offers/{dossier_id}/derogations", status_code=201, summary="Proposer une dérogation motivée")
    async def propose(
        dossier_id: str,
        body: DerogationRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> OfferDetail:
        cause = cause_of(request, caller.actor)
        done = await pricing.propose_derogation(dossier_id, body.rate_bp, body.step, body.reason, cause)
        return detail(dossier_id, done)

    @routes.post(
        "/offers/{dossier_id}/derogations/{derogation_id}/approval",
        summary="Approuver la dérogation (seconde personne, ou le secrétaire de la Commission qui l'a accordée)",
    )
    async def approve(
        dossier_id: str,
        derogation_id: str,
        body: DerogationApproval,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER, Role.COMMITTEE_SECRETARY)],
    ) -> OfferDetail:
        done = await pricing.approve_derogation(
            dossier_id,
            derogation_id,
            cause_of(request, caller.actor),
            for_pricing=Role.PRICING_OFFICER in caller.roles,
            for_committee=Role.COMMITTEE_SECRETARY in caller.roles,
            session_date=body.session_date,
        )
        return detail(dossier_id, done)


def _route_traces(routes: APIRouter, pricing: Offers) -> None:
    @routes.get(
        "/offers/{offer_id}/trace",
        summary="Comment la prime d'une proposition, émise ou en projet, a été calculée (JSON ou page)",
        response_class=Response,
        responses={200: {"content": {"application/json": {}, "text/html": {}}}},
    )
    async def trace(offer_id: str, request: Request, _: Annotated[Principal, require(*READERS)]) -> Response:
        drafted = await pricing.traced(offer_id)
        if prefers_html(request.headers.get("accept", "")):
            return Response(trace_page(drafted), media_type="text/html", headers={"Vary": "Accept"})
        return Response(trace_bytes(drafted), media_type="application/json", headers={"Vary": "Accept"})


def prefers_html(accept: str) -> bool:
    """Whether a page is asked for before JSON, as browsers do; JSON otherwise."""
    asked = [part.split(";")[0].strip() for part in accept.lower().split(",")]
    known = [one for one in asked if one in ("text/html", "application/json")]
    return known[:1] == ["text/html"]


def detail(dossier_id: str, offer: Offer) -> OfferDetail:
    issued = offer.issued
    return OfferDetail(
        dossier_id=dossier_id,
        status=offer.status,
        deposit_number=offer.submitted.deposit_number if offer.submitted else None,
        draft=_draft(offer.draft),
        offer_id=issued.offer_id if issued else None,
        superseded=sorted(offer.superseded, key=lambda one: offer.superseded[one]),
        lines=list(issued.lines) if issued else [],
        premium_cents=issued.premium_cents if issued else None,
        issued_at=issued.issued_at if issued else None,
        valid_until=issued.valid_until if issued else None,
        refusal_reason=offer.refusal.reason if offer.refusal else None,
        refusal_detail=offer.refusal.detail if offer.refusal else None,
        derogations=[_derogation(offer, one) for one in offer.derogations.values()],
        contests=[_contest(offer, one) for one in offer.contests.values()],
    )


def _contest(offer: Offer, contested: OfferExpiryContested) -> ContestRow:
    concluded = offer.conclusions.get(contested.offer_id)
    return ContestRow(
        offer_id=contested.offer_id,
        lodged_at=contested.lodged_at,
        valid_until=contested.valid_until,
        conclusion=concluded.conclusion if concluded else None,
    )


def _derogation(offer: Offer, proposed: DerogationProposed) -> DerogationRow:
    fields = proposed.model_dump(include=set(DerogationRow.model_fields))
    approval = offer.approval if offer.derogation == proposed else None
    return DerogationRow(
        **fields,
        approved=approval is not None,
        approved_by=approval.approved_by if approval else None,
        approved_at=approval.approved_at if approval else None,
        session_date=approval.session_date if approval else None,
    )


def _draft(drafted: OfferDrafted | None) -> DraftDetail | None:
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
