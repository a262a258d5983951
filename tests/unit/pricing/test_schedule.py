from dataclasses import FrozenInstanceError, replace
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pricing.domain.schedule import (
    InstalmentBelowInterest,
    LoanNotPriceable,
    LoanTerms,
    Period,
    schedule,
)
from shared.lending import (
    AmortisationProfile,
    DeferralLongerThanLoan,
    DeferralNotWholePeriods,
    Frequency,
    PrefinancingInterest,
    ProgressivityOutsideLimits,
)
from shared.money import MAX_CENTS
from tests.unit.pricing import exact

AMORTISATION = AmortisationProfile.CONSTANT_AMORTISATION
PROGRESSIVE = AmortisationProfile.PROGRESSIVE_INSTALMENTS


def terms(
    principal_cents: int = 100_000,
    years: int = 4,
    frequency: Frequency = Frequency.ANNUAL,
    rate: str = "0.03",
    prefinancing: int = 0,
    interest: PrefinancingInterest = PrefinancingInterest.PAID,
    deferral: int = 0,
    profile: AmortisationProfile = AmortisationProfile.CONSTANT_INSTALMENTS,
    progressivity: str = "0",
) -> LoanTerms:
    return LoanTerms(
        principal_cents,
        years,
        frequency,
        Decimal(rate),
        prefinancing,
        interest,
        deferral,
        profile,
        Decimal(progressivity),
    )


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
        {"deferral": -1},
        {"deferral": -12},
        {"rate": "Infinity"},
        {"rate": "-0.01"},
        {"rate": "1"},
        {"rate": "0.000000001"},
    ],
)
def test_terms_without_a_schedule_are_refused(change):
    with pytest.raises(LoanNotPriceable) as refused:
        terms(**change)
    assert refused.value.status == 422


@pytest.mark.parametrize(
    "change",
    [
        {"principal_cents": 1},
        {"principal_cents": MAX_CENTS},
        {"years": 1},
        {"years": 100},
        {"prefinancing": 120},
        {"rate": "0.99999999"},
    ],
)
def test_terms_at_their_limits_have_a_schedule(change):
    assert schedule(terms(**change))


def test_a_deferral_that_ends_inside_a_period_is_refused_not_rounded():
    with pytest.raises(DeferralNotWholePeriods):
        terms(frequency=Frequency.HALF_YEARLY, deferral=9)


def test_a_deferral_that_leaves_nothing_to_repay_is_refused():
    with pytest.raises(DeferralLongerThanLoan):
        terms(years=2, deferral=24)


def test_constant_amortisation_repays_the_same_principal_and_less_and_less_interest():
    assert schedule(terms(profile=AMORTISATION)) == (
        Period(100_000, 3_000, 25_000),
        Period(75_000, 2_250, 25_000),
        Period(50_000, 1_500, 25_000),
        Period(25_000, 750, 25_000),
    )


def test_constant_amortisation_starts_after_the_deferral():
    assert [period.repaid_cents for period in schedule(terms(deferral=24, profile=AMORTISATION))] == [
        0,
        0,
        50_000,
        50_000,
    ]


def test_a_cent_is_repaid_at_the_end():
    for profile in AmortisationProfile:
        assert [period.repaid_cents for period in schedule(terms(1, profile=profile))] == [0, 0, 0, 1]


def test_progressive_instalments_fall_by_three_per_cent_a_year():
    periods = schedule(terms(profile=PROGRESSIVE, progressivity="-0.03"))
    assert [period.instalment_cents for period in periods] == [28_112, 27_269, 26_451, 25_658]


def test_progressive_instalments_change_once_a_year_and_not_within_it():
    periods = schedule(terms(frequency=Frequency.QUARTERLY, profile=PROGRESSIVE, progressivity="0.005"))
    instalments = [period.instalment_cents for period in periods]
    assert instalments[:12] == [6_607] * 4 + [6_640] * 4 + [6_674] * 4


def test_years_of_progressive_instalments_are_counted_from_the_end_of_the_deferral():
    loan = terms(years=2, frequency=Frequency.HALF_YEARLY, deferral=6, profile=PROGRESSIVE, progressivity="-0.03")
    interest_only, first, second, last = [period.instalment_cents for period in schedule(loan)]
    assert interest_only == 1_500
    assert (first, second) == (34_680, 34_680)
    assert last < first


def test_instalments_too_low_for_the_first_interest_are_refused():
    with pytest.raises(InstalmentBelowInterest):
        schedule(terms(years=50, rate="0.15", profile=PROGRESSIVE, progressivity="0.005"))


def test_without_progressivity_progressive_instalments_are_constant():
    assert schedule(terms(profile=PROGRESSIVE)) == schedule(terms())


@pytest.mark.parametrize("change", [{"progressivity": "0.001"}, {"profile": PROGRESSIVE, "progressivity": "0.01"}])
def test_a_progressivity_out_of_place_is_refused(change):
    with pytest.raises(ProgressivityOutsideLimits):
        terms(**change)


def test_terms_cannot_be_changed_once_checked():
    with pytest.raises(FrozenInstanceError):
        terms().principal_cents = 1  # pyright: ignore[reportAttributeAccessIssue]


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


@given(exact.loan_terms())
def test_what_is_owed_never_grows(loan: LoanTerms):
    owed = [period.outstanding_cents for period in schedule(loan)]
    assert all(later <= earlier for earlier, later in pairwise(owed))
    assert all(period.interest_cents >= 0 and period.repaid_cents >= 0 for period in schedule(loan))


@given(st.integers(1, MAX_CENTS), st.integers(1, 50), st.sampled_from(list(AmortisationProfile)))
def test_at_a_rate_of_zero_every_frequency_repays_the_same_each_year(principal_cents, years, profile):
    """Within the roundings of a year's periods."""
    owed = {
        frequency: [
            period.outstanding_cents
            for period in schedule(terms(principal_cents, years, frequency, "0", profile=profile))
        ][:: frequency.periods_per_year]
        for frequency in Frequency
    }
    for frequency in (Frequency.HALF_YEARLY, Frequency.QUARTERLY):
        for year, (often, yearly) in enumerate(zip(owed[frequency], owed[Frequency.ANNUAL], strict=True)):
            assert abs(often - yearly) <= year * (frequency.periods_per_year + 1) / 2


@given(exact.loan_terms())
def test_at_a_rate_of_zero_the_profiles_without_growth_are_one(loan: LoanTerms):
    free = replace(loan, annual_rate=Decimal(0), progressivity=Decimal(0))
    assert len({schedule(replace(free, profile=profile)) for profile in AmortisationProfile}) == 1


@settings(max_examples=25)
@given(exact.loan_terms(), st.integers(1, 12))
def test_the_callers_decimal_context_changes_nothing(loan: LoanTerms, precision: int):
    expected = schedule(loan)
    with localcontext(prec=precision):
        assert schedule(loan) == expected
