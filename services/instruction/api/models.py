"""What the instruction routes take and answer."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.instruction.domain.committee import committee_gate
from services.instruction.domain.decisions import completeness
from services.instruction.domain.eligibility import RULES
from services.instruction.domain.facts import Assessment, Criterion, RiskClass, Verdict
from services.instruction.domain.review import LABELS, Profile, Review, ReviewStage
from shared.contracts.instruction import Opinion
from shared.contracts.values import Bailleur, FinancingPlan, Loan, Operation, StoredDocument


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AssignmentRequest(Body):
    """Without an assignee the caller takes the dossier."""

    assignee: str | None = Field(default=None, max_length=200)


class SupplementRequestBody(Body):
    message: str = Field(min_length=1, max_length=4_000)
    due_days: StrictInt = Field(15, ge=1, le=90)


class ResolutionRequest(Body):
    rule_id: str
    reason: str = Field(min_length=10, max_length=4_000)


class DiligenceRequest(Body):
    client_identified: bool
    beneficial_owners_identified: bool
    risk_class: RiskClass
    senior_decision: str = Field(default="", max_length=2_000)
    screened_on: date
    screening_clear: bool


class SuspicionRequest(Body):
    text: str = Field(min_length=1, max_length=20_000)


class RatingRequest(Body):
    """Banque de France's rating with its scale and date (DOMAIN rule 10), and the programme's quality."""

    rating: str = Field(min_length=1, max_length=3)
    scale: Literal["since_2022", "before_2022"] = "since_2022"
    rated_on: date
    programme_quality: Literal["A", "B", "C"]


class CriterionRequest(Body):
    criterion: Criterion
    score: StrictInt = Field(ge=1, le=5)
    justification: str = Field(min_length=1, max_length=4_000)


class CriteriaRequest(Body):
    assessments: list[CriterionRequest] = Field(min_length=1, max_length=6)


class OpinionRequest(Body):
    """`order_reason` is needed when earlier deposits have not been examined (DOMAIN rule 3)."""

    opinion: Opinion
    session_date: date
    reason: str = Field(default="", max_length=4_000)
    order_reason: str = Field(default="", max_length=2_000)


class QueueRow(BaseModel):
    dossier_id: str
    deposit_number: int | None
    bailleur: str | None
    operation: str | None
    commune: str | None
    zone: str | None
    principal_cents: int
    stage: ReviewStage
    stage_label: str
    assignee: str | None
    submitted_at: datetime | None


class RuleLine(BaseModel):
    rule_id: str
    label: str
    source: str
    verdict: Verdict | None
    detail: str
    resolved: bool


class ProfileDetail(BaseModel):
    """Confidential; never shown to a landlord (DOMAIN rule 11)."""

    rating: str
    scale: str
    rated_on: date
    programme_quality: str


class ReviewDetail(BaseModel):
    dossier_id: str
    deposit_number: int
    stage: ReviewStage
    stage_label: str
    assignee: str | None
    bailleur: Bailleur
    operation: Operation
    loans: list[Loan]
    financing: FinancingPlan
    documents: list[StoredDocument]
    completeness: dict[str, bool]
    open_supplement: str | None
    rule_set: str | None
    eligibility: list[RuleLine]
    diligence_done: bool
    assessments: list[Assessment]
    committee_missing: list[str]
    opinion: Opinion | None
    profile: ProfileDetail | None


class SuspicionLine(BaseModel):
    text: str
    reported_by: str
    reported_at: datetime


class OvertakingLine(BaseModel):
    dossier_id: str
    deposit_number: int
    overtaken: list[int]
    reason: str
    recorded_at: datetime


def review_detail(review: Review, profile: Profile) -> ReviewDetail:
    submitted = review.submitted
    assert submitted is not None, "a known review has its deposit"
    recorded = profile.recorded
    return ReviewDetail(
        dossier_id=submitted.dossier_id,
        deposit_number=submitted.deposit_number,
        stage=review.stage,
        stage_label=LABELS[review.stage],
        assignee=review.assignee,
        bailleur=submitted.bailleur,
        operation=submitted.operation,
        loans=list(review.loans),
        financing=submitted.financing,
        documents=[*submitted.documents, *review.supplement_documents],
        completeness=completeness(review),
        open_supplement=review.supplement.request_id if review.supplement else None,
        rule_set=review.eligibility.rule_set if review.eligibility else None,
        eligibility=_lines(review),
        diligence_done=review.diligence is not None,
        assessments=list(review.criteria.assessments) if review.criteria else [],
        committee_missing=committee_gate(review),
        opinion=review.opinion.opinion if review.opinion else None,
        profile=ProfileDetail(**recorded.model_dump(include=set(ProfileDetail.model_fields))) if recorded else None,
    )


def _lines(review: Review) -> list[RuleLine]:
    verdicts = {one.rule_id: one for one in (review.eligibility.verdicts if review.eligibility else ())}
    lines = list[RuleLine]()
    for rule in RULES.rules:
        found = verdicts.get(rule.rule_id)
        lines.append(
            RuleLine(
                rule_id=rule.rule_id,
                label=rule.label,
                source=rule.source,
                verdict=found.verdict if found else None,
                detail=found.detail if found else "",
                resolved=rule.rule_id in review.resolved,
            )
        )
    return lines
