from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pricing.domain.schedule import LoanNotPriceable, LoanTerms, Period, schedule
from shared.lending import DeferralLongerThanLoan, DeferralNotWholePeriods, Frequency, PrefinancingInterest
from tests.unit.pricing import exact


def terms(
    principal_cents: int = 100_000,
    years: int = 4,
    frequency: Frequency = Frequency.ANNUAL,
    rate: str = "0.03",
    prefinancing: int = 0,
    interest: PrefinancingInterest = PrefinancingInterest.PAID,
    deferral: int = 0,
) -> LoanTerms:
    return LoanTerms(principal_cents, years, frequency, Decimal(rate), prefinancing, interest, deferral)


def test_constant_instalments_and_a_last_one_that_repays_what_is_left():
    periods = schedule(terms())
    assert periods == (
        Period(100_000, 3_000, 23_903),
        Period(76_097, 2_283, 24_620),
        Period(51_477, 1_544, 25_359),
        Period(26_118, 784, 26_118),
    )
    assert [period.instalment_cents for period in periods] == [26_903, 26_903, 26_903, 26_902]


def test_interest_only_during_the_deferral():
    periods = schedule(terms(deferral=24))
    assert [period.outstanding_cents for period in periods] == [100_000, 100_000, 100_000, 50_739]
    assert [period.instalment_cents for period in periods] == [3_000, 3_000, 52_261, 52_261]


def test_one_repayment_left_repays_everything():
    assert [period.repaid_cents for period in schedule(terms(years=3, deferral=24))] == [0, 0, 100_000]


def test_a_rate_of_zero_repays_in_equal_parts():
    assert [period.repaid_cents for period in schedule(terms(rate="0", years=3))] == [33_333, 33_333, 33_334]


@pytest.mark.parametrize(
    ("frequency", "count", "first"),
    [
        (Frequency.ANNUAL, 4, Period(100_000, 3_000, 23_903)),
        (Frequency.HALF_YEARLY, 8, Period(100_000, 1_500, 11_858)),
        (Frequency.QUARTERLY, 16, Period(100_000, 750, 5_906)),
    ],
)
def test_each_frequency_has_its_periods(frequency: Frequency, count: int, first: Period):
    periods = schedule(terms(frequency=frequency))
    assert (len(periods), periods[0]) == (count, first)


def test_prefinancing_interest_is_owed_only_where_it_is_capitalised():
    paid = schedule(terms(prefinancing=5))
    capitalised = schedule(terms(prefinancing=5, interest=PrefinancingInterest.CAPITALISED))
    assert (paid[0].outstanding_cents, capitalised[0].outstanding_cents) == (100_000, 101_250)


def test_half_a_cent_of_interest_rounds_up():
    assert schedule(terms(principal_cents=50, rate="0.01"))[0].interest_cents == 1


def test_a_tiny_loan_repaid_early_is_never_repaid_twice():
    periods = schedule(terms(principal_cents=3, years=5, rate="0"))
    assert [period.repaid_cents for period in periods] == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"principal_cents": 0},
        {"principal_cents": 60_000_000_001},
        {"years": 0},
        {"years": 101},
        {"prefinancing": -1},
        {"prefinancing": 121},
        {"deferral": -12},
        {"rate": "Infinity"},
        {"rate": "-0.01"},
        {"rate": "1"},
        {"rate": "0.000000001"},
    ],
)
def test_terms_without_a_schedule_are_refused(change):
    with pytest.raises(LoanNotPriceable):
        terms(**change)


def test_a_deferral_that_ends_inside_a_period_is_refused_not_rounded():
    with pytest.raises(DeferralNotWholePeriods):
        terms(frequency=Frequency.HALF_YEARLY, deferral=9)


def test_a_deferral_that_leaves_nothing_to_repay_is_refused():
    with pytest.raises(DeferralLongerThanLoan):
        terms(years=2, deferral=24)


@given(exact.loan_terms())
def test_the_outstanding_principal_is_that_of_exact_fractions(loan: LoanTerms):
    assert [period.outstanding_cents for period in schedule(loan)] == exact.outstanding(loan)


@given(exact.loan_terms())
def test_the_schedule_repays_exactly_what_is_owed(loan: LoanTerms):
    periods = schedule(loan)
    assert len(periods) == loan.duration_years * loan.frequency.periods_per_year
    assert sum(period.repaid_cents for period in periods) == periods[0].outstanding_cents
    assert periods[-1].repaid_cents == periods[-1].outstanding_cents
    assert not any(period.repaid_cents for period in periods[: loan.deferred])


@settings(max_examples=25)
@given(exact.loan_terms(), st.integers(1, 12))
def test_the_callers_decimal_context_changes_nothing(loan: LoanTerms, precision: int):
    expected = schedule(loan)
    with localcontext(prec=precision):
        assert schedule(loan) == expected
