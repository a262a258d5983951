"""What the instruction routes take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from services.instruction.domain.committee import committee_gate, diligence_gate
from services.instruction.domain.decisions import completeness
from services.instruction.domain.eligibility import RULES
from services.instruction.domain.facts import Assessment, Criterion, RiskClass, Verdict
from services.instruction.domain.review import LABELS, Profile, Review, ReviewStage
from shared.auth import Principal, Role
from shared.contracts.instruction import Opinion
from shared.contracts.values import Bailleur, FinancingPlan, Loan, Operation, StoredDocument
from shared.events import Event

M = TypeVar("M", bound=BaseModel)
SEES_RATINGS = frozenset({Role.INSTRUCTOR, Role.COMMITTEE_SECRETARY, Role.AUDITOR})
SEES_DILIGENCE = frozenset({Role.COMPLIANCE, Role.AUDITOR})
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=4_000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AssignmentRequest(Body):
    """Without an assignee the caller takes the dossier."""

    assignee: str | None = Field(default=None, max_length=200)


class SupplementRequestBody(Body):
    message: str = Field(min_length=1, max_length=4_000)
    due_days: StrictInt = Field(15, ge=1, le=90)


class ResolutionRequest(Body):
    """A person's decision on a rule that could not tell; `eligible` false counts as a failed rule."""

    rule_id: str = Field(max_length=100)
    reason: Reason
    eligible: StrictBool = True


class IneligibilityRequest(Body):
    """What the bailleur reads; without any, the failed rules' own words."""

    reasons: list[Reason] = Field(default=[], max_length=10)


class DiligenceRequest(Body):
    """A high risk needs a `senior_decision`: whose, and why the relation is entered into."""

    client_identified: StrictBool
    beneficial_owners_identified: StrictBool
    risk_class: RiskClass
    senior_decision: str = Field(default="", max_length=2_000)
    screened_on: date
    screening_clear: StrictBool


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
    """An unfavourable opinion needs a `reason`, which the bailleur reads. `order_reason` is needed when earlier
    deposits have not been examined (DOMAIN rule 3)."""

    opinion: Opinion
    session_date: date
    reason: str = Field(default="", max_length=4_000)
    order_reason: str = Field(default="", max_length=2_000)


class QueueRow(BaseModel):
    dossier_id: str
    campaign_id: str
    deposit_number: int
    bailleur: str
    operation: str
    commune: str
    zone: str
    principal_cents: int
    stage: ReviewStage
    stage_label: str
    assignee: str | None
    submitted_at: datetime


class RuleLine(BaseModel):
    rule_id: str
    label: str
    source: str
    verdict: Verdict | None
    detail: str
    resolved: bool
    resolved_eligible: bool | None
    resolution_reason: str | None


class SupplementLine(BaseModel):
    request_id: str
    message: str
    requested_at: datetime
    due_at: datetime


class AnswerLine(BaseModel):
    """A bailleur's answer to a supplement request."""

    request_id: str
    message: str
    lodged_at: datetime


class DiligenceDetail(BaseModel):
    """For compliance and auditors: who reads the gate does not learn what a screening found."""

    client_identified: bool
    beneficial_owners_identified: bool
    risk_class: RiskClass
    senior_decision: str
    screened_on: date
    screening_clear: bool
    recorded_by: str
    recorded_at: datetime


class ProfileDetail(BaseModel):
    """Confidential; never shown to a landlord (DOMAIN rule 11)."""

    rating: str
    scale: str
    rated_on: date
    programme_quality: str


class ReviewDetail(BaseModel):
    """`committee_missing` are the gate's stable words; `diligence` and `profile` are None for who may not see them."""

    dossier_id: str
    campaign_id: str
    deposit_number: int
    submitted_at: datetime
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
    supplement: SupplementLine | None
    supplement_answers: list[AnswerLine]
    rule_set: str | None
    zoning_vintage: date | None
    eligibility: list[RuleLine]
    diligence_done: bool
    diligence: DiligenceDetail | None
    assessments: list[Assessment]
    committee_missing: list[str]
    opinion: Opinion | None
    session_date: date | None
    opinion_reason: str | None
    profile: ProfileDetail | None


class SuspicionLine(BaseModel):
    text: str
    reported_by: str
    reported_at: datetime


class OvertakingLine(BaseModel):
    """One examination out of deposit order: which numbers it overtook, and why."""

    dossier_id: str
    campaign_id: str
    deposit_number: int
    overtaken: list[int]
    reason: str
    recorded_at: datetime


def overtaking_line(row: dict[str, Any]) -> OvertakingLine:
    return OvertakingLine(
        dossier_id=row["dossier_id"],
        campaign_id=row["campaign_id"],
        deposit_number=row["deposit_number"],
        overtaken=row["overtaken"],
        reason=row["order_reason"],
        recorded_at=row["overtook_at"],
    )


def review_detail(review: Review, caller: Principal, profile: Profile | None = None) -> ReviewDetail:
    """What `caller` may see of a review; never the rating where no profile is given."""
    submitted, eligibility, opinion = review.submitted, review.eligibility, review.opinion
    assert submitted is not None, "a known review has its deposit"
    rated = profile.recorded if profile and caller.roles & SEES_RATINGS else None
    diligence = review.diligence if caller.roles & SEES_DILIGENCE else None
    return ReviewDetail(
        dossier_id=submitted.dossier_id,
        campaign_id=submitted.campaign_id,
        deposit_number=submitted.deposit_number,
        submitted_at=submitted.submitted_at,
        stage=review.stage,
        stage_label=LABELS[review.stage],
        assignee=review.assignee,
        bailleur=submitted.bailleur,
        operation=submitted.operation,
        loans=list(review.loans),
        financing=submitted.financing,
        documents=list(review.documents),
        completeness=completeness(review),
        open_supplement=review.supplement.request_id if review.supplement else None,
        supplement=_taken(SupplementLine, review.supplement),
        supplement_answers=[_line(AnswerLine, one) for one in review.supplement_answers],
        rule_set=eligibility.rule_set if eligibility else None,
        zoning_vintage=eligibility.zoning_vintage if eligibility else None,
        eligibility=_rule_lines(review),
        diligence_done=all(diligence_gate(review).values()),
        diligence=_taken(DiligenceDetail, diligence),
        assessments=list(review.criteria.assessments) if review.criteria else [],
        committee_missing=committee_gate(review),
        opinion=opinion.opinion if opinion else None,
        session_date=opinion.session_date if opinion else None,
        opinion_reason=opinion.reason if opinion else None,
        profile=_taken(ProfileDetail, rated),
    )


def _taken(model: type[M], fact: Event | None) -> M | None:
    return None if fact is None else _line(model, fact)


def _line(model: type[M], fact: Event) -> M:
    """The fields of a fact that an answer shows."""
    return model.model_validate(fact.model_dump(include=set(model.model_fields)))


def _rule_lines(review: Review) -> list[RuleLine]:
    verdicts = {one.rule_id: one for one in (review.eligibility.verdicts if review.eligibility else ())}
    resolutions = {one.rule_id: one for one in review.resolutions}
    lines = list[RuleLine]()
    for rule in RULES.rules:
        found, resolution = verdicts.get(rule.rule_id), resolutions.get(rule.rule_id)
        lines.append(
            RuleLine(
                rule_id=rule.rule_id,
                label=rule.label,
                source=rule.source,
                verdict=found.verdict if found else None,
                detail=found.detail if found else "",
                resolved=resolution is not None,
                resolved_eligible=resolution.eligible if resolution else None,
                resolution_reason=resolution.reason if resolution else None,
            )
        )
    return lines
