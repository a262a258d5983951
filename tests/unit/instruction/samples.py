"""A dossier as instruction hears of it, and a small driver that folds what is decided."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from services.instruction.domain import committee, decisions
from services.instruction.domain.eligibility import RULES
from services.instruction.domain.facts import Assessment, Criterion, DiligenceRecorded, RiskClass
from services.instruction.domain.review import Review
from shared.contracts.envelope import Promoted, Released, ReservationRefused, Reserved, Waitlisted
from shared.contracts.instruction import Opinion
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced, SupplementLodged
from shared.contracts.values import FinancingPlan
from shared.events import Event
from tests import facts
from tests.facts import CAMPAIGN, DOSSIER, document, loan

NOW = datetime(2024, 5, 15, 9, tzinfo=UTC)
TODAY = date(2024, 5, 15)
ALICE, BOB = "instructeur-1", "instructeur-2"


def submitted(**changes: Any) -> DossierSubmitted:
    """A complete deposit in zone B1, with the two documents it needs."""
    papers = (document("letter"), document("file", "presentation"))
    return facts.submitted(**{"documents": papers} | changes)


def with_other_guarantee() -> DossierSubmitted:
    plan = FinancingPlan(total_cost_cents=1, equity_cents=0, subsidies_cents=0, other_guarantees=("Commune, 50 %",))
    return submitted(financing=plan)


def in_zone(zone: str, **changes: Any) -> DossierSubmitted:
    operation = submitted().operation
    return submitted(operation=operation.model_copy(update={"zone": zone, **changes}))


def _booked(number: int = 1, dossier_id: str = DOSSIER) -> dict[str, Any]:
    return {"campaign_id": CAMPAIGN, "dossier_id": dossier_id, "deposit_number": number, "amount_cents": 425_000_000}


def reserved(number: int = 1, dossier_id: str = DOSSIER) -> Reserved:
    return Reserved(**_booked(number, dossier_id), reserved_at=NOW)


def waitlisted() -> Waitlisted:
    return Waitlisted(**_booked(), place=1, waitlisted_at=NOW)


def promoted() -> Promoted:
    return Promoted(**_booked(), promoted_at=NOW)


def refused() -> ReservationRefused:
    return ReservationRefused(**_booked(), refused_at=NOW)


def released(reason: str = "OfferExpired") -> Released:
    return Released(campaign_id=CAMPAIGN, dossier_id=DOSSIER, amount_cents=1, reason=reason, released_at=NOW)


def withdrawn() -> DossierWithdrawn:
    return DossierWithdrawn(campaign_id=CAMPAIGN, dossier_id=DOSSIER, withdrawn_at=NOW)


def reduced(principal_cents: int = 1_000_000) -> LoansReduced:
    loans = (loan(principal_cents=principal_cents),)
    return LoansReduced(
        campaign_id=CAMPAIGN, dossier_id=DOSSIER, reduced_at=NOW, loans=loans, principal_cents=principal_cents
    )


def lodged(request_id: str = f"{DOSSIER}-s1") -> SupplementLodged:
    papers = (document("answer", "supplement"),)
    return SupplementLodged(dossier_id=DOSSIER, request_id=request_id, lodged_at=NOW, documents=papers, message="Voici")


def diligence(**changes: Any) -> DiligenceRecorded:
    given: dict[str, Any] = {
        "dossier_id": DOSSIER,
        "client_identified": True,
        "beneficial_owners_identified": True,
        "risk_class": RiskClass.LOW,
        "senior_decision": "",
        "screened_on": TODAY,
        "screening_clear": True,
        "recorded_by": "user:conformite-1",
        "recorded_at": NOW,
    }
    return DiligenceRecorded(**given | changes)


def assessments(**changes: Any) -> list[Assessment]:
    """All six criteria; `changes` go into the first."""
    six = [Assessment(criterion=one, score=4, justification="Bassin d'emploi dynamique") for one in Criterion]
    return [six[0].model_copy(update=changes), *six[1:]]


class Case:
    """One review that takes facts and decisions one after another."""

    def __init__(self, *heard: Event) -> None:
        self.review = Review()
        self.hear(*heard)

    def hear(self, *heard: Event) -> "Case":
        for event in heard:
            self.review = self.review.fold(event)
        return self

    def do(self, decide: Callable[..., list[Event]], *arguments: Any) -> list[Event]:
        decided = decide(self.review, *arguments)
        self.hear(*decided)
        return decided

    def examine(self) -> list[Event]:
        return self.do(decisions.examine, RULES, NOW)

    def ask(self) -> list[Event]:
        return self.do(decisions.request_supplement, "Préciser les surfaces", 15, NOW)

    def resolve(self, rule_id: str, eligible: bool = True, reason: str = "Besoin avéré") -> list[Event]:
        return self.do(decisions.resolve, rule_id, eligible, reason, ALICE, NOW)

    def opine(
        self,
        opinion: Opinion = Opinion.FAVOURABLE,
        reason: str = "",
        day: date = TODAY,
        overtaken: tuple[int, ...] = (),
        order_reason: str = "",
    ) -> list[Event]:
        return self.do(committee.give_opinion, opinion, day, reason, overtaken, order_reason, NOW)


def started(deposit: DossierSubmitted | None = None) -> Case:
    case = Case(deposit or submitted(), reserved())
    case.do(decisions.assign, ALICE, "user:instructeur-1", NOW)
    return case


def presentable(deposit: DossierSubmitted | None = None) -> Case:
    """Everything the committee waits for is there."""
    case = started(deposit)
    case.do(decisions.deem_complete, NOW)
    case.examine()
    case.do(committee.record_diligence, diligence())
    case.do(committee.note_rated)
    case.do(committee.assess, assessments(), ALICE, NOW)
    return case


def in_committee() -> Case:
    case = presentable()
    case.do(committee.send_to_committee, NOW)
    return case
