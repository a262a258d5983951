"""The bailleur's signed return: the report on its signatures, the check a person records."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from services.contracting.api.models import CheckRequest, EngagementDetail, detail
from services.contracting.domain.returned import (
    Fault,
    Outcome,
    PageFound,
    SignatureFound,
    SignedReturnExamined,
    refusal_of,
)
from services.contracting.report import OUTCOMES, page, sentences
from services.contracting.usecases.signed_returns import SignedReturns
from shared.auth import Principal, Role, require
from shared.http import cause_of

LegalOfficer = Annotated[Principal, require(Role.LEGAL_OFFICER)]
Reader = Annotated[Principal, require(Role.LEGAL_OFFICER, Role.AUDITOR)]


class ReturnReport(BaseModel):
    """`problem` is the type of the refusal an acceptance meets; `text` says everything in French.

    `signatory` is the one that the convention prints, beside whom the certificates of `signatures` name.
    """

    dossier_id: str
    document_id: str
    outcome: Outcome
    outcome_label: str
    problem: str | None
    faults: list[Fault]
    incremental: bool
    seal_intact: bool
    signatory: str | None
    pages: list[PageFound]
    signatures: list[SignatureFound]
    received_at: datetime
    examined_at: datetime
    text: list[str]


def router(returns: SignedReturns) -> APIRouter:
    routes = APIRouter(prefix="/engagements/{dossier_id}", tags=["convention retournée"])

    @routes.get("/signed-convention-report", summary="Le rapport sur la convention retournée")
    async def read_report(dossier_id: str, _: Reader) -> ReturnReport:
        return report(await returns.report(dossier_id))

    @routes.get(
        "/signed-convention-report/page",
        summary="Le rapport sur la convention retournée, à lire",
        response_class=HTMLResponse,
    )
    async def read_report_page(dossier_id: str, _: Reader) -> HTMLResponse:
        return HTMLResponse(page(await returns.reported(dossier_id)))

    @routes.post("/signed-convention-check", summary="Contrôler la convention retournée signée")
    async def check(dossier_id: str, body: CheckRequest, request: Request, caller: LegalOfficer) -> EngagementDetail:
        cause = cause_of(request, caller.actor)
        engagement = await returns.check(dossier_id, body.document_id, body.decision, body.reason, cause)
        return detail(dossier_id, engagement, returns.clock.now())

    return routes


def report(examined: SignedReturnExamined) -> ReturnReport:
    return ReturnReport(
        dossier_id=examined.dossier_id,
        document_id=examined.document_id,
        outcome=examined.outcome,
        outcome_label=OUTCOMES[examined.outcome],
        problem=refusal_of(examined).type if examined.faults else None,
        faults=list(examined.faults),
        incremental=examined.findings.incremental,
        seal_intact=examined.findings.seal_intact,
        signatory=examined.signatory,
        pages=list(examined.findings.pages),
        signatures=list(examined.findings.signatures),
        received_at=examined.received_at,
        examined_at=examined.examined_at,
        text=sentences(examined),
    )
