"""The premium again, in exact fractions: no Decimal context, no shortcut, nothing of the product but its inputs.

Roots of 1+i are irrational, so each discount factor is enclosed between two fractions 10⁻⁶⁰ apart; a premium is
believed when both ends round to the same cent.
"""

from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor, isqrt

from hypothesis import assume
from hypothesis import strategies as st

from services.pricing.domain.schedule import LoanTerms
from shared.lending import AmortisationProfile, Frequency, PrefinancingInterest

SCALE = 10**60


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def outstanding(terms: LoanTerms) -> list[int]:
    """CRD₀ … CRDₙ₋₁ in cents."""
    m = terms.frequency.periods_per_year
    n, d = terms.duration_years * m, terms.deferral_months * m // 12
    rate = Fraction(terms.annual_rate)
    r = rate / m
    crd = terms.principal_cents
    if terms.prefinancing_interest is PrefinancingInterest.CAPITALISED:
        crd += half_up(terms.principal_cents * rate * Fraction(terms.prefinancing_months, 12))
    owed = [crd] * d
    constant = half_up(Fraction(crd, n - d))
    instalments = [half_up(exact) for exact in _instalments(terms, crd, n - d)]
    for k in range(n - d):
        owed.append(crd)
        interest = half_up(crd * r)
        principal = (
            constant if terms.profile is AmortisationProfile.CONSTANT_AMORTISATION else instalments[k] - interest
        )
        crd -= min(crd, max(0, principal))
    return owed


def _instalments(terms: LoanTerms, crd: int, repayments: int) -> list[Fraction]:
    """What each repayment would be unrounded: weights that follow the years, scaled so that their worth is the CRD."""
    m = terms.frequency.periods_per_year
    r = Fraction(terms.annual_rate) / m
    weights = [(1 + Fraction(terms.progressivity)) ** (k // m) for k in range(repayments)]
    later = sum(weight * (1 + r) ** (repayments - 1 - k) for k, weight in enumerate(weights))
    return [crd * (1 + r) ** repayments * weight / later for weight in weights]


def principal_would_grow(terms: LoanTerms) -> bool:
    """The first instalment would be below its interest."""
    repayments = terms.duration_years * terms.frequency.periods_per_year - terms.deferred
    r = Fraction(terms.annual_rate) / terms.frequency.periods_per_year
    return _instalments(terms, 1, repayments)[0] < r


def premium_cents(terms: LoanTerms, rate_bp: Fraction, i: Fraction) -> int:
    m, p = terms.frequency.periods_per_year, terms.prefinancing_months
    t = rate_bp / 10_000
    prefinancing = terms.principal_cents * t * Fraction(p, 12)
    low = high = 0
    for k, crd in enumerate(outstanding(terms)):
        factor = discount_below(i, p + k * 12 // m)
        low, high = low + crd * factor, high + crd * (factor + 1)
    ends = {half_up(prefinancing + t / m * Fraction(end, SCALE)) for end in (low, high)}
    assert len(ends) == 1
    return ends.pop()


@cache
def discount_below(i: Fraction, months: int) -> int:
    """⌊10⁶⁰·(1+i)^−(months/12)⌋, by the integer twelfth root of its twelfth power."""
    return isqrt(isqrt(cube_root(floor(SCALE**12 / (1 + i) ** months))))


def cube_root(number: int) -> int:
    root = 1 << -(-number.bit_length() // 3)
    while (better := (2 * root + number // root**2) // 3) < root:
        root = better
    return root


@st.composite
def loan_terms(draw: st.DrawFn) -> LoanTerms:
    frequency = draw(st.sampled_from(Frequency))
    years = draw(st.integers(1, 50))
    longest = min(24 // frequency.months_per_period, years * frequency.periods_per_year - 1)
    profile = draw(st.sampled_from(AmortisationProfile))
    progressive = profile is AmortisationProfile.PROGRESSIVE_INSTALMENTS
    loan = LoanTerms(
        principal_cents=draw(st.integers(1, 5_000) | st.integers(1, 60_000_000_000)),
        duration_years=years,
        frequency=frequency,
        annual_rate=draw(st.decimals(0, "0.15", places=draw(st.sampled_from([0, 2, 4, 8])))),
        prefinancing_months=draw(st.integers(0, 24)),
        prefinancing_interest=draw(st.sampled_from(PrefinancingInterest)),
        deferral_months=draw(st.integers(0, longest)) * frequency.months_per_period,
        profile=profile,
        progressivity=draw(st.decimals("-0.03", "0.005", places=4)) if progressive else Decimal(0),
    )
    assume(not principal_would_grow(loan))
    return loan
