"""Eligibility: a versioned rule set, each rule with its source and verdict."""

from collections.abc import Callable
from dataclasses import dataclass

from services.instruction.domain.facts import RuleVerdict, Verdict
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import Structure
from shared.money import format_euros
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


def _ruled(rule_id: str, holds: bool, detail: str, otherwise: Verdict = Verdict.FAILED) -> RuleVerdict:
    return RuleVerdict(rule_id=rule_id, verdict=Verdict.OK if holds else otherwise, detail="" if holds else detail)


def _structure(submitted: DossierSubmitted) -> RuleVerdict:
    eligible = submitted.bailleur.structure in set(Structure)
    return _ruled("structure", eligible, "La structure juridique n'est pas bénéficiaire de la garantie")


def _loans(submitted: DossierSubmitted) -> RuleVerdict:
    sound = bool(submitted.loans) and all(loan.principal_cents > 0 for loan in submitted.loans)
    return _ruled("loans", sound, "Un prêt de la Banque des Territoires, d'un montant positif, est nécessaire")


def _no_other_guarantee(submitted: DossierSubmitted) -> RuleVerdict:
    others = submitted.financing.other_guarantees
    detail = "Le plan de financement prévoit d'autres garanties : " + ", ".join(others)
    return _ruled("no-other-guarantee", not others, detail)


def _zone(submitted: DossierSubmitted) -> RuleVerdict:
    operation = submitted.operation
    detail = f"Zone {operation.zone} au zonage du {operation.zoning_vintage:%d/%m/%Y} : appréciation nécessaire"
    return _ruled("zone", operation.zone in LLI_ZONES, detail, Verdict.PERSON)


def _rent(submitted: DossierSubmitted) -> RuleVerdict:
    operation = submitted.operation
    rent_cents, cap = operation.rent_per_m2_cents, rent_cap(operation.zone, operation.average_surface_m2)
    cap_cents = None if cap is None else int(cap * CENTS_PER_EURO)
    shown = "aucun plafond" if cap_cents is None else f"plafond {format_euros(cap_cents)}"
    detail = f"Loyer {format_euros(rent_cents)}/m² : {shown} au zonage du {operation.zoning_vintage:%d/%m/%Y}"
    return _ruled("rent", cap_cents is not None and rent_cents <= cap_cents, detail, Verdict.PERSON)


RULES = RuleSet(
    "eligibility-1",
    (
        Rule("structure", "Structure bénéficiaire", "Cahier des charges, § 1", _structure),
        Rule("loans", "Prêts de la Banque des Territoires", "Cahier des charges, § 2.A.2", _loans),
        Rule("no-other-guarantee", "Aucune autre garantie", "Cahier des charges, § 3", _no_other_guarantee),
        Rule("zone", "Zone du logement intermédiaire", "CGI, article 279-0 bis A", _zone),
        Rule(
            "rent", "Loyer sous le plafond de la zone", "CGI, annexe III, article 2 terdecies D (plafonds 2025)", _rent
        ),
    ),
)
