"""What pricing decides on an offer: draft, issue, answer, expire."""

from datetime import datetime, timedelta

from services.pricing.domain.grid import Grid
from services.pricing.domain.offer import AutomaticPricingRefused, Offer, OfferDrafted, OfferStatus, PricedLine
from services.pricing.domain.premium import OfferPremium, price_offer
from services.pricing.domain.rating import Rating, RatingScale
from services.pricing.domain.schedule import LoanTerms
from shared.calendar import BusinessCalendar
from shared.contracts.instruction import (
    RiskProfileRecorded,
)
from shared.contracts.intake import (
    DossierSubmitted,
    LoansReduced,
    OfferAcceptanceLodged,
    OfferDeclineLodged,
)
from shared.contracts.pricing import (
    AnswerRefusal,
    OfferAccepted,
    OfferAnswerRefused,
    OfferDeclined,
    OfferExpired,
    OfferIssued,
    OfferSuperseded,
    PricingNeedsPerson,
)
from shared.contracts.values import Loan, PremiumLine, StoredDocument
from shared.errors import Refusal
from shared.events import Event

# An acceptance received in time may still travel when the deadline passes: expiry waits that long.
EXPIRY_GRACE = timedelta(minutes=10)


class OfferNotDrafted(Refusal):
    type = "offer-not-drafted"
    title = "Aucun projet d'offre à émettre"


class OfferNotRedraftable(Refusal):
    type = "offer-not-redraftable"
    title = "Cette offre ne peut plus être recalculée"


def receive(offer: Offer, event: Event, grid: Grid, now: datetime) -> list[Event]:
    """Take note of what another service announced, and draft the offer when the last piece has come.

    Pieces come from several topics in any order: deposit, rating, favourable opinion.
    """
    match event:
        case OfferAcceptanceLodged(offer_id=offer_id, lodged_at=lodged_at):
            return [event, answer(offer, event, OfferStatus.ACCEPTED, offer_id, lodged_at)]
        case OfferDeclineLodged(offer_id=offer_id, lodged_at=lodged_at):
            return [event, answer(offer, event, OfferStatus.DECLINED, offer_id, lodged_at)]
        case _:
            noted = offer.fold(event)
            ready = noted.status is OfferStatus.NONE or (
                isinstance(event, LoansReduced) and noted.status in (OfferStatus.DRAFTED, OfferStatus.ISSUED)
            )
            return [event, *(draft(noted, grid, now) if ready and noted.favourable else [])]


def draft(offer: Offer, grid: Grid, now: datetime) -> list[Event]:
    """Price the loans as they stand; nothing while a piece is missing. A rating that may not be priced
    automatically goes to a person, with the reason kept inside (DOMAIN rules 10, 11)."""
    submitted, profile = offer.submitted, offer.profile
    if submitted is None or profile is None or offer.closed:
        return []
    try:
        premium = price_offer(
            {loan.loan_id: terms(loan) for loan in offer.loans},
            Rating.parse(profile.rating, RatingScale(profile.scale), profile.rated_on),
            profile.programme_quality,
            grid,
        )
    except Refusal as refusal:
        refused = AutomaticPricingRefused(
            dossier_id=submitted.dossier_id, reason=refusal.type, detail=refusal.detail, refused_at=now
        )
        return [refused, PricingNeedsPerson(dossier_id=submitted.dossier_id, noted_at=now)]
    return [_drafted(offer, submitted, profile, premium, grid, now)]


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


def _drafted(
    offer: Offer,
    submitted: DossierSubmitted,
    profile: RiskProfileRecorded,
    premium: OfferPremium,
    grid: Grid,
    now: datetime,
) -> OfferDrafted:
    priced = {line.loan_id: line for line in premium.lines}
    return OfferDrafted(
        dossier_id=submitted.dossier_id,
        offer_id=f"{submitted.dossier_id}-{offer.drafts + 1}",
        loans=offer.loans,
        rating=profile,
        credit_quality_step=str(premium.step),
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
    )


def redraft(offer: Offer, grid: Grid, now: datetime) -> list[Event]:
    """Price again on a person's request; an issued offer stays valid until the new one is issued.

    Raises: OfferNotRedraftable once answered, expired or closed, or before the pieces are there.
    """
    open_ = (OfferStatus.NONE, OfferStatus.NEEDS_PERSON, OfferStatus.DRAFTED, OfferStatus.ISSUED)
    if offer.status not in open_ or not offer.favourable:
        raise OfferNotRedraftable(status_label=offer.status.value)
    return draft(offer, grid, now)


def valid_until(offer: Offer, issued_at: datetime, validity_business_days: int) -> datetime:
    """The last valid moment: jours ouvrés of the bailleur's department (DOMAIN rule 7)."""
    assert offer.submitted is not None
    calendar = BusinessCalendar.for_department(offer.submitted.bailleur.department)
    return calendar.deadline(issued_at, validity_business_days)


def issue(
    offer: Offer, offer_id: str, issued_at: datetime, last_moment: datetime, document: StoredDocument
) -> list[Event]:
    """Issue the draft that was shown; what was issued before is superseded.

    Raises: OfferNotDrafted when there is no such draft (any more).
    """
    drafted = offer.draft
    if drafted is None or drafted.offer_id != offer_id or offer.closed:
        raise OfferNotDrafted("Le projet d'offre n'existe pas ou a changé : relisez-le avant de l'émettre.")
    superseded: list[Event] = []
    if offer.status is OfferStatus.ISSUED and offer.issued is not None:
        superseded.append(
            OfferSuperseded(dossier_id=drafted.dossier_id, offer_id=offer.issued.offer_id, superseded_at=issued_at)
        )
    issued = OfferIssued(
        dossier_id=drafted.dossier_id,
        offer_id=drafted.offer_id,
        lines=drafted.lines,
        premium_cents=drafted.premium_cents,
        minimum_applied=drafted.minimum_applied,
        cap_applied=drafted.cap_applied,
        grid_version=drafted.grid_version,
        issued_at=issued_at,
        valid_until=last_moment,
        document=document,
    )
    assert issued.premium_cents == drafted.premium_cents > 0
    return [*superseded, issued]


def answer(
    offer: Offer,
    lodged: OfferAcceptanceLodged | OfferDeclineLodged,
    wanted: OfferStatus,
    offer_id: str,
    lodged_at: datetime,
) -> Event:
    """The outcome of an acceptance or a decline; the offer's last valid moment is included.

    A refusal of the domain is an outcome the landlord can read, not a failure.
    """
    refusal = _refusal(offer, offer_id, lodged_at)
    dossier_id = lodged.dossier_id
    if refusal is not None or offer.issued is None:
        return OfferAnswerRefused(
            dossier_id=dossier_id,
            offer_id=offer_id,
            reason=refusal or AnswerRefusal.NOT_OPEN,
            valid_until=offer.issued.valid_until if offer.issued else None,
            refused_at=lodged_at,
        )
    if wanted is OfferStatus.ACCEPTED:
        return OfferAccepted(
            dossier_id=dossier_id,
            offer_id=offer_id,
            accepted_at=lodged_at,
            premium_cents=offer.issued.premium_cents,
        )
    return OfferDeclined(dossier_id=dossier_id, offer_id=offer_id, declined_at=lodged_at)


def _refusal(offer: Offer, offer_id: str, lodged_at: datetime) -> AnswerRefusal | None:
    if offer.issued is None:
        return AnswerRefusal.NOT_OPEN
    if offer.issued.offer_id != offer_id:
        return AnswerRefusal.SUPERSEDED
    if lodged_at > offer.issued.valid_until:
        return AnswerRefusal.TOO_LATE
    return None if offer.status is OfferStatus.ISSUED else AnswerRefusal.NOT_OPEN


def expire(offer: Offer, now: datetime) -> list[Event]:
    """Expire an offer that nobody answered in time; nothing to do otherwise."""
    if offer.status is not OfferStatus.ISSUED or offer.issued is None:
        return []
    if now <= offer.issued.valid_until + EXPIRY_GRACE:
        return []
    return [
        OfferExpired(
            dossier_id=offer.issued.dossier_id,
            offer_id=offer.issued.offer_id,
            expired_at=now,
            valid_until=offer.issued.valid_until,
        )
    ]
