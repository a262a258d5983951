"""The zoning of 5 September 2025 and the rent caps that depend on it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.territory import LLI_ZONES, RENT_CAPS, Commune, Territory, UnknownCommune, rent_cap

TERRITORY = Territory.load()


@pytest.mark.parametrize(
    ("code", "name", "department", "zone"),
    [
        ("17300", "La Rochelle", "17", "A"),
        ("75056", "Paris", "75", "A bis"),
        ("01004", "Ambérieu-en-Bugey", "01", "B1"),
        ("2A004", "Ajaccio", "2A", "A"),
        ("01001", "L'Abergement-Clémenciat", "01", "C"),
    ],
)
def test_a_commune_has_its_name_department_and_zone(code, name, department, zone):
    assert TERRITORY.commune(code) == Commune(code, department, name, zone, date(2025, 9, 5))


@pytest.mark.parametrize(
    ("code", "whole", "name"),
    [
        ("75101", "75056", "Paris 1er arrondissement"),
        ("75120", "75056", "Paris 20e arrondissement"),
        ("69381", "69123", "Lyon 1er arrondissement"),
        ("69389", "69123", "Lyon 9e arrondissement"),
        ("13201", "13055", "Marseille 1er arrondissement"),
        ("13216", "13055", "Marseille 16e arrondissement"),
    ],
)
def test_an_arrondissement_has_the_zone_of_its_commune(code, whole, name):
    found = TERRITORY.commune(code)
    assert found.name == name
    assert (found.zone, found.department) == (TERRITORY.commune(whole).zone, TERRITORY.commune(whole).department)


@pytest.mark.parametrize("code", ["99999", "", "75121", "69390", "13217", "2C001"])
def test_a_commune_that_does_not_exist_is_named_and_pointed_at(code):
    with pytest.raises(UnknownCommune) as refused:
        TERRITORY.commune(code, pointer="/operation/commune_code")
    assert f"« {code} »" in refused.value.detail
    assert refused.value.pointer == "/operation/commune_code"


def test_the_zoning_is_read_once():
    assert Territory.load() is TERRITORY


def test_the_intermediate_zones_have_a_cap():
    assert set(RENT_CAPS) > LLI_ZONES


@pytest.mark.parametrize(
    ("zone", "surface", "cap"),
    [
        ("A bis", "38", "23.41"),  # 1.2 at most, reached at 38 m²
        ("A bis", "20", "23.41"),
        ("A", "62", "14.58"),  # 14.49 × (0.7 + 19/62)
        ("B1", "62", "11.76"),
        ("B2", "100", "9.03"),
        ("C", "62", None),
        ("elsewhere", "62", None),
    ],
)
def test_the_rent_cap_follows_the_zone_and_the_surface(zone, surface, cap):
    assert rent_cap(zone, Decimal(surface)) == (None if cap is None else Decimal(cap))


@given(st.sampled_from(sorted(RENT_CAPS)), st.integers(1, 300), st.integers(0, 100))
def test_a_larger_home_never_has_a_higher_cap(zone, surface, more):
    smaller, larger = rent_cap(zone, Decimal(surface)), rent_cap(zone, Decimal(surface + more))
    assert smaller is not None
    assert larger is not None
    assert larger <= smaller
