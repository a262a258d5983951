"""Compliance's routes: screening on the register, its alerts and what is concluded. Nobody else reads them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.contracting.api import Limit, Skip
from services.contracting.domain.facts import Purpose
from services.contracting.domain.screening import Owner, Resolution, Screening
from services.contracting.usecases.screenings import Screenings
from shared.auth import Principal, Role, require
from shared.http import cause_of

Compliance = Annotated[Principal, require(Role.COMPLIANCE)]


class OwnerRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    birth_year: int | None = Field(default=None, ge=1900, le=2100)


class OwnersRequest(BaseModel):
    """All beneficial owners, an empty list when there is none; the list replaces the one before."""

    model_config = ConfigDict(extra="forbid")

    owners: list[OwnerRequest] = Field(max_length=50)


class ResolutionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    resolution: Resolution
    reason: str = Field(min_length=1, max_length=2000)


class AlertDetail(BaseModel):
    """`register_id` is the entry's IdRegistre."""

    alert_id: str
    party: str
    register_id: int
    listed_name: str
    resolution: Resolution | None
    reason: str | None
    resolved_by: str | None


class MadeDetail(BaseModel):
    purpose: Purpose
    published: str
    register_sha256: str
    screened_at: datetime
    hits: int


class RegisterScreeningDetail(BaseModel):
    """`owners` is null until they are declared."""

    owners: list[OwnerRequest] | None
    made: list[MadeDetail]
    alerts: list[AlertDetail]


class AlertRow(BaseModel):
    dossier_id: str
    open_alerts: int
    screened_at: datetime


def router(screenings: Screenings) -> APIRouter:
    routes = APIRouter(tags=["gel des avoirs"])

    @routes.get("/freeze-alerts", summary="Les dossiers dont une alerte de gel des avoirs est à conclure")
    async def list_alerts(_: Compliance, skip: Skip = 0, limit: Limit = 50) -> list[AlertRow]:
        return [AlertRow.model_validate(found) for found in await screenings.alerts(skip, limit)]

    @routes.get("/engagements/{dossier_id}/freeze-screening", summary="Filtrages sur le registre et alertes")
    async def read(dossier_id: str, _: Compliance) -> RegisterScreeningDetail:
        return detail(await screenings.of(dossier_id))

    @routes.put("/engagements/{dossier_id}/beneficial-owners", summary="Déclarer les bénéficiaires effectifs à filtrer")
    async def declare_owners(
        dossier_id: str, body: OwnersRequest, request: Request, caller: Compliance
    ) -> RegisterScreeningDetail:
        owners = tuple(Owner.model_validate(owner.model_dump()) for owner in body.owners)
        return detail(await screenings.declare_owners(dossier_id, owners, cause_of(request, caller.actor)))

    @routes.post("/engagements/{dossier_id}/freeze-screening/{purpose}", summary="Filtrer sur le registre des gels")
    async def run(dossier_id: str, purpose: Purpose, request: Request, caller: Compliance) -> RegisterScreeningDetail:
        return detail(await screenings.run(dossier_id, purpose, cause_of(request, caller.actor)))

    @routes.post("/engagements/{dossier_id}/freeze-alerts/{alert_id}", summary="Lever ou confirmer une alerte")
    async def resolve(
        dossier_id: str, alert_id: str, body: ResolutionRequest, request: Request, caller: Compliance
    ) -> RegisterScreeningDetail:
        cause = cause_of(request, caller.actor)
        return detail(await screenings.resolve(dossier_id, alert_id, body.resolution, body.reason, cause))

    return routes


def detail(state: Screening) -> RegisterScreeningDetail:
    alerts = list[AlertDetail]()
    for hit in state.hits:
        decided = state.resolution(hit.alert_id)
        fields = hit.model_dump() | {
            "resolution": decided.resolution if decided else None,
            "reason": decided.reason if decided else None,
            "resolved_by": decided.resolved_by if decided else None,
        }
        alerts.append(AlertDetail.model_validate(fields))
    made = [
        MadeDetail(
            purpose=one.purpose,
            published=one.published,
            register_sha256=one.register_sha256,
            screened_at=one.screened_at,
            hits=len(one.hits),
        )
        for one in state.made
    ]
    declared = state.owners
    owners = None if declared is None else [OwnerRequest.model_validate(owner.model_dump()) for owner in declared]
    return RegisterScreeningDetail(owners=owners, made=made, alerts=alerts)
