"""Two grids over the dossiers that are still open: what each would cost, before one is put in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.pricing.domain.drafting import REDRAFTABLE, price
from services.pricing.domain.grid import Grid
from services.pricing.domain.offer import Offer
from shared.errors import Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """A premium in cents, or the stable word of why there is none."""

    premium_cents: int | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One open dossier on both grids."""

    dossier_id: str
    deposit_number: int
    principal_cents: int
    first: Outcome
    second: Outcome

    @property
    def difference_cents(self) -> int | None:
        """None where one of the two gives no premium."""
        if self.first.premium_cents is None or self.second.premium_cents is None:
            return None
        return self.second.premium_cents - self.first.premium_cents


def compare(offers: Iterable[Offer], first: Grid, second: Grid, now: datetime) -> list[Comparison]:
    """Every dossier that may still be priced, in deposit order."""
    compared: list[Comparison] = []
    for offer in offers:
        submitted = offer.submitted
        if submitted is None or offer.profile is None or offer.closed or offer.status not in REDRAFTABLE:
            continue
        compared.append(
            Comparison(
                dossier_id=submitted.dossier_id,
                deposit_number=submitted.deposit_number,
                principal_cents=sum(loan.principal_cents for loan in offer.loans),
                first=_outcome(offer, first, now),
                second=_outcome(offer, second, now),
            )
        )
    return sorted(compared, key=lambda one: one.deposit_number)


def _outcome(offer: Offer, grid: Grid, now: datetime) -> Outcome:
    assert offer.profile is not None, "an open dossier with its rating"
    try:
        return Outcome(price(offer, offer.profile, grid, now).premium_cents)
    except Refusal as refusal:
        return Outcome(None, refusal.type)
