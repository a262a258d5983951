"""The draft of an offer: its loans priced as they stand, with all that lies between."""

from datetime import datetime

from services.pricing.domain.facts import AutomaticPricingRefused, OfferDrafted, PricedLine, Workings
from services.pricing.domain.grid import Grid, needed
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.premium import METHOD, Derogation, OfferPremium, price_offer
from services.pricing.domain.rating import Rating, RatingScale
from services.pricing.domain.schedule import LoanTerms
from shared.calendar import PARIS
from shared.contracts.instruction import RiskProfileRecorded
from shared.contracts.pricing import PricingNeedsPerson
from shared.contracts.values import Loan, PremiumLine
from shared.errors import Refusal
from shared.events import Event

REDRAFTABLE = frozenset(
    {
        OfferStatus.NONE,
        OfferStatus.NEEDS_PERSON,
        OfferStatus.REFUSED,
        OfferStatus.DRAFTED,
        OfferStatus.ISSUED,
    }
)


class OfferNotRedraftable(Refusal):
    type = "offer-not-redraftable"
    title = "Cette offre ne peut plus être recalculée"


def draft(offer: Offer, grid: Grid | None, now: datetime) -> list[Event]:
    """Price the loans as they stand; nothing while a piece is missing. A rating that may not be priced
    automatically goes to a person, with the reason kept inside (DOMAIN rules 10, 11); so does a dossier that no grid
    in force (`grid` is None) can price.
    """
    if offer.submitted is None or offer.profile is None or offer.closed:
        return []
    dossier_id = offer.submitted.dossier_id
    try:
        return [_drafted(offer, offer.profile, needed(grid), now)]
    except Refusal as refusal:
        refused = AutomaticPricingRefused(
            dossier_id=dossier_id, reason=refusal.type, detail=refusal.detail, refused_at=now
        )
        return [refused, PricingNeedsPerson(dossier_id=dossier_id, noted_at=now)]


def redraft(offer: Offer, grid: Grid, now: datetime) -> list[Event]:
    """Price again on a person's request; an issued offer stays valid until the new one is issued.

    Raises: OfferNotRedraftable once answered, expired or closed, or before the pieces are there.
    """
    if offer.status not in REDRAFTABLE or not offer.favourable:
        raise OfferNotRedraftable(status_label=offer.status.value)
    return draft(offer, grid, now)


def price(offer: Offer, profile: RiskProfileRecorded, grid: Grid, now: datetime) -> OfferPremium:
    """What the loans cost on `grid` today, an approved derogation included. Raises: as price_offer."""
    return price_offer(
        {loan.loan_id: terms(loan) for loan in offer.loans},
        rating_of(profile),
        profile.programme_quality,
        grid,
        now.astimezone(PARIS).date(),
        derogation_of(offer),
    )


def rating_of(profile: RiskProfileRecorded) -> Rating:
    """Raises: UnknownRating, RatingScaleMismatch."""
    return Rating.parse(profile.rating, RatingScale(profile.scale), profile.rated_on)


def derogation_of(offer: Offer) -> Derogation | None:
    approved = offer.derogation
    return None if approved is None else Derogation(rate_bp=approved.rate_bp, step=approved.step)


def terms(loan: Loan) -> LoanTerms:
    return LoanTerms(
        principal_cents=loan.principal_cents,
        duration_years=loan.duration_years,
        frequency=loan.frequency,
        annual_rate=loan.annual_rate,
        prefinancing_months=loan.prefinancing_months,
        prefinancing_interest=loan.prefinancing_interest,
        deferral_months=loan.deferral_months,
        profile=loan.profile,
        progressivity=loan.progressivity,
    )


def _drafted(offer: Offer, profile: RiskProfileRecorded, grid: Grid, now: datetime) -> OfferDrafted:
    premium = price(offer, profile, grid, now)
    priced = {line.loan_id: line for line in premium.lines}
    return OfferDrafted(
        dossier_id=profile.dossier_id,
        offer_id=f"{profile.dossier_id}-{offer.drafts + 1}",
        loans=offer.loans,
        rating=profile,
        credit_quality_step=str(premium.step or ""),
        grid_version=grid.version,
        grid_hash=grid.content_hash,
        priced=tuple(
            PricedLine(loan_id=line.loan_id, rate_bp=line.rate_bp, premium_cents=line.premium_cents)
            for line in premium.lines
        ),
        lines=tuple(
            PremiumLine(
                loan_id=loan.loan_id,
                purpose=loan.purpose,
                principal_cents=loan.principal_cents,
                premium_cents=priced[loan.loan_id].premium_cents,
            )
            for loan in offer.loans
        ),
        premium_cents=premium.premium_cents,
        minimum_applied=premium.minimum_applied,
        cap_applied=premium.cap_applied,
        drafted_at=now,
        workings=Workings(
            method=METHOD,
            grid=grid,
            derogation=derogation_of(offer),
            lines={line.loan_id: line.figures for line in premium.lines},
            lines_cents=premium.lines_cents,
            minimum_cents=premium.minimum_cents,
            cap_cents=premium.cap_cents,
        ),
    )
