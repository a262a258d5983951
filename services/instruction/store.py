"""Instruction's queries and its view: one document a dossier."""

from typing import Any

from services.instruction.domain.review import LABELS, STAGES_BEFORE_OPINION, Review, ReviewStage
from shared.documents import Document, Documents

# Numbers are per campaign. A dossier whose deposit has not been heard of yet has none and is in no list.
DEPOSIT_ORDER = [("campaign_id", 1), ("deposit_number", 1)]
DEPOSITED = {"deposit_number": {"$gte": 1}}
AWAITING_OPINION = sorted(stage.value for stage in STAGES_BEFORE_OPINION)


def render(dossier_id: str, review: Review) -> Document:
    submitted, overtaking = review.submitted, review.overtaking
    return {
        "dossier_id": dossier_id,
        "campaign_id": submitted.campaign_id if submitted else None,
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
        "overtook": overtaking is not None,
        "overtaken": list(overtaking.overtaken) if overtaking else [],
        "order_reason": overtaking.reason if overtaking else None,
        "overtook_at": overtaking.recorded_at if overtaking else None,
    }


async def queue(
    view: Documents, stage: ReviewStage | None, assignee: str | None, skip: int, limit: int
) -> list[dict[str, Any]]:
    """Reviews in deposit order; by default those that hold a place and have no opinion yet."""
    query: dict[str, Any] = DEPOSITED | {"stage": {"$in": [stage.value] if stage else AWAITING_OPINION}}
    query |= {"assignee": assignee} if assignee else {}
    return [row async for row in view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)]


async def unexamined_before(view: Documents, campaign_id: str, number: int) -> list[int]:
    """Earlier deposits of the campaign that hold a place and have no opinion yet, nor an end."""
    query = {"campaign_id": campaign_id, "stage": {"$in": AWAITING_OPINION}, "deposit_number": {"$lt": number}}
    return sorted([row["deposit_number"] async for row in view.find(query)])


async def overtakings(view: Documents, skip: int, limit: int) -> list[dict[str, Any]]:
    """Every examination out of deposit order, with its reason: the fairness report (DOMAIN rule 3)."""
    query = DEPOSITED | {"overtook": True}
    return [row async for row in view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)]
