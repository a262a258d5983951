import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from services.pricing.domain.grid import (
    Grid,
    GridBandsBroken,
    GridFigureOutOfRange,
    GridHashMismatch,
    GridIncomplete,
    GridTreatmentForbidden,
    GridUnreadable,
    InvalidGrid,
    UnknownProgrammeQuality,
    load_grid,
)
from services.pricing.domain.rating import CommitteeDerogationNeeded, CreditQualityStep, RatingRefused
from services.pricing.grids import SCHEMA, grid_bytes

DEMONSTRATION = grid_bytes()
GRID = load_grid(DEMONSTRATION)


def changed(path: str, value: Any) -> bytes:
    """The demonstration grid with another value at a dotted path; None is JSON's null."""
    content = json.loads(DEMONSTRATION)
    *parents, name = path.split(".")
    target = content
    for parent in parents:
        target = target[parent]
    target[name] = value
    return json.dumps(content).encode()


def bands(*spans: tuple[int, int | None]) -> list[dict[str, Any]]:
    return [{"over_years": over, "up_to_years": up_to, "base_bp": "10"} for over, up_to in spans]


def test_the_demonstration_grid_says_what_it_is():
    assert (GRID.version, str(GRID.effective_on)) == ("demonstration-1", "2024-04-29")
    assert "DÉMONSTRATION" in GRID.label
    assert (GRID.discount_rate, GRID.minimum_cents, GRID.cap_share) == (Decimal("0.03"), 50_000, Decimal("0.10"))


@pytest.mark.parametrize(
    ("step", "years", "base_bp"),
    [
        ("CQS1", 1, 8),
        ("CQS1", 50, 8),
        ("CQS2", 35, 12),
        ("CQS3", 35, 20),
        ("CQS4", 30, 35),
        ("CQS4", 31, 45),
        ("CQS4", 40, 45),
        ("CQS4", 41, 60),
    ],
)
def test_the_base_depends_on_step_and_duration(step: str, years: int, base_bp: int):
    assert GRID.base_bp(CreditQualityStep(step), years) == base_bp


def test_steps_without_an_automatic_price_are_refused():
    with pytest.raises(CommitteeDerogationNeeded):
        GRID.base_bp(CreditQualityStep.CQS5, 35)
    with pytest.raises(RatingRefused):
        GRID.base_bp(CreditQualityStep.CQS6, 35)


@pytest.mark.parametrize(("months", "bp"), [(0, 0), (1, 1), (12, 1), (13, 2), (24, 2)])
def test_each_started_twelve_months_of_deferral_add(months: int, bp: int):
    assert GRID.deferral_bp(months) == bp
    assert load_grid(changed("deferral_bp_per_started_year", "2.5")).deferral_bp(months) == bp * Decimal("2.5")


def test_programme_quality_adjusts_the_rate():
    assert [GRID.programme_bp(quality) for quality in "ABC"] == [-2, 0, 3]
    with pytest.raises(UnknownProgrammeQuality) as refused:
        GRID.programme_bp("D")
    assert refused.value.status == 422


def test_the_hash_follows_the_content_and_not_the_layout():
    assert load_grid(json.dumps(json.loads(DEMONSTRATION), indent=8).encode()).content_hash == GRID.content_hash
    assert load_grid(changed("minimum_cents", 50_001)).content_hash != GRID.content_hash
    assert len(GRID.content_hash) == 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        changed("unforeseen", "1"),
        changed("discount_rate", 0.03),
        changed("discount_rate", "three"),
        changed("discount_rate", "NaN"),
        changed("minimum_cents", "50000"),
        changed("discount_rate", "0.0300001"),
        changed("discount_rate", "3E-2"),
        changed("quality_bp.B", "-0"),
        changed("effective_on", "29/04/2024"),
        changed("steps.CQS7", {"treatment": "refused"}),
        DEMONSTRATION.replace(b'"A": "-2"', b'"A": "-2", "A": "-1"'),
        DEMONSTRATION.replace(b"50000", b"NaN"),
    ],
)
def test_a_file_of_another_form_is_unreadable(data: bytes):
    with pytest.raises(GridUnreadable):
        load_grid(data)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\n{", "JSON incorrect, ligne 2, colonne 2."),
        (b"\xff", "le texte n'est pas en UTF-8."),
        (b"[]", "champs absents, inconnus ou mal écrits : /."),
        (changed("steps.CQS4.treatment", "no"), "champs absents, inconnus ou mal écrits : /steps/CQS4/treatment."),
        (changed("discount_rate", 0.03), "0.03 : écrivez les décimaux entre guillemets."),
        (changed("quality_bp.B", 0), "écrivez autrement quality_bp (6 décimales au plus, entre guillemets)."),
    ],
)
def test_where_a_file_is_wrong_is_said_in_french(data: bytes, named: str):
    with pytest.raises(GridUnreadable) as refused:
        load_grid(data)
    assert refused.value.detail == f"Le fichier de grille n'est pas conforme : {named}"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (changed("steps", {"CQS1": {"treatment": "refused"}}), "CQS2, CQS3, CQS4, CQS5, CQS6"),
        (changed("quality_bp", {"A": "0", "B": "0"}), "qualité C"),
    ],
)
def test_a_missing_step_or_quality_is_named(data: bytes, named: str):
    with pytest.raises(GridIncomplete) as refused:
        load_grid(data)
    assert named in refused.value.detail


def test_a_grid_that_is_not_the_one_named_is_refused():
    GRID.check_hash(GRID.content_hash)
    with pytest.raises(GridHashMismatch) as refused:
        load_grid(changed("minimum_cents", 50_001)).check_hash(GRID.content_hash)
    assert refused.value.status == 409


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("steps.CQS4.bands", []),
        ("steps.CQS4.bands", bands((1, None))),
        ("steps.CQS4.bands", bands((0, 50))),
        ("steps.CQS4.bands", bands((0, 30), (31, None))),
        ("steps.CQS4.bands", bands((0, 30), (29, None))),
        ("steps.CQS4.bands", bands((0, None), (30, None))),
        ("steps.CQS4.bands", bands((0, 0), (0, None))),
        ("steps.CQS4.bands", bands((0, 40), (40, 30), (30, None))),
        ("steps.CQS5.bands", bands((0, None))),
    ],
)
def test_bands_with_a_hole_an_overlap_or_no_right_to_be_are_refused(path: str, value: Any):
    with pytest.raises(GridBandsBroken):
        load_grid(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", " "),
        ("label", ""),
        ("rating_max_age_months", 0),
        ("rating_max_age_months", 61),
        ("discount_rate", "-0.01"),
        ("discount_rate", "1"),
        ("minimum_cents", -1),
        ("minimum_cents", 60_000_000_001),
        ("cap_share", "0"),
        ("cap_share", "1.01"),
        ("deferral_bp_per_started_year", "-1"),
        ("deferral_bp_per_started_year", "100.000001"),
        ("quality_bp.A", "-8"),
        ("quality_bp.C", "9940"),
    ],
)
def test_a_figure_outside_its_range_is_named(path: str, value: Any):
    with pytest.raises(GridFigureOutOfRange) as refused:
        load_grid(changed(path, value))
    assert isinstance(refused.value, InvalidGrid)
    assert path.split(".")[0].replace("quality_bp", "base_bp") in refused.value.detail


@pytest.mark.parametrize(("step", "treatment"), [("CQS5", "automatic"), ("CQS6", "automatic"), ("CQS6", "derogation")])
def test_no_grid_prices_the_fifth_step_or_treats_the_sixth_otherwise_than_by_a_refusal(step: str, treatment: str):
    pricing = {"treatment": treatment, "bands": bands((0, None)) if treatment == "automatic" else []}
    with pytest.raises(GridTreatmentForbidden) as refused:
        load_grid(changed(f"steps.{step}", pricing))
    assert (refused.value.type, refused.value.status) == ("grid-treatment-forbidden", 422)


def test_a_grid_may_leave_another_step_to_the_committee_and_refuse_the_fifth():
    with pytest.raises(CommitteeDerogationNeeded):
        load_grid(changed("steps.CQS4", {"treatment": "derogation"})).base_bp(CreditQualityStep.CQS4, 35)
    with pytest.raises(RatingRefused):
        load_grid(changed("steps.CQS5", {"treatment": "refused"})).base_bp(CreditQualityStep.CQS5, 35)


# -- the schema of the files -------------------------------------------------------------------------------------

FORM = Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())
AUTOMATIC = {"treatment": "automatic", "bands": bands((0, None))}


def without(path: str) -> bytes:
    content = json.loads(DEMONSTRATION)
    *parents, name = path.split(".")
    target = content
    for parent in parents:
        target = target[parent]
    del target[name]
    return json.dumps(content).encode()


def loads(data: bytes) -> bool:
    try:
        load_grid(data)
    except InvalidGrid:
        return False
    return True


GOOD = {
    "demonstration": DEMONSTRATION,
    "discount_of_0": changed("discount_rate", "0"),
    "discount_below_1": changed("discount_rate", "0.999999"),
    "cap_of_1": changed("cap_share", "1.000000"),
    "smallest_cap": changed("cap_share", "0.000001"),
    "deferral_at_its_limit": changed("deferral_bp_per_started_year", "100"),
    "deferral_of_half_a_point": changed("deferral_bp_per_started_year", "0.5"),
    "rating_of_60_months": changed("rating_max_age_months", 60),
    "minimum_at_its_limit": changed("minimum_cents", 60_000_000_000),
    "decimals_of_a_base": changed("steps.CQS1.bands", [{"over_years": 0, "up_to_years": None, "base_bp": "8.125"}]),
    "no_bands_said": changed("steps.CQS6", {"treatment": "refused", "bands": []}),
    "rating_of_a_month": changed("rating_max_age_months", 1),
    "no_minimum": changed("minimum_cents", 0),
    "no_add_on": changed("deferral_bp_per_started_year", "0"),
    "cheapest_line": changed("quality_bp.A", "-7.999999"),
    "dearest_line": changed("quality_bp.C", "9939.999999"),
    "fifth_step_refused": changed("steps.CQS5", {"treatment": "refused"}),
    "a_step_for_the_committee": changed("steps.CQS4", {"treatment": "derogation"}),
}
BAD = {
    "step_missing": without("steps.CQS3"),
    "quality_missing": without("quality_bp.C"),
    "label_missing": without("label"),
    "treatment_missing": without("steps.CQS1.treatment"),
    "unknown_field": changed("comment", "…"),
    "unknown_step": changed("steps.CQS7", {"treatment": "refused"}),
    "unknown_quality": changed("quality_bp.D", "0"),
    "blank_version": changed("version", "  "),
    "date_of_another_form": changed("effective_on", "29/04/2024"),
    "date_that_is_none": changed("effective_on", "2024-02-30"),
    "moment_for_a_date": changed("effective_on", "2024-04-29T00:00:00"),
    "decimal_as_a_number": changed("discount_rate", 0.03),
    "decimal_as_an_integer": changed("quality_bp.B", 0),
    "decimal_with_an_exponent": changed("deferral_bp_per_started_year", "1E+1"),
    "decimal_with_a_sign": changed("quality_bp.C", "+3"),
    "decimal_with_idle_zeros": changed("quality_bp.C", "03"),
    "decimal_without_a_whole_part": changed("discount_rate", ".03"),
    "decimal_with_a_blank": changed("quality_bp.C", " 3"),
    "decimal_with_an_underscore": changed("quality_bp.C", "1_0"),
    "decimal_of_other_digits": changed("quality_bp.C", "٣"),
    "seven_decimals": changed("cap_share", "0.1000000"),
    "minus_0": changed("discount_rate", "-0.0"),
    "not_a_number": changed("discount_rate", "NaN"),
    "integer_as_a_boolean": changed("minimum_cents", True),
    "integer_as_a_text": changed("minimum_cents", "50000"),
    "discount_of_1": changed("discount_rate", "1"),
    "negative_discount": changed("discount_rate", "-0.01"),
    "cap_of_0": changed("cap_share", "0.00"),
    "cap_above_1": changed("cap_share", "1.000001"),
    "negative_deferral": changed("deferral_bp_per_started_year", "-1"),
    "deferral_above_its_limit": changed("deferral_bp_per_started_year", "100.5"),
    "rating_of_61_months": changed("rating_max_age_months", 61),
    "negative_minimum": changed("minimum_cents", -1),
    "minimum_above_its_limit": changed("minimum_cents", 60_000_000_001),
    "automatic_without_bands": changed("steps.CQS1", {"treatment": "automatic"}),
    "bands_of_a_refused_step": changed("steps.CQS6", AUTOMATIC | {"treatment": "refused"}),
    "fifth_step_automatic": changed("steps.CQS5", AUTOMATIC),
    "sixth_step_automatic": changed("steps.CQS6", AUTOMATIC),
    "sixth_step_by_derogation": changed("steps.CQS6", {"treatment": "derogation"}),
    "band_below_0": changed("steps.CQS1.bands", bands((-1, None))),
}


@pytest.mark.parametrize(
    ("data", "right"),
    [(data, True) for data in GOOD.values()] + [(data, False) for data in BAD.values()],
    ids=[*GOOD, *BAD],
)
def test_the_schema_and_the_loader_take_and_refuse_the_same_files(data: bytes, right: bool):
    assert (FORM.is_valid(json.loads(data)), loads(data)) == (right, right)


def test_the_schema_names_every_field_of_a_grid():
    properties = json.loads(SCHEMA.read_text())["properties"]
    assert set(properties) == set(Grid.model_fields)
