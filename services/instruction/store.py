"""Instruction's queries and its view: one document a dossier."""

from typing import Any

from services.instruction.domain.review import LABELS, STAGES_BEFORE_OPINION, Review, ReviewStage
from shared.documents import Document, Documents


def render(dossier_id: str, review: Review) -> Document:
    submitted = review.submitted
    return {
        "dossier_id": dossier_id,
        "deposit_number": submitted.deposit_number if submitted else None,
        "bailleur": submitted.bailleur.name if submitted else None,
        "operation": submitted.operation.name if submitted else None,
        "commune": submitted.operation.commune_name if submitted else None,
        "zone": submitted.operation.zone if submitted else None,
        "principal_cents": sum(loan.principal_cents for loan in review.loans),
        "stage": review.stage.value,
        "stage_label": LABELS[review.stage],
        "assignee": review.assignee,
        "submitted_at": submitted.submitted_at if submitted else None,
    }


async def queue(
    view: Documents, stage: ReviewStage | None, assignee: str | None, skip: int, limit: int
) -> list[dict[str, Any]]:
    """Reviews in deposit order; by default those that hold a place and have no opinion yet."""
    stages = [stage.value] if stage else sorted(one.value for one in STAGES_BEFORE_OPINION)
    query: dict[str, Any] = {"stage": {"$in": stages}} | ({"assignee": assignee} if assignee else {})
    found = view.find(query, sort=[("deposit_number", 1)], skip=skip, limit=limit)
    return [row async for row in found]


async def unexamined_before(view: Documents, number: int) -> list[int]:
    """Earlier deposits that hold a place and have no opinion yet, nor an end."""
    stages = sorted(one.value for one in STAGES_BEFORE_OPINION)
    query = {"stage": {"$in": stages}, "deposit_number": {"$lt": number}}
    return sorted([row["deposit_number"] async for row in view.find(query)])
