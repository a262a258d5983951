"""The schedule of outstanding principal (CRD) of one loan line (DOMAIN, The premium).

Its profile sets what is repaid after the deferral; every amount in whole cents, rounded half up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import chain, count, repeat
from typing import NamedTuple

from shared.errors import Refusal
from shared.lending import (
    MONTHS_PER_YEAR,
    RATE_STEP,
    AmortisationProfile,
    Frequency,
    PrefinancingInterest,
    check_progressivity,
    deferred_periods,
)
from shared.money import MAX_CENTS, round_half_up

# With at most 11 digits of cents and 8 decimals of rate, each interest is exact and an instalment is known to
# 15 decimals of a cent or more. Entered explicitly: no caller's context may change an amount.
ARITHMETIC = Context(prec=34)

MAX_YEARS = 100
MAX_PREFINANCING_MONTHS = 120


class LoanNotPriceable(Refusal):
    """Terms outside what any schedule can be drawn for; the campaign's own limits are narrower."""

    type = "loan-not-priceable"
    title = "Prêt non tarifable"
    status = 422


class InstalmentBelowInterest(LoanNotPriceable):
    """Instalments that grow start too low for the first interest: the principal would grow, which BdT's letter
    would have to say how.
    """

    type = "instalment-below-interest"
    title = "Échéance inférieure aux intérêts"


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """One loan line. `annual_rate` is a fraction (0.029 for 2.9 %); `duration_years` includes the deferral
    and not the prefinancing; `progressivity` is the growth of progressive instalments from one year to the next.

    Raises: LoanNotPriceable, DeferralNotWholePeriods, DeferralLongerThanLoan, ProgressivityOutsideLimits.
    """

    principal_cents: int
    duration_years: int
    frequency: Frequency
    annual_rate: Decimal
    prefinancing_months: int = 0
    prefinancing_interest: PrefinancingInterest = PrefinancingInterest.PAID
    deferral_months: int = 0
    profile: AmortisationProfile = AmortisationProfile.CONSTANT_INSTALMENTS
    progressivity: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        possible = (
            0 < self.principal_cents <= MAX_CENTS
            and 0 < self.duration_years <= MAX_YEARS
            and 0 <= self.prefinancing_months <= MAX_PREFINANCING_MONTHS
            and self.deferral_months >= 0
            and self.annual_rate.is_finite()
            and 0 <= self.annual_rate < 1
            and self.annual_rate == self.annual_rate.quantize(RATE_STEP)
        )
        if not possible:
            raise LoanNotPriceable("Les caractéristiques du prêt ne permettent pas d'établir un échéancier.")
        deferred_periods(self.deferral_months, self.duration_years, self.frequency)
        check_progressivity(self.profile, self.progressivity)

    @property
    def periods(self) -> int:
        return self.duration_years * self.frequency.periods_per_year

    @property
    def deferred(self) -> int:
        return deferred_periods(self.deferral_months, self.duration_years, self.frequency)


class Period(NamedTuple):
    """One period, in cents: what is owed at its start, then what is paid at its end."""

    outstanding_cents: int
    interest_cents: int
    repaid_cents: int

    @property
    def instalment_cents(self) -> int:
        return self.interest_cents + self.repaid_cents


def schedule(terms: LoanTerms) -> tuple[Period, ...]:
    """Every period in order; the last one repays what is left, to exactly 0.

    Amounts rounded up may repay a tiny loan before its term: the periods after that are zero.
    Raises: InstalmentBelowInterest.
    """
    deferred, last = terms.deferred, terms.periods - 1
    constant_amortisation = terms.profile is AmortisationProfile.CONSTANT_AMORTISATION
    periods: list[Period] = []
    with localcontext(ARITHMETIC):
        period_rate = terms.annual_rate / terms.frequency.periods_per_year
        outstanding = _initial_outstanding_cents(terms)
        amounts = _amounts(terms, outstanding, period_rate)
        for k in range(terms.periods):
            interest = round_half_up(outstanding * period_rate)
            if k < deferred:
                repaid = 0
            elif k < last:
                amount = next(amounts)
                # An instalment that falls with the years may round below the interest of a few cents.
                repaid = min(amount if constant_amortisation else max(0, amount - interest), outstanding)
            else:
                repaid = outstanding
            assert 0 <= repaid <= outstanding
            periods.append(Period(outstanding, interest, repaid))
            outstanding -= repaid
    assert outstanding == 0
    return tuple(periods)


def _initial_outstanding_cents(terms: LoanTerms) -> int:
    """CRD₀: the principal, and the prefinancing interest where it is capitalised."""
    if terms.prefinancing_interest is PrefinancingInterest.PAID:
        return terms.principal_cents
    return terms.principal_cents + round_half_up(
        terms.principal_cents * terms.annual_rate * terms.prefinancing_months / MONTHS_PER_YEAR
    )


def _amounts(terms: LoanTerms, outstanding_cents: int, period_rate: Decimal) -> Iterator[int]:
    """What is due each period after the deferral: the principal alone for constant amortisation, else the whole
    instalment. Raises: InstalmentBelowInterest.
    """
    repayments = terms.periods - terms.deferred
    if terms.profile is AmortisationProfile.PROGRESSIVE_INSTALMENTS:
        return _progressive(terms, outstanding_cents, period_rate, repayments)
    if terms.profile is AmortisationProfile.CONSTANT_AMORTISATION:
        return repeat(round_half_up(Decimal(outstanding_cents) / repayments))
    return repeat(round_half_up(outstanding_cents / _annuity_factor(period_rate, repayments)))


def _progressive(terms: LoanTerms, outstanding_cents: int, period_rate: Decimal, repayments: int) -> Iterator[int]:
    """Constant within each year of repayment, times 1 + progressivity from one year to the next; the years are
    counted from the end of the deferral and the last may be short.
    """
    a_year = terms.frequency.periods_per_year
    growth = 1 + terms.progressivity
    years, rest = divmod(repayments, a_year)
    # Seen from the end, by Horner's rule: a year's instalments, then the years after it.
    worth = _annuity_factor(period_rate, rest)
    discount = (1 + period_rate) ** -a_year
    whole_year = _annuity_factor(period_rate, a_year)
    for _ in range(years):
        worth = whole_year + growth * discount * worth
    first = outstanding_cents / worth
    if first < outstanding_cents * period_rate:
        raise InstalmentBelowInterest("La progressivité ne couvre pas les intérêts des premières échéances.")
    return chain.from_iterable(repeat(round_half_up(first * growth**year), a_year) for year in count())


def _annuity_factor(period_rate: Decimal, periods: int) -> Decimal:
    """What 1 paid at the end of each of `periods` periods is worth at their start."""
    if period_rate == 0:
        return Decimal(periods)
    return (1 - (1 + period_rate) ** -periods) / period_rate
