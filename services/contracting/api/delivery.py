"""What became of an acte at the BdT: the proof of its delivery and its acknowledgement."""

from typing import Annotated

from fastapi import APIRouter, Request

from services.contracting.api.models import AcknowledgementRequest, DeliveryDetail, delivery
from services.contracting.usecases.acknowledgements import Acknowledgements
from services.contracting.usecases.engagements import Engagements
from shared.auth import Principal, Role, require
from shared.http import cause_of


def router(engagements: Engagements, acknowledgements: Acknowledgements) -> APIRouter:
    routes = APIRouter(prefix="/engagements/{dossier_id}/acte", tags=["transmission"])

    @routes.get("/delivery", summary="La preuve de transmission de l'acte et son accusé de réception")
    async def read_delivery(
        dossier_id: str, _: Annotated[Principal, require(Role.LEGAL_OFFICER, Role.ACCOUNTANT, Role.AUDITOR)]
    ) -> DeliveryDetail:
        return delivery(await engagements.engagement(dossier_id))

    @routes.post("/acknowledgement", summary="Enregistrer l'accusé de réception de la Banque des Territoires")
    async def acknowledge(
        dossier_id: str,
        body: AcknowledgementRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.LEGAL_OFFICER, Role.ACCOUNTANT)],
    ) -> DeliveryDetail:
        cause = cause_of(request, caller.actor)
        return delivery(await acknowledgements.record(dossier_id, body.reference, body.received_on, cause))

    return routes
