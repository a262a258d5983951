"""Instruction's routes: queue, review, diligence, rating, committee."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.instruction import store
from services.instruction.api.models import (
    AssignmentRequest,
    CriteriaRequest,
    DiligenceRequest,
    IneligibilityRequest,
    OpinionRequest,
    OvertakingLine,
    QueueRow,
    RatingRequest,
    ResolutionRequest,
    ReviewDetail,
    SupplementRequestBody,
    SuspicionLine,
    SuspicionRequest,
    overtaking_line,
    review_detail,
)
from services.instruction.domain.facts import Assessment, DiligenceRecorded
from services.instruction.domain.review import ReviewStage, Suspicions
from services.instruction.usecases import Instruction
from shared.auth import Principal, Role, require
from shared.contracts.instruction import RiskProfileRecorded
from shared.http import cause_of

READERS = (Role.INSTRUCTOR, Role.COMPLIANCE, Role.COMMITTEE_SECRETARY, Role.AUDITOR)
Skip = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=200)]
Reader = Annotated[Principal, require(*READERS)]
Instructor = Annotated[Principal, require(Role.INSTRUCTOR)]
Compliance = Annotated[Principal, require(Role.COMPLIANCE)]
Secretary = Annotated[Principal, require(Role.COMMITTEE_SECRETARY)]


def router(instruction: Instruction) -> APIRouter:
    routes = APIRouter(tags=["instruction"])
    _route_reading(routes, instruction)
    _route_review(routes, instruction)
    _route_judgement(routes, instruction)
    _route_compliance(routes, instruction)
    return routes


def _route_reading(routes: APIRouter, instruction: Instruction) -> None:
    @routes.get("/queue", summary="La file, par ordre de dépôt")
    async def queue(
        _: Reader,
        stage: ReviewStage | None = None,
        assignee: str | None = None,
        skip: Skip = 0,
        limit: Limit = 50,
    ) -> list[QueueRow]:
        rows = await store.queue(instruction.view, stage, assignee, skip, limit)
        return [QueueRow.model_validate(row) for row in rows]

    @routes.get("/reviews/{dossier_id}", summary="L'instruction d'un dossier")
    async def read(dossier_id: str, caller: Reader) -> ReviewDetail:
        return review_detail(await instruction.review(dossier_id), caller, await instruction.profile(dossier_id))

    @routes.get("/fairness-report", summary="Les examens hors de l'ordre de dépôt")
    async def fairness(_: Reader, skip: Skip = 0, limit: Limit = 50) -> list[OvertakingLine]:
        return [overtaking_line(row) for row in await store.overtakings(instruction.view, skip, limit)]


def _route_review(routes: APIRouter, instruction: Instruction) -> None:
    @routes.post("/reviews/{dossier_id}/assignment", summary="Attribuer le dossier")
    async def assign(dossier_id: str, body: AssignmentRequest, request: Request, caller: Instructor) -> ReviewDetail:
        cause = cause_of(request, caller.actor)
        return review_detail(await instruction.assign(dossier_id, body.assignee or caller.subject, cause), caller)

    @routes.post("/reviews/{dossier_id}/supplement-requests", summary="Demander un complément")
    async def supplement(
        dossier_id: str, body: SupplementRequestBody, request: Request, caller: Instructor
    ) -> ReviewDetail:
        cause = cause_of(request, caller.actor)
        return review_detail(
            await instruction.request_supplement(dossier_id, body.message, body.due_days, cause), caller
        )

    @routes.post("/reviews/{dossier_id}/completeness", summary="Constater que le dossier est réputé complet")
    async def complete(dossier_id: str, request: Request, caller: Instructor) -> ReviewDetail:
        return review_detail(await instruction.deem_complete(dossier_id, cause_of(request, caller.actor)), caller)

    @routes.post("/reviews/{dossier_id}/eligibility", summary="Examiner l'éligibilité")
    async def examine(dossier_id: str, request: Request, caller: Instructor) -> ReviewDetail:
        return review_detail(await instruction.examine(dossier_id, cause_of(request, caller.actor)), caller)

    @routes.post("/reviews/{dossier_id}/eligibility/resolutions", summary="Apprécier une règle")
    async def resolve(dossier_id: str, body: ResolutionRequest, request: Request, caller: Instructor) -> ReviewDetail:
        cause = cause_of(request, caller.actor)
        found = await instruction.resolve(dossier_id, body.rule_id, body.eligible, body.reason, cause)
        return review_detail(found, caller)

    @routes.post("/reviews/{dossier_id}/ineligibility", summary="Constater l'inéligibilité")
    async def ineligible(
        dossier_id: str, request: Request, caller: Instructor, body: IneligibilityRequest | None = None
    ) -> ReviewDetail:
        cause = cause_of(request, caller.actor)
        found = await instruction.find_ineligible(dossier_id, body.reasons if body else [], cause)
        return review_detail(found, caller)


def _route_judgement(routes: APIRouter, instruction: Instruction) -> None:
    @routes.put("/reviews/{dossier_id}/rating", summary="Enregistrer la cotation et la qualité du programme")
    async def rate(dossier_id: str, body: RatingRequest, request: Request, caller: Instructor) -> ReviewDetail:
        now = instruction.clock.now()
        recorded = RiskProfileRecorded(dossier_id=dossier_id, recorded_at=now, **body.model_dump())
        return review_detail(await instruction.rate(recorded, cause_of(request, caller.actor)), caller)

    @routes.put("/reviews/{dossier_id}/criteria", summary="Apprécier les six critères de priorité 2")
    async def assess(dossier_id: str, body: CriteriaRequest, request: Request, caller: Instructor) -> ReviewDetail:
        assessments = [Assessment.model_validate(one.model_dump()) for one in body.assessments]
        return review_detail(await instruction.assess(dossier_id, assessments, cause_of(request, caller.actor)), caller)

    @routes.post("/reviews/{dossier_id}/committee", summary="Transmettre à la commission")
    async def committee(dossier_id: str, request: Request, caller: Instructor) -> ReviewDetail:
        return review_detail(await instruction.send_to_committee(dossier_id, cause_of(request, caller.actor)), caller)

    @routes.post("/reviews/{dossier_id}/opinion", summary="Enregistrer l'avis de la commission")
    async def opinion(dossier_id: str, body: OpinionRequest, request: Request, caller: Secretary) -> ReviewDetail:
        cause = cause_of(request, caller.actor)
        found = await instruction.give_opinion(
            dossier_id, body.opinion, body.session_date, body.reason, body.order_reason, cause
        )
        return review_detail(found, caller)


def _route_compliance(routes: APIRouter, instruction: Instruction) -> None:
    @routes.put("/reviews/{dossier_id}/diligence", summary="Enregistrer les diligences (LCB-FT)")
    async def diligence(dossier_id: str, body: DiligenceRequest, request: Request, caller: Compliance) -> ReviewDetail:
        recorded = DiligenceRecorded(
            dossier_id=dossier_id,
            recorded_by=caller.actor,
            recorded_at=instruction.clock.now(),
            **body.model_dump(),
        )
        return review_detail(await instruction.record_diligence(recorded, cause_of(request, caller.actor)), caller)

    @routes.post("/reviews/{dossier_id}/suspicion-reports", status_code=201, summary="Déclarer un soupçon")
    async def report(
        dossier_id: str, body: SuspicionRequest, request: Request, caller: Compliance
    ) -> list[SuspicionLine]:
        return suspicion_lines(
            await instruction.report_suspicion(dossier_id, body.text, cause_of(request, caller.actor))
        )

    @routes.get("/reviews/{dossier_id}/suspicion-reports", summary="Les déclarations de soupçon")
    async def reports(dossier_id: str, _: Compliance) -> list[SuspicionLine]:
        return suspicion_lines(await instruction.suspicions_of(dossier_id))


def suspicion_lines(found: Suspicions) -> list[SuspicionLine]:
    return [SuspicionLine.model_validate(one.model_dump(exclude={"dossier_id"})) for one in found.reports]
