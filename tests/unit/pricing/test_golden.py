"""The product's premiums are those of the committed file, which exact fractions wrote."""

import json
from decimal import Decimal
from typing import Any

import pytest

from services.pricing.domain.premium import RateComposition, line_figures
from tests.unit.pricing import golden

GOLDEN: list[dict[str, Any]] = json.loads(golden.FILE.read_text())


def name(given: dict[str, Any]) -> str:
    return f"{given['profile']}-{given['frequency']}-{given['principal_cents']}"


@pytest.mark.parametrize("given", GOLDEN, ids=name)
def test_the_premium_is_the_golden_one(given: dict[str, Any]):
    rate = RateComposition(base_bp=Decimal(given["rate_bp"]))
    found = line_figures(golden.terms(given), rate, Decimal(given["discount_rate"]))
    assert found.premium_cents == given["premium_cents"]


def test_the_file_is_what_exact_fractions_write():
    assert [one | {"premium_cents": golden.exact_cents(one)} for one in golden.cases()] == GOLDEN


def test_the_file_holds_thirty_premiums_of_every_profile_and_frequency_and_the_reference_line():
    assert len(GOLDEN) >= 30
    assert len({(one["profile"], one["frequency"]) for one in GOLDEN}) == 9
    assert GOLDEN[0]["premium_cents"] == 10_048_815
