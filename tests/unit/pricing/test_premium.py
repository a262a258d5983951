import json
from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pricing.domain.grid import Grid, UnknownProgrammeQuality, load_grid
from services.pricing.domain.premium import Derogation, LineFigures, RateComposition, line_figures, price_offer
from services.pricing.domain.rating import (
    CommitteeDerogationNeeded,
    CreditQualityStep,
    Rating,
    RatingRefused,
    RatingScale,
    RatingTooOld,
)
from services.pricing.domain.schedule import LoanNotPriceable, LoanTerms
from services.pricing.grids import grid_bytes
from shared.lending import Frequency, PrefinancingInterest
from tests.unit.pricing import exact

DEMONSTRATION = grid_bytes()
GRID = load_grid(DEMONSTRATION)
THREE_PER_CENT = Decimal("0.03")
TODAY = date(2026, 5, 4)
rates_bp = st.integers(1, 20_000).map(lambda quarters: Decimal(quarters) / 4)
discount_rates = st.sampled_from(["0", "0.0175", "0.03", "0.25"]).map(Decimal)


def annual(years: int, deferral_months: int = 0, principal_cents: int = 325_000_000) -> LoanTerms:
    return LoanTerms(principal_cents, years, Frequency.ANNUAL, Decimal("0.029"), deferral_months=deferral_months)


def figures(loan: LoanTerms, rate_bp: Decimal = Decimal(20), discount_rate: Decimal = THREE_PER_CENT) -> LineFigures:
    return line_figures(loan, RateComposition(base_bp=rate_bp), discount_rate)


def line_premium_cents(loan: LoanTerms, rate_bp: Decimal, discount_rate: Decimal) -> int:
    return figures(loan, rate_bp, discount_rate).premium_cents


def rated(value: str) -> Rating:
    return Rating.parse(value, RatingScale.SINCE_2022, date(2026, 1, 5))


def grid_with(**figures: object) -> Grid:
    return load_grid(json.dumps(json.loads(DEMONSTRATION) | figures).encode())


@pytest.mark.parametrize(
    ("years", "deferral_months", "factor"),
    [(30, 0, "13.2694"), (35, 24, "15.4597"), (40, 24, "17.0110"), (50, 24, "19.8112")],
)
def test_the_discounted_outstanding_principal_is_that_of_the_reference(years, deferral_months, factor):
    loan = annual(years, deferral_months)
    found = figures(loan).discounted_outstanding / loan.principal_cents
    assert found.quantize(Decimal("0.0001")) == Decimal(factor)


def test_the_premium_of_the_reference_line():
    assert line_premium_cents(annual(35, 24), Decimal(20), THREE_PER_CENT) == 10_048_815


def test_prefinancing_is_charged_on_the_principal_and_delays_the_rest():
    """One year at no rate: 1 % for half a year, then 1 % of the CRD (capitalised or not) seen from signature."""
    loan = LoanTerms(1_000_000, 1, Frequency.ANNUAL, Decimal("0.04"), 6)
    capitalised = LoanTerms(1_000_000, 1, Frequency.ANNUAL, Decimal("0.04"), 6, PrefinancingInterest.CAPITALISED)
    twenty_one_per_cent = Decimal("0.21")  # whose half year is 10 %
    assert line_premium_cents(loan, Decimal(100), twenty_one_per_cent) == 5_000 + 9_091
    assert line_premium_cents(capitalised, Decimal(100), twenty_one_per_cent) == 5_000 + 9_273


@given(exact.loan_terms(), rates_bp, discount_rates)
def test_the_premium_is_that_of_exact_fractions(loan: LoanTerms, rate_bp: Decimal, discount_rate: Decimal):
    expected = exact.premium_cents(loan, Fraction(rate_bp), Fraction(discount_rate))
    assert line_premium_cents(loan, rate_bp, discount_rate) == expected


@settings(max_examples=25)
@given(exact.loan_terms(), st.integers(1, 12))
def test_the_callers_decimal_context_changes_no_premium(loan: LoanTerms, precision: int):
    expected = line_premium_cents(loan, Decimal(20), THREE_PER_CENT)
    with localcontext(prec=precision):
        assert line_premium_cents(loan, Decimal(20), THREE_PER_CENT) == expected


@settings(max_examples=40)
@given(exact.loan_terms())
def test_a_higher_rate_never_costs_less(loan: LoanTerms):
    assert line_premium_cents(loan, Decimal(20), THREE_PER_CENT) <= line_premium_cents(
        loan, Decimal(21), THREE_PER_CENT
    )


def test_land_and_building_are_priced_line_by_line_and_summed():
    offer = price_offer({"land": annual(50, 24), "building": annual(35)}, rated("4"), "A", GRID, TODAY)
    land, building = offer.lines
    assert (land.loan_id, land.figures.rate) == (
        "land",
        RateComposition(base_bp=Decimal(60), deferral_bp=Decimal(2), quality_bp=Decimal(-2)),
    )
    assert (building.loan_id, building.rate_bp) == ("building", 43)
    assert land.premium_cents == line_premium_cents(annual(50, 24), Decimal(60), THREE_PER_CENT)
    assert offer.premium_cents == offer.lines_cents == land.premium_cents + building.premium_cents
    assert (offer.minimum_applied, offer.cap_applied) == (False, False)
    assert (offer.grid_version, offer.step) == ("demonstration-1", "CQS4")


def test_the_reference_line_with_its_add_ons():
    offer = price_offer({"building": annual(35, 24)}, rated("2"), "A", GRID, TODAY)
    assert (offer.lines[0].rate_bp, offer.premium_cents) == (20, 10_048_815)


def test_a_small_offer_costs_the_minimum():
    offer = price_offer({"building": annual(1, principal_cents=1_000_000)}, rated("1+"), "A", GRID, TODAY)
    assert (offer.lines_cents, offer.premium_cents) == (600, 50_000)
    assert (offer.minimum_applied, offer.cap_applied) == (True, False)


def test_the_cap_holds_the_premium_down_and_leaves_the_lines_as_they_are():
    offer = price_offer(
        {"land": annual(50, principal_cents=1_000_005)}, rated("4"), "C", grid_with(cap_share="0.05"), TODAY
    )
    assert offer.lines_cents == offer.lines[0].premium_cents > 50_000
    assert offer.premium_cents == offer.cap_cents == 50_000  # 50 000.25 floored
    assert (offer.minimum_applied, offer.cap_applied) == (False, True)


def test_the_cap_wins_over_the_minimum():
    offer = price_offer({"building": annual(1, principal_cents=400_000)}, rated("1+"), "B", GRID, TODAY)
    assert (offer.premium_cents, offer.minimum_applied, offer.cap_applied) == (40_000, True, True)


@settings(max_examples=40)
@given(st.lists(exact.loan_terms(), min_size=1, max_size=2), st.sampled_from(["1+", "1", "2", "5+"]))
def test_an_offer_never_exceeds_its_cap(loans: list[LoanTerms], value: str):
    principal_cents = sum(loan.principal_cents for loan in loans)
    by_id = {str(index): loan for index, loan in enumerate(loans)}
    if principal_cents < 10:
        return
    offer = price_offer(by_id, rated(value), "C", GRID, TODAY)
    assert 0 < offer.premium_cents * 10 <= principal_cents
    assert offer == price_offer(by_id, rated(value), "C", GRID, TODAY)


def test_the_smallest_premium_is_a_cent():
    assert price_offer({"building": annual(1, principal_cents=10)}, rated("1"), "B", GRID, TODAY).premium_cents == 1


@pytest.mark.parametrize("loans", [{}, {"building": annual(1, principal_cents=9)}])
def test_loans_too_small_for_any_premium_are_refused(loans: dict[str, LoanTerms]):
    with pytest.raises(LoanNotPriceable):
        price_offer(loans, rated("1"), "B", GRID, TODAY)


@pytest.mark.parametrize(
    ("value", "quality", "refusal"),
    [
        ("6", "B", CommitteeDerogationNeeded),
        ("P", "B", RatingRefused),
        ("2", "D", UnknownProgrammeQuality),
    ],
)
def test_what_automatic_pricing_may_not_price_is_refused(value: str, quality: str, refusal: type[Exception]):
    with pytest.raises(refusal):
        price_offer({"building": annual(35)}, rated(value), quality, GRID, TODAY)


def test_a_price_cannot_be_changed_once_worked_out():
    offer = price_offer({"building": annual(35)}, rated("4"), "B", GRID, TODAY)
    with pytest.raises(FrozenInstanceError):
        offer.lines_cents = 1  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(FrozenInstanceError):
        offer.lines[0].principal_cents = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_neither_rate_nor_step_is_in_what_a_log_would_show():
    shown = repr(price_offer({"building": annual(35)}, rated("4"), "B", GRID, TODAY))
    assert "CQS" not in shown
    assert "base_bp" not in shown


def test_a_derogation_may_name_the_whole_rate_of_every_line():
    loans = {"land": annual(50, 24), "building": annual(35)}
    offer = price_offer(loans, rated("0"), "C", GRID, TODAY, Derogation(rate_bp=Decimal(70), step=None))
    assert [line.rate_bp for line in offer.lines] == [70, 70]
    assert offer.step is None


def test_a_derogation_may_name_the_step_to_apply_with_its_add_ons():
    derogation = Derogation(rate_bp=None, step=CreditQualityStep.CQS4)
    offer = price_offer({"building": annual(35, 24)}, rated("5"), "C", GRID, TODAY, derogation)
    assert (offer.lines[0].rate_bp, offer.step) == (45 + 2 + 3, "CQS4")


@pytest.mark.parametrize("derogation", [None, Derogation(rate_bp=Decimal(70), step=None)])
def test_an_old_rating_prices_nothing_even_by_derogation(derogation: Derogation | None):
    price_offer({"building": annual(35)}, rated("2"), "B", GRID, date(2027, 1, 5), derogation)
    with pytest.raises(RatingTooOld):
        price_offer({"building": annual(35)}, rated("2"), "B", GRID, date(2027, 1, 6), derogation)


@given(exact.loan_terms())
def test_without_a_discount_the_worth_is_the_sum_of_what_is_owed(loan: LoanTerms):
    shown = figures(loan, discount_rate=Decimal(0))
    assert shown.discounted_outstanding == sum(shown.outstanding_cents)
    assert (shown.period_factor, shown.start_factor) == (1, 1)


@given(exact.loan_terms())
def test_the_figures_add_up_to_the_premium(loan: LoanTerms):
    shown = figures(loan)
    commission = shown.prefinancing_commission + shown.amortisation_commission
    assert abs(commission - shown.premium_cents) <= Decimal("0.5")
    assert shown.outstanding_cents[0] == sum(shown.repaid_cents)
    assert len(shown.outstanding_cents) == len(shown.interest_cents) == len(shown.repaid_cents) == loan.periods
