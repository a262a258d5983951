"""The schedule of outstanding principal (CRD) of one loan line (DOMAIN, The premium).

Constant instalments after the deferral; every amount in whole cents, rounded half up.
"""

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import NamedTuple

from shared.errors import Refusal
from shared.lending import RATE_STEP, Frequency, PrefinancingInterest, deferred_periods
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


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """One loan line. `annual_rate` is a fraction (0.029 for 2.9 %); `duration_years` includes the deferral
    and not the prefinancing.

    Raises: LoanNotPriceable, DeferralNotWholePeriods, DeferralLongerThanLoan.
    """

    principal_cents: int
    duration_years: int
    frequency: Frequency
    annual_rate: Decimal
    prefinancing_months: int = 0
    prefinancing_interest: PrefinancingInterest = PrefinancingInterest.PAID
    deferral_months: int = 0

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

    An instalment rounded up may repay a tiny loan before its term: the periods after that are zero.
    """
    deferred, last = terms.deferred, terms.periods - 1
    periods: list[Period] = []
    with localcontext(ARITHMETIC):
        period_rate = terms.annual_rate / terms.frequency.periods_per_year
        outstanding = _initial_outstanding_cents(terms)
        instalment = _instalment_cents(outstanding, period_rate, terms.periods - deferred)
        for k in range(terms.periods):
            interest = round_half_up(outstanding * period_rate)
            if k < deferred:
                repaid = 0
            elif k < last:
                repaid = min(instalment - interest, outstanding)
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
        terms.principal_cents * terms.annual_rate * terms.prefinancing_months / 12
    )


def _instalment_cents(outstanding_cents: int, period_rate: Decimal, repayments: int) -> int:
    if period_rate == 0:
        return round_half_up(Decimal(outstanding_cents) / repayments)
    return round_half_up(outstanding_cents * period_rate / (1 - (1 + period_rate) ** -repayments))
