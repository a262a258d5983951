"""The premium of an offer, line by line (DOMAIN, The premium; rules 4 and 12).

The same inputs and grid give the same cents on any machine: decimals only, one explicit context.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, localcontext

from services.pricing.domain.grid import BASIS_POINTS, Grid
from services.pricing.domain.rating import CreditQualityStep, Rating, credit_quality_step
from services.pricing.domain.schedule import ARITHMETIC, LoanNotPriceable, LoanTerms, schedule
from shared.lending import MONTHS_PER_YEAR
from shared.money import round_half_up


@dataclass(frozen=True, slots=True)
class RateComposition:
    """What a line's annual commission rate is made of, in basis points."""

    base_bp: Decimal
    deferral_bp: Decimal
    quality_bp: Decimal

    @property
    def total_bp(self) -> Decimal:
        return self.base_bp + self.deferral_bp + self.quality_bp


@dataclass(frozen=True, slots=True)
class LinePremium:
    """One loan line's price, rounded. The rate tells the step, so it stays out of logs (DOMAIN rule 11)."""

    loan_id: str
    principal_cents: int
    premium_cents: int
    rate: RateComposition = field(repr=False)

    @property
    def rate_bp(self) -> Decimal:
        return self.rate.total_bp


@dataclass(frozen=True, slots=True)
class OfferPremium:
    """The price of an offer. `lines_cents` is the sum of the rounded lines; `premium_cents` is what is due.

    The lines stay as computed: the minimum raises and the cap lowers the offer, not a line.
    """

    lines: tuple[LinePremium, ...]
    lines_cents: int
    minimum_cents: int
    cap_cents: int
    grid_version: str
    step: CreditQualityStep = field(repr=False)

    @property
    def premium_cents(self) -> int:
        """Between the two the cap wins: it is never exceeded."""
        return min(max(self.minimum_cents, self.lines_cents), self.cap_cents)

    @property
    def minimum_applied(self) -> bool:
        """More is due than the lines' sum."""
        return self.premium_cents > self.lines_cents

    @property
    def cap_applied(self) -> bool:
        """Less is due than the lines and the minimum ask for."""
        return self.premium_cents < max(self.minimum_cents, self.lines_cents)


def price_offer(loans: Mapping[str, LoanTerms], rating: Rating, programme_quality: str, grid: Grid) -> OfferPremium:
    """Price every loan line (by loan id, order kept) and their sum.

    Raises: OldRatingScale, RatingNeedsAPerson, CommitteeDerogationNeeded, RatingRefused,
    UnknownProgrammeQuality, LoanNotPriceable (nothing to price, or so little that the cap is 0).
    """
    step = credit_quality_step(rating)
    with localcontext(ARITHMETIC):
        lines = tuple(_price_line(loan_id, terms, step, programme_quality, grid) for loan_id, terms in loans.items())
        principal_cents = sum(line.principal_cents for line in lines)
        offer = OfferPremium(
            lines=lines,
            lines_cents=sum(line.premium_cents for line in lines),
            minimum_cents=grid.minimum_cents,
            # Floored: half up could exceed the cap by half a cent.
            cap_cents=int((principal_cents * grid.cap_share).to_integral_value(rounding=ROUND_FLOOR)),
            grid_version=grid.version,
            step=step,
        )
    if offer.premium_cents <= 0:
        raise LoanNotPriceable("Le montant des prêts est trop faible pour porter une prime.")
    return offer


def _price_line(
    loan_id: str, terms: LoanTerms, step: CreditQualityStep, programme_quality: str, grid: Grid
) -> LinePremium:
    rate = RateComposition(
        base_bp=grid.base_bp(step, terms.duration_years),
        deferral_bp=grid.deferral_bp(terms.deferral_months),
        quality_bp=grid.programme_bp(programme_quality),
    )
    premium_cents = line_premium_cents(terms, rate.total_bp, grid.discount_rate)
    return LinePremium(loan_id, terms.principal_cents, premium_cents, rate)


def line_premium_cents(terms: LoanTerms, rate_bp: Decimal, discount_rate: Decimal) -> int:
    """The commission at `rate_bp` basis points a year, paid in advance and discounted to the signature.

    The prefinancing months are charged on the principal, undiscounted; each period on its CRD. Unrounded
    inside, rounded half up once.
    """
    with localcontext(ARITHMETIC):
        rate = rate_bp / BASIS_POINTS
        prefinancing = Decimal(terms.principal_cents * terms.prefinancing_months) / MONTHS_PER_YEAR
        start = _discount_factor(discount_rate, terms.prefinancing_months)
        amortisation = discounted_outstanding(terms, discount_rate) / terms.frequency.periods_per_year
        return round_half_up(rate * (prefinancing + start * amortisation))


def discounted_outstanding(terms: LoanTerms, discount_rate: Decimal) -> Decimal:
    """Σ CRDₖ·(1+i)^−(k/m) in cents, seen from the start of the amortisation."""
    with localcontext(ARITHMETIC):
        factor = _discount_factor(discount_rate, terms.frequency.months_per_period)
        total = Decimal(0)
        # Horner's rule: one multiplication a period instead of a power.
        for period in reversed(schedule(terms)):
            total = total * factor + period.outstanding_cents
        return total


def _discount_factor(discount_rate: Decimal, months: int) -> Decimal:
    """(1+i)^−(months/12)."""
    return (1 + discount_rate) ** (Decimal(-months) / MONTHS_PER_YEAR)
