"""The rule set: each rule with its label, its source and its verdicts."""

from decimal import Decimal

import pytest

from services.instruction.domain.eligibility import RULES
from services.instruction.domain.facts import Verdict
from shared.contracts.values import Structure
from tests.facts import loan
from tests.unit.instruction.samples import in_zone, submitted, with_other_guarantee


def verdict(deposit, rule_id: str):
    (found,) = [one for one in RULES.examine(deposit) if one.rule_id == rule_id]
    return found


def test_every_rule_names_its_label_and_source_and_answers_under_its_own_name():
    assert all(rule.label and rule.source for rule in RULES.rules)
    assert [one.rule_id for one in RULES.examine(submitted())] == [rule.rule_id for rule in RULES.rules]
    assert len({rule.rule_id for rule in RULES.rules}) == len(RULES.rules)


def test_a_sound_dossier_passes_every_rule_without_a_word():
    assert all((one.verdict, one.detail) == (Verdict.OK, "") for one in RULES.examine(submitted()))


@pytest.mark.parametrize("structure", list(Structure))
def test_every_structure_of_the_list_is_eligible(structure):
    bailleur = submitted().bailleur.model_copy(update={"structure": structure})
    assert verdict(submitted(bailleur=bailleur), "structure").verdict is Verdict.OK


def test_another_structure_is_not():
    bailleur = submitted().bailleur.model_copy(update={"structure": "sci"})
    assert verdict(submitted().model_copy(update={"bailleur": bailleur}), "structure").verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("loans", "expected"),
    [
        ((loan(),), Verdict.OK),
        ((), Verdict.FAILED),
        ((loan(principal_cents=0),), Verdict.FAILED),
        ((loan(), loan("foncier", principal_cents=0)), Verdict.FAILED),
    ],
)
def test_loans_exist_and_have_an_amount(loans, expected):
    assert verdict(submitted(loans=loans), "loans").verdict is expected


def test_another_guarantee_fails_and_is_named():
    found = verdict(with_other_guarantee(), "no-other-guarantee")
    assert found.verdict is Verdict.FAILED
    assert "Commune, 50 %" in found.detail


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("A bis", "ok"), ("A", "ok"), ("B1", "ok"), ("B2", "person"), ("C", "person")],
)
def test_elsewhere_than_in_the_intermediate_zones_a_person_looks(zone, expected):
    found = verdict(in_zone(zone), "zone")
    assert found.verdict == expected
    assert ("05/09/2025" in found.detail) == (expected == "person")


@pytest.mark.parametrize(
    ("zone", "surface", "rent_cents", "expected"),
    [
        # B1, 62 m²: 11.68 × (0.7 + 19/62) = 11.76 (DOMAIN, Territory).
        ("B1", "62", 1_176, "ok"),
        ("B1", "62", 1_177, "person"),
        ("B1", "30", 1_401, "ok"),
        ("B1", "30", 1_403, "person"),
        ("C", "62", 1, "person"),
    ],
)
def test_the_rent_is_held_to_the_cap_of_its_zone_and_surface(zone, surface, rent_cents, expected):
    deposit = in_zone(zone, average_surface_m2=Decimal(surface), rent_per_m2_cents=rent_cents)
    assert verdict(deposit, "rent").verdict == expected


def test_the_rent_verdict_shows_both_figures_in_french():
    found = verdict(in_zone("B1", rent_per_m2_cents=1_250), "rent")
    assert "12,50\u00a0€/m²" in found.detail
    assert "11,76\u00a0€" in found.detail
    assert "aucun plafond" in verdict(in_zone("C"), "rent").detail
