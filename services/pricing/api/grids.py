"""The grids: which one is in force, and the two-person act that changes it."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.pricing.api import READERS
from services.pricing.domain.grid import Grid
from services.pricing.domain.tariff import GridProposed, Tariff, effective_at
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


class GridRow(BaseModel):
    proposal_id: str
    version: str
    hash: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    effective_at: datetime
    approved: bool
    content: Grid


def router(tariffs: Tariffs) -> APIRouter:
    routes = APIRouter(tags=["grilles"])

    @routes.get("/grid", summary="La grille en vigueur")
    async def in_force(_: Annotated[Principal, require(*READERS)]) -> GridInForce:
        grid = await tariffs.in_force(tariffs.clock.now())
        return GridInForce(version=grid.version, hash=grid.content_hash, label=grid.label, content=grid)

    @routes.get("/grids/proposals", summary="Les grilles proposées et approuvées")
    async def proposals(_: Annotated[Principal, require(*READERS)]) -> list[GridRow]:
        return rows_of(await tariffs.tariff())

    @routes.post("/grids/proposals", status_code=201, summary="Proposer une grille")
    async def propose(
        body: GridProposal, request: Request, caller: Annotated[Principal, require(Role.PRICING_OFFICER)]
    ) -> GridRow:
        content = json.dumps(body.grid).encode()
        return row_of(await tariffs.propose(content, body.reason, cause_of(request, caller.actor)), approved=False)

    @routes.post("/grids/proposals/{proposal_id}/approval", summary="Approuver une grille (seconde personne)")
    async def approve(
        proposal_id: str,
        body: GridApproval,
        request: Request,
        caller: Annotated[Principal, require(Role.PRICING_OFFICER)],
    ) -> list[GridRow]:
        return rows_of(await tariffs.approve(proposal_id, body.hash, cause_of(request, caller.actor)))

    return routes


def rows_of(tariff: Tariff) -> list[GridRow]:
    """In the order of their dates of effect."""
    proposals = sorted(tariff.proposals.values(), key=lambda one: (one.grid.effective_on, one.proposed_at))
    return [row_of(one, approved=one.proposal_id in tariff.adopted) for one in proposals]


def row_of(proposal: GridProposed, *, approved: bool) -> GridRow:
    return GridRow(
        proposal_id=proposal.proposal_id,
        version=proposal.grid.version,
        hash=proposal.grid_hash,
        reason=proposal.reason,
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
        effective_at=effective_at(proposal.grid),
        approved=approved,
        content=proposal.grid,
    )
