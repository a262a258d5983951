"""What pricing records for itself: private facts that hold ratings, steps and rates (DOMAIN rule 11)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.pricing.domain.grid import Grid
from services.pricing.domain.premium import Derogation, LineFigures
from services.pricing.domain.rating import CreditQualityStep
from shared.contracts.instruction import RiskProfileRecorded
from shared.contracts.values import Loan, PremiumLine, Printing
from shared.events import Event, UtcDatetime, Value


class PricedLine(Value):
    """One line's price with what it is made of; internal."""

    loan_id: str
    rate_bp: Decimal
    premium_cents: int


class Workings(Value):
    """All that lies between the inputs and the price. `method` names the rules of calculation (METHOD).

    `lines` by loan id; `lines_cents` is the sum of the rounded lines, before minimum and cap.
    """

    method: str
    grid: Grid
    derogation: Derogation | None
    lines: dict[str, LineFigures]
    lines_cents: int
    minimum_cents: int
    cap_cents: int


class OfferDrafted(Event):
    """The frozen inputs and the price (DOMAIN rule 12). Private: it holds the rating and the step.

    A draft made before workings were kept has none.
    """

    dossier_id: str
    offer_id: str
    loans: tuple[Loan, ...]
    rating: RiskProfileRecorded
    credit_quality_step: str
    grid_version: str
    grid_hash: str
    priced: tuple[PricedLine, ...]
    lines: tuple[PremiumLine, ...]
    premium_cents: int
    minimum_applied: bool
    cap_applied: bool
    drafted_at: UtcDatetime
    workings: Workings | None = None


class OfferPrinted(Event):
    """What the offer was printed with, just before it is issued; `validity_days` are the business days it announces."""

    dossier_id: str
    offer_id: str
    validity_days: int
    printing: Printing


class ContestConclusion(StrEnum):
    """The expiry, or the replacement, stands; or the bailleur was put back in its rights, by acts of their own
    (docs/adr/0016).
    """

    EXPIRY_STANDS = "expiry_stands"
    REDRESSED = "redressed"


class ContestConcluded(Event):
    """What a person made of an acceptance that was in time and read after its offer's end."""

    dossier_id: str
    offer_id: str
    conclusion: ContestConclusion
    reason: str
    concluded_by: str
    concluded_at: UtcDatetime


class AutomaticPricingRefused(Event):
    """Why automatic pricing may not price. Private: the reason speaks of the rating."""

    dossier_id: str
    reason: str
    detail: str
    refused_at: UtcDatetime


class DerogationProposed(Event):
    """One person's reasoned proposal to price what automatic pricing may not: a rate or the step to apply.

    It is about `rating`: another rating makes it void.
    """

    dossier_id: str
    derogation_id: str
    rating: RiskProfileRecorded
    rate_bp: Decimal | None
    step: CreditQualityStep | None
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime


class DerogationApproved(Event):
    """`session_date` is that of the committee's session which granted it, where it took one (docs/adr/0021)."""

    dossier_id: str
    derogation_id: str
    approved_by: str
    approved_at: UtcDatetime
    session_date: date | None = None
