"""Eligibility: a versioned rule set, each rule with its source and verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from services.instruction.domain.facts import RuleVerdict, Verdict
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import Structure
from shared.territory import LLI_ZONES, rent_cap

CENTS_PER_EURO = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """`source` is the clause or article it comes from."""

    rule_id: str
    label: str
    source: str
    check: Callable[[DossierSubmitted], RuleVerdict]


@dataclass(frozen=True, slots=True)
class RuleSet:
    version: str
    rules: tuple[Rule, ...]

    def examine(self, submitted: DossierSubmitted) -> tuple[RuleVerdict, ...]:
        return tuple(rule.check(submitted) for rule in self.rules)


def _structure(submitted: DossierSubmitted) -> RuleVerdict:
    eligible = submitted.bailleur.structure in set(Structure)
    return RuleVerdict(rule_id="structure", verdict=Verdict.OK if eligible else Verdict.FAILED)


def _no_other_guarantee(submitted: DossierSubmitted) -> RuleVerdict:
    others = submitted.financing.other_guarantees
    if not others:
        return RuleVerdict(rule_id="no-other-guarantee", verdict=Verdict.OK)
    detail = "Le plan de financement prévoit d'autres garanties : " + ", ".join(others)
    return RuleVerdict(rule_id="no-other-guarantee", verdict=Verdict.FAILED, detail=detail)


def _zone(submitted: DossierSubmitted) -> RuleVerdict:
    operation = submitted.operation
    if operation.zone in LLI_ZONES:
        return RuleVerdict(rule_id="zone", verdict=Verdict.OK)
    detail = f"Zone {operation.zone} au zonage du {operation.zoning_vintage:%d/%m/%Y} : appréciation nécessaire"
    return RuleVerdict(rule_id="zone", verdict=Verdict.PERSON, detail=detail)


def _rent(submitted: DossierSubmitted) -> RuleVerdict:
    operation = submitted.operation
    cap = rent_cap(operation.zone, operation.average_surface_m2)
    rent = Decimal(operation.rent_per_m2_cents) / CENTS_PER_EURO
    if cap is not None and rent <= cap:
        return RuleVerdict(rule_id="rent", verdict=Verdict.OK)
    shown = "aucun plafond" if cap is None else f"plafond {cap} €"
    return RuleVerdict(rule_id="rent", verdict=Verdict.PERSON, detail=f"Loyer {rent} €/m² : {shown}".replace(".", ","))


def _loans(submitted: DossierSubmitted) -> RuleVerdict:
    sound = bool(submitted.loans) and all(loan.principal_cents > 0 for loan in submitted.loans)
    return RuleVerdict(rule_id="loans", verdict=Verdict.OK if sound else Verdict.FAILED)


RULES = RuleSet(
    "eligibility-1",
    (
        Rule("structure", "Structure bénéficiaire", "Cahier des charges, § 1", _structure),
        Rule("loans", "Prêts de la Banque des Territoires", "Cahier des charges, § 2.A.2", _loans),
        Rule("no-other-guarantee", "Aucune autre garantie", "Cahier des charges, § 3", _no_other_guarantee),
        Rule("zone", "Zone du logement intermédiaire", "CGI, article 279-0 bis A", _zone),
        Rule("rent", "Loyer sous le plafond de la zone", "CGI, annexe II, plafonds 2025", _rent),
    ),
)
