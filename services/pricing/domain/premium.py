"""The premium of an offer, line by line (DOMAIN, The premium; rules 4 and 12).

The same inputs and grid give the same cents on any machine: decimals only, one explicit context.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext

from services.pricing.domain.grid import BASIS_POINTS, Grid
from services.pricing.domain.rating import CreditQualityStep, Rating, check_age, credit_quality_step
from services.pricing.domain.schedule import ARITHMETIC, LoanNotPriceable, LoanTerms, schedule
from shared.events import Value
from shared.lending import MONTHS_PER_YEAR
from shared.money import round_half_up

# The name of these rules of calculation, kept with every price: it changes whenever a cent could.
METHOD = "premium-1"


class RateComposition(Value):
    """What a line's annual commission rate is made of, in basis points."""

    base_bp: Decimal
    deferral_bp: Decimal = Decimal(0)
    quality_bp: Decimal = Decimal(0)

    @property
    def total_bp(self) -> Decimal:
        return self.base_bp + self.deferral_bp + self.quality_bp


class Derogation(Value):
    """What two people decided to apply: `rate_bp`, the whole annual rate of every line, or a step of the grid."""

    rate_bp: Decimal | None
    step: CreditQualityStep | None


class LineFigures(Value):
    """Every figure between a loan line and its premium.

    Cents are whole; Decimal amounts are cents before the one rounding. `period_factor` is (1+i)^−(1/m), `start_factor`
    (1+i)^−(p/12), `discounted_outstanding` Σ CRDₖ·(1+i)^−(k/m). One entry a period in the three tuples.
    """

    rate: RateComposition
    outstanding_cents: tuple[int, ...]
    interest_cents: tuple[int, ...]
    repaid_cents: tuple[int, ...]
    period_factor: Decimal
    start_factor: Decimal
    discounted_outstanding: Decimal
    prefinancing_commission: Decimal
    amortisation_commission: Decimal
    premium_cents: int


@dataclass(frozen=True, slots=True)
class LinePremium:
    """One loan line's price, rounded. The figures tell the step, so they stay out of logs (DOMAIN rule 11)."""

    loan_id: str
    principal_cents: int
    figures: LineFigures = field(repr=False)

    @property
    def premium_cents(self) -> int:
        return self.figures.premium_cents

    @property
    def rate_bp(self) -> Decimal:
        return self.figures.rate.total_bp


@dataclass(frozen=True, slots=True)
class OfferPremium:
    """The price of an offer. `lines_cents` is the sum of the rounded lines; `premium_cents` is what is due.

    The lines stay as computed: the minimum raises and the cap lowers the offer, not a line. There is no step where a
    derogation names the rate.
    """

    lines: tuple[LinePremium, ...]
    lines_cents: int
    minimum_cents: int
    cap_cents: int
    grid_version: str
    step: CreditQualityStep | None = field(repr=False)

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


def price_offer(
    loans: Mapping[str, LoanTerms],
    rating: Rating,
    programme_quality: str,
    grid: Grid,
    today: date,
    derogation: Derogation | None = None,
) -> OfferPremium:
    """Price every loan line (by loan id, order kept) and their sum; `today` is the day in Paris.

    Raises: RatingTooOld, OldRatingScale, RatingNeedsAPerson, CommitteeDerogationNeeded, RatingRefused,
    UnknownProgrammeQuality, InstalmentBelowInterest, LoanNotPriceable (nothing to price, or so little that the cap
    is 0).
    """
    check_age(rating, today, grid.rating_max_age_months)
    step = credit_quality_step(rating) if derogation is None else derogation.step
    with localcontext(ARITHMETIC):
        lines = tuple(
            LinePremium(
                loan_id,
                terms.principal_cents,
                line_figures(terms, _rate(terms, step, programme_quality, grid, derogation), grid.discount_rate),
            )
            for loan_id, terms in loans.items()
        )
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


def _rate(
    terms: LoanTerms, step: CreditQualityStep | None, programme_quality: str, grid: Grid, derogation: Derogation | None
) -> RateComposition:
    if step is None:
        assert derogation is not None, "only a derogation does without a step"
        assert derogation.rate_bp is not None, "it names a step or a rate"
        return RateComposition(base_bp=derogation.rate_bp)
    return RateComposition(
        base_bp=grid.base_bp(step, terms.duration_years),
        deferral_bp=grid.deferral_bp(terms.deferral_months),
        quality_bp=grid.programme_bp(programme_quality),
    )


def line_figures(terms: LoanTerms, rate: RateComposition, discount_rate: Decimal) -> LineFigures:
    """The commission at the rate's basis points a year, paid in advance and discounted to the signature.

    The prefinancing months are charged on the principal, undiscounted; each period on its CRD. Unrounded
    inside, rounded half up once. Raises: InstalmentBelowInterest.
    """
    periods = schedule(terms)
    owed = tuple(period.outstanding_cents for period in periods)
    with localcontext(ARITHMETIC):
        annual = rate.total_bp / BASIS_POINTS
        period_factor = _discount_factor(discount_rate, terms.frequency.months_per_period)
        start_factor = _discount_factor(discount_rate, terms.prefinancing_months)
        worth = _discounted(owed, period_factor)
        prefinancing = annual * terms.principal_cents * terms.prefinancing_months / MONTHS_PER_YEAR
        amortisation = annual * start_factor * worth / terms.frequency.periods_per_year
        return LineFigures(
            rate=rate,
            outstanding_cents=owed,
            interest_cents=tuple(period.interest_cents for period in periods),
            repaid_cents=tuple(period.repaid_cents for period in periods),
            period_factor=period_factor,
            start_factor=start_factor,
            discounted_outstanding=worth,
            prefinancing_commission=prefinancing,
            amortisation_commission=amortisation,
            premium_cents=round_half_up(prefinancing + amortisation),
        )


def _discounted(outstanding_cents: tuple[int, ...], period_factor: Decimal) -> Decimal:
    """Σ CRDₖ·(1+i)^−(k/m) in cents, seen from the start of the amortisation."""
    total = Decimal(0)
    # Horner's rule: one multiplication a period instead of a power.
    for owed in reversed(outstanding_cents):
        total = total * period_factor + owed
    return total


def _discount_factor(discount_rate: Decimal, months: int) -> Decimal:
    """(1+i)^−(months/12)."""
    return (1 + discount_rate) ** (Decimal(-months) / MONTHS_PER_YEAR)
