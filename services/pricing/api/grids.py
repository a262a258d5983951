"""The grids: which one is in force, and the two-person acts that change it."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.pricing.api import READERS
from services.pricing.domain.grid import Grid, needed
from services.pricing.domain.tariff import GridApproved, GridProposed, GridWithdrawn, Tariff, effective_at
from services.pricing.usecases.tariffs import Tariffs
from shared.auth import Principal, Role, require
from shared.http import cause_of


class GridInForce(BaseModel):
    version: str
    hash: str
    label: str
    content: Grid


class GridProposal(BaseModel):
    """`grid` is the content of a grid file; its decimals are texts."""

    model_config = ConfigDict(extra="forbid")

    grid: dict[str, Any]
    reason: str = Field(min_length=1, max_length=2_000)


class GridApproval(BaseModel):
    """The hash of the content that was read."""

    model_config = ConfigDict(extra="forbid")

    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class WithdrawalRequest(BaseModel):
    """Why an approved grid shall not take effect."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2_000)


class WithdrawalRow(BaseModel):
    reason: str
    proposed_by: str
    proposed_at: datetime
    approved: bool
    approved_by: str | None
    approved_at: datetime | None


class GridRow(BaseModel):
    proposal_id: str
    version: str
    hash: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    effective_at: datetime
    approved: bool
    approved_by: str | None
    approved_at: datetime | None
    withdrawal: WithdrawalRow | None
    content: Grid


def router(tariffs: Tariffs) -> APIRouter:
    routes = APIRouter(tags=["grilles"])

    @routes.get("/grid", summary="La grille en vigueur")
    async def in_force(_: Annotated[Principal, require(*READERS)]) -> GridInForce:
        grid = needed(await tariffs.in_force(tariffs.clock.now()))
        return GridInForce(version=grid.version, hash=grid.content_hash, label=grid.label, content=grid)

    @routes.get("/grids/proposals", summary="Les grilles proposées et approuvées")
    async def proposals(_: Annotated[Principal, require(*READERS)]) -> list[GridRow]:
        return rows_of(await tariffs.tariff())

    @routes.post("/grids/proposals", status_code=201, summary="Proposer une grille")
    async def propose(
        body: GridProposal, request: Request, caller: Annotated[Principal, require(Role.PRICING_OFFICER)]
    ) -> GridRow:
        content = json.dumps(body.grid).encode()
        proposed = await tariffs.propose(content, body.reason, cause_of(request, caller.actor))
        return row_of(await tariffs.tariff(), proposed)

    @routes.post("/grids/proposals/{proposal_id}/approval", summary="Approuver une grille (seconde personne)")
    async def approve(
        proposal_id: str,
        body: GridApproval,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> list[GridRow]:
        return rows_of(await tariffs.approve(proposal_id, body.hash, cause_of(request, caller.actor)))

    _route_withdrawals(routes, tariffs)
    return routes


def _route_withdrawals(routes: APIRouter, tariffs: Tariffs) -> None:
    @routes.post(
        "/grids/proposals/{proposal_id}/withdrawal",
        status_code=201,
        summary="Proposer de retirer une grille approuvée, avant sa date d'effet",
    )
    async def propose(
        proposal_id: str,
        body: WithdrawalRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> list[GridRow]:
        return rows_of(await tariffs.propose_withdrawal(proposal_id, body.reason, cause_of(request, caller.actor)))

    @routes.post(
        "/grids/proposals/{proposal_id}/withdrawal/approval", summary="Approuver le retrait (seconde personne)"
    )
    async def approve(
        proposal_id: str, request: Request, caller: Annotated[Principal, require(Role.PRICING_OFFICER)]
    ) -> list[GridRow]:
        return rows_of(await tariffs.approve_withdrawal(proposal_id, cause_of(request, caller.actor)))


def rows_of(tariff: Tariff) -> list[GridRow]:
    """In the order of their dates of effect."""
    proposals = sorted(tariff.proposals.values(), key=lambda one: (one.grid.effective_on, one.proposed_at))
    return [row_of(tariff, one) for one in proposals]


def row_of(tariff: Tariff, proposal: GridProposed) -> GridRow:
    return GridRow(
        proposal_id=proposal.proposal_id,
        version=proposal.grid.version,
        hash=proposal.grid_hash,
        reason=proposal.reason,
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
        effective_at=effective_at(proposal.grid),
        **_approval(tariff.adopted.get(proposal.proposal_id)),
        withdrawal=_withdrawal(tariff, proposal.proposal_id),
        content=proposal.grid,
    )


def _withdrawal(tariff: Tariff, proposal_id: str) -> WithdrawalRow | None:
    proposed = tariff.withdrawals.get(proposal_id)
    if proposed is None:
        return None
    fields = proposed.model_dump(include=set(WithdrawalRow.model_fields))
    return WithdrawalRow(**fields, **_approval(tariff.withdrawn.get(proposal_id)))


def _approval(given: GridApproved | GridWithdrawn | None) -> dict[str, Any]:
    """The second person's act; nothing while it is awaited."""
    if given is None:
        return {"approved": False, "approved_by": None, "approved_at": None}
    return {"approved": True, "approved_by": given.approved_by, "approved_at": given.approved_at}
