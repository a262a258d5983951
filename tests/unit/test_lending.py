from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from shared.errors import Refusal
from shared.lending import (
    AmortisationProfile,
    DeferralLongerThanLoan,
    DeferralNotWholePeriods,
    DeferralOutsideLimits,
    DurationOutsideLimits,
    Frequency,
    LoanLimits,
    LoanPurpose,
    PrefinancingOutsideLimits,
    ProgressivityOutsideLimits,
    RateOutsideLimits,
    deferred_periods,
)
from shared.money import MAX_CENTS, AmountOutOfRange


@dataclass(frozen=True)
class Loan:
    purpose: LoanPurpose = LoanPurpose.BUILDING
    principal_cents: int = 325_000_000
    duration_years: int = 35
    frequency: Frequency = Frequency.ANNUAL
    annual_rate: Decimal = Decimal("0.029")
    prefinancing_months: int = 12
    deferral_months: int = 24
    profile: AmortisationProfile = AmortisationProfile.CONSTANT_INSTALMENTS
    progressivity: Decimal = Decimal(0)


PROGRESSIVE = AmortisationProfile.PROGRESSIVE_INSTALMENTS


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"principal_cents": 1},
        {"principal_cents": MAX_CENTS},
        {"duration_years": 40},
        {"purpose": LoanPurpose.LAND, "duration_years": 50},
        {"annual_rate": Decimal(0)},
        {"annual_rate": Decimal("0.15")},
        {"prefinancing_months": 24, "deferral_months": 0},
        {"frequency": Frequency.QUARTERLY, "deferral_months": 3},
        {"duration_years": 1, "deferral_months": 6, "frequency": Frequency.HALF_YEARLY},
        {"profile": AmortisationProfile.CONSTANT_AMORTISATION},
        {"profile": PROGRESSIVE, "progressivity": Decimal("-0.03")},
        {"profile": PROGRESSIVE, "progressivity": Decimal("0.005")},
    ],
)
def test_a_loan_within_the_limits_passes(change):
    LoanLimits().check(replace(Loan(), **change))


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"principal_cents": 0}, AmountOutOfRange, "principal_cents"),
        ({"principal_cents": MAX_CENTS + 1}, AmountOutOfRange, "principal_cents"),
        ({"duration_years": 0}, DurationOutsideLimits, "duration_years"),
        ({"duration_years": 41}, DurationOutsideLimits, "duration_years"),
        ({"duration_years": 51, "purpose": LoanPurpose.LAND}, DurationOutsideLimits, "duration_years"),
        ({"annual_rate": Decimal("-0.001")}, RateOutsideLimits, "annual_rate"),
        ({"annual_rate": Decimal("0.1501")}, RateOutsideLimits, "annual_rate"),
        ({"annual_rate": Decimal("NaN")}, RateOutsideLimits, "annual_rate"),
        ({"annual_rate": Decimal("0.029000001")}, RateOutsideLimits, "annual_rate"),
        ({"prefinancing_months": -1}, PrefinancingOutsideLimits, "prefinancing_months"),
        ({"prefinancing_months": 25}, PrefinancingOutsideLimits, "prefinancing_months"),
        ({"deferral_months": -12}, DeferralOutsideLimits, "deferral_months"),
        ({"deferral_months": 36}, DeferralOutsideLimits, "deferral_months"),
        ({"deferral_months": 18}, DeferralNotWholePeriods, "deferral_months"),
        ({"deferral_months": 24, "duration_years": 2}, DeferralLongerThanLoan, "deferral_months"),
        ({"progressivity": Decimal("0.001")}, ProgressivityOutsideLimits, "progressivity"),
        ({"profile": PROGRESSIVE, "progressivity": Decimal("-0.0301")}, ProgressivityOutsideLimits, "progressivity"),
        ({"profile": PROGRESSIVE, "progressivity": Decimal("0.0051")}, ProgressivityOutsideLimits, "progressivity"),
        ({"profile": PROGRESSIVE, "progressivity": Decimal("1e-9")}, ProgressivityOutsideLimits, "progressivity"),
        ({"profile": PROGRESSIVE, "progressivity": Decimal("NaN")}, ProgressivityOutsideLimits, "progressivity"),
    ],
)
def test_a_loan_outside_is_refused_at_the_field(change, refusal: type[Refusal], field: str):
    with pytest.raises(refusal) as refused:
        LoanLimits().check(replace(Loan(), **change), "/loans/0")
    assert refused.value.pointer == f"/loans/0/{field}"
    assert refused.value.status == 422


def test_limits_are_configurable_and_told():
    with pytest.raises(RateOutsideLimits) as refused:
        LoanLimits(max_annual_rate=Decimal("0.025")).check(Loan())
    assert refused.value.detail == "Le taux annuel doit être compris entre 0\u00a0% et 2,5\u00a0%."


@pytest.mark.parametrize(
    ("frequency", "months", "periods"),
    [(Frequency.ANNUAL, 24, 2), (Frequency.HALF_YEARLY, 18, 3), (Frequency.QUARTERLY, 15, 5), (Frequency.ANNUAL, 0, 0)],
)
def test_a_deferral_is_whole_periods(frequency: Frequency, months: int, periods: int):
    assert deferred_periods(months, 35, frequency) == periods
