"""How long a price takes, beside floats: `python -m tests.bench.pricing --offers 10000 --rounds 5`.

Each offer has three lines of 40 years, quarterly. The product prices in decimals and keeps a trace; the float loop and
numpy-financial price the same lines in binary floating point, without one. Rounds are interleaved, so that a busy
machine slows all alike; medians and their ratios are what to read. Nothing is asserted.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import floor
from random import Random
from statistics import median

import numpy as np
import numpy_financial as npf

from services.pricing.domain.drafting import draft, price, rating_of, terms
from services.pricing.domain.facts import OfferDrafted
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.offer import Offer
from services.pricing.domain.rating import credit_quality_step
from services.pricing.domain.schedule import LoanTerms
from services.pricing.domain.trace import trace_bytes
from services.pricing.grids import grid_bytes
from shared.contracts.values import Loan
from shared.lending import Frequency, LoanPurpose, PrefinancingInterest
from tests.facts import loan, opinion, profile, submitted

GRID = load_grid(grid_bytes())
NOW = datetime(2024, 5, 16, 9, tzinfo=UTC)
RATINGS = ("1+", "1", "2", "4")
LINES, YEARS = 3, 40
Cents = tuple[int, ...]


def made(number: int, random: Random) -> Offer:
    """An offer with everything that drafts it."""
    loans = tuple(_loan(place, random) for place in range(LINES))
    dossier_id = f"b{number}"
    offer = Offer()
    for fact in (
        submitted(dossier_id=dossier_id, deposit_number=number, loans=loans),
        profile(dossier_id=dossier_id, rating=random.choice(RATINGS), rated_on=date(2024, 3, 1)),
        opinion(),
    ):
        offer = offer.fold(fact)
    return offer


def _loan(place: int, random: Random) -> Loan:
    return loan(
        f"ligne-{place}",
        LoanPurpose.BUILDING,
        random.randint(10_000_000, 4_000_000_000),
        duration_years=YEARS,
        frequency=Frequency.QUARTERLY,
        annual_rate=Decimal(random.randint(100, 500)).scaleb(-4),
        prefinancing_months=random.choice((0, 12, 24)),
        prefinancing_interest=random.choice(tuple(PrefinancingInterest)),
        deferral_months=random.choice((0, 12, 24)),
    )


# -- the contestants: line premiums of one offer, in cents -----------------------------------------------------------


def product_with_trace(offer: Offer) -> Cents:
    (drafted,) = draft(offer, GRID, NOW)
    assert isinstance(drafted, OfferDrafted)
    assert trace_bytes(drafted)
    return tuple(line.premium_cents for line in drafted.lines)


def product(offer: Offer) -> Cents:
    assert offer.profile is not None
    return tuple(line.premium_cents for line in price(offer, offer.profile, GRID, NOW).lines)


def float_loop(offer: Offer) -> Cents:
    return tuple(_float_line(*line) for line in _lines(offer, GRID))


def numpy_financial(offer: Offer) -> Cents:
    return tuple(_numpy_line(*line) for line in _lines(offer, GRID))


def _lines(offer: Offer, grid: Grid) -> list[tuple[LoanTerms, float, float]]:
    """Each line with its annual rate and the discount rate, read off the same grid."""
    assert offer.profile is not None
    step = credit_quality_step(rating_of(offer.profile))
    return [
        (
            terms(one),
            float(
                grid.base_bp(step, one.duration_years)
                + grid.deferral_bp(one.deferral_months)
                + grid.programme_bp(offer.profile.programme_quality)
            )
            / 10_000,
            float(grid.discount_rate),
        )
        for one in offer.loans
    ]


def _start(line: LoanTerms) -> float:
    capitalised = line.prefinancing_interest is PrefinancingInterest.CAPITALISED
    months = line.prefinancing_months if capitalised else 0
    return line.principal_cents + _half_up(line.principal_cents * float(line.annual_rate) * months / 12)


def _half_up(amount: float) -> float:
    return floor(amount + 0.5)


def _float_line(line: LoanTerms, annual: float, discount: float) -> int:
    """As anybody would write it: the same rounding of each period, in floats."""
    m, n = 4, line.periods
    r = float(line.annual_rate) / m
    owed = _start(line)
    instalment = _half_up(owed * r / (1 - (1 + r) ** -(n - line.deferred)))
    commission = line.principal_cents * annual * line.prefinancing_months / 12
    for k in range(n):
        commission += owed * annual / m * (1 + discount) ** -(line.prefinancing_months / 12 + k / m)
        if k >= line.deferred:
            owed = max(0, owed - (instalment - _half_up(owed * r)))
    return int(_half_up(commission))


def _numpy_line(line: LoanTerms, annual: float, discount: float) -> int:
    """Balances by the closed formula, vectorised: no rounding before the last."""
    m, n = 4, line.periods
    r = float(line.annual_rate) / m
    owed = _start(line)
    instalment = npf.pmt(r, n - line.deferred, -owed)
    repaid = np.maximum(np.arange(n) - line.deferred, 0)
    balances = npf.fv(r, repaid, instalment, -owed)
    factors = (1 + discount) ** -(line.prefinancing_months / 12 + np.arange(n) / m)
    commission = line.principal_cents * annual * line.prefinancing_months / 12 + annual / m * (balances @ factors)
    return int(_half_up(float(commission)))


CONTESTANTS: dict[str, Callable[[Offer], Cents]] = {
    "product, with trace": product_with_trace,
    "product, price only": product,
    "float loop": float_loop,
    "numpy-financial": numpy_financial,
}


def per_offer_us(contestant: Callable[[Offer], Cents], offers: Sequence[Offer]) -> float:
    started = time.perf_counter()
    for offer in offers:
        contestant(offer)
    return (time.perf_counter() - started) / len(offers) * 1e6


def differences(contestant: Callable[[Offer], Cents], offers: Sequence[Offer]) -> list[int]:
    """By how many cents each line differs from the product's."""
    return [
        found - expected
        for offer in offers
        for found, expected in zip(contestant(offer), product(offer), strict=True)
        if found != expected
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2024)
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    offers = [made(number, random) for number in range(1, arguments.offers + 1)]
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(arguments.rounds):
        for name, contestant in CONTESTANTS.items():
            times[name].append(per_offer_us(contestant, offers))
    reference = median(times["float loop"])
    print(f"{len(offers)} offers of {LINES} lines, {YEARS} years quarterly, {arguments.rounds} interleaved rounds")
    print(f"{'':<22}{'median µs/offer':>16}{'min':>9}{'max':>9}{'× float':>9}   lines that differ (cents, most)")
    for name, measured in times.items():
        found = differences(CONTESTANTS[name], offers)
        most = max(map(abs, found), default=0)
        middle = median(measured)
        print(
            f"{name:<22}{middle:>16.0f}{min(measured):>9.0f}{max(measured):>9.0f}{middle / reference:>9.1f}"
            f"   {len(found)} of {len(offers) * LINES} ({most})"
        )


if __name__ == "__main__":
    main()
