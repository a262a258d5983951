"""Instruction's private facts: they stay in its journal."""

from datetime import date
from enum import StrEnum

from shared.events import Event, UtcDatetime, Value


class Criterion(StrEnum):
    """The six priority-2 criteria (cahier des charges 2.B)."""

    ECONOMIC_DYNAMISM = "economic_dynamism"
    MARKET_TENSION = "market_tension"
    INTERMEDIATE_SATURATION = "intermediate_saturation"
    LOCATION = "location"
    RENTS = "rents"
    DESIGN = "design"


class RiskClass(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verdict(StrEnum):
    """`person`: the rule cannot tell; somebody decides, with a reason."""

    OK = "ok"
    FAILED = "failed"
    PERSON = "person"


class RuleVerdict(Value):
    rule_id: str
    verdict: Verdict
    detail: str = ""


class Assessment(Value):
    """One criterion: from 1 (weak) to 5 (strong), and why."""

    criterion: Criterion
    score: int
    justification: str


class ReviewAssigned(Event):
    dossier_id: str
    assignee: str
    assigned_by: str
    assigned_at: UtcDatetime


class EligibilityExamined(Event):
    """The verdicts of a rule set on the dossier as it stood; `zoning_vintage` dates the zone they used."""

    dossier_id: str
    rule_set: str
    verdicts: tuple[RuleVerdict, ...]
    examined_at: UtcDatetime
    zoning_vintage: date | None = None


class EligibilityResolved(Event):
    """A person's reasoned decision where a rule could not tell; not `eligible` counts as a failed rule."""

    dossier_id: str
    rule_id: str
    reason: str
    resolved_by: str
    resolved_at: UtcDatetime
    eligible: bool = True


class DiligenceRecorded(Event):
    """Identification and risk (CMF L.561-4-1 ff.), and the asset-freeze screening."""

    dossier_id: str
    client_identified: bool
    beneficial_owners_identified: bool
    risk_class: RiskClass
    senior_decision: str
    screened_on: date
    screening_clear: bool
    recorded_by: str
    recorded_at: UtcDatetime


class CriteriaAssessed(Event):
    dossier_id: str
    assessments: tuple[Assessment, ...]
    assessed_by: str
    assessed_at: UtcDatetime


class OvertakingRecorded(Event):
    """A later number was examined before earlier ones, and why (DOMAIN rule 3)."""

    dossier_id: str
    deposit_number: int
    overtaken: tuple[int, ...]
    reason: str
    recorded_at: UtcDatetime


class SuspicionReported(Event):
    """A report under L.561-15: in a stream of its own, for the compliance role only."""

    dossier_id: str
    text: str
    reported_by: str
    reported_at: UtcDatetime
