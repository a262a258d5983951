"""Derogations: what automatic pricing may not price, decided by two people with a reason (DOMAIN rules 10, 11)."""

from datetime import date, datetime
from decimal import Decimal

from services.pricing.domain.drafting import REDRAFTABLE, OfferNotRedraftable, draft, rating_of
from services.pricing.domain.facts import DerogationApproved, DerogationProposed
from services.pricing.domain.grid import BASIS_POINTS, Grid, Treatment
from services.pricing.domain.offer import Offer
from services.pricing.domain.people import AlreadyApproved, check_reason, check_second_person
from services.pricing.domain.rating import (
    CreditQualityStep,
    Rating,
    RatingNeedsAPerson,
    RatingRefused,
    credit_quality_step,
)
from shared.calendar import PARIS
from shared.errors import NotFound, Refusal
from shared.events import Event


class DerogationNotNeeded(Refusal):
    type = "derogation-not-needed"
    title = "Cette cotation se tarife sans dérogation"


class CommitteeDecisionNeeded(Refusal):
    """A step that the grid leaves to the committee: its secretary records what it granted, and at which session."""

    type = "committee-decision-needed"
    title = "Décision de la Commission de crédit nationale nécessaire"


class PricingDecisionNeeded(Refusal):
    """What the grid does not leave to the committee: a second person of pricing appreciates it, at no session."""

    type = "pricing-decision-needed"
    title = "Décision d'une seconde personne de la tarification nécessaire"


class DerogationUnclear(Refusal):
    """Neither or both of a rate and a step, or one that cannot be applied."""

    type = "derogation-unclear"
    title = "Dérogation à préciser"
    status = 422


def propose(
    offer: Offer,
    derogation_id: str,
    grid: Grid,
    *,
    rate_bp: Decimal | None,
    step: CreditQualityStep | None,
    reason: str,
    proposer: str,
    now: datetime,
) -> list[Event]:
    """One person's proposal, about the rating as it stands.

    Raises: OfferNotRedraftable, DerogationNotNeeded, DerogationUnclear, RatingRefused, OldRatingScale,
    ReasonRequired.
    """
    if offer.profile is None or not offer.favourable or offer.status not in REDRAFTABLE:
        raise OfferNotRedraftable(status_label=offer.status.value)
    _check_derogable(rating_of(offer.profile), grid)
    _check_content(rate_bp, step, grid)
    check_reason(reason)
    return [
        DerogationProposed(
            dossier_id=offer.profile.dossier_id,
            derogation_id=derogation_id,
            rating=offer.profile,
            rate_bp=rate_bp,
            step=step,
            reason=reason,
            proposed_by=proposer,
            proposed_at=now,
        )
    ]


def approve(
    offer: Offer,
    derogation_id: str,
    grid: Grid,
    approver: str,
    now: datetime,
    *,
    for_pricing: bool,
    for_committee: bool,
    session_date: date | None,
) -> list[Event]:
    """The second person's act; the offer is drafted with it at once. A rating of 0 is appreciated by people of pricing;
    a step left to the committee is granted by it in session, which its secretary records (DOMAIN, The premium;
    docs/adr/0021). `for_pricing` and `for_committee`: the offices the approver holds.

    Raises: NotFound (a new rating voids what was proposed), TwoPeopleNeeded, AlreadyApproved, OfferNotRedraftable,
    RatingRefused (by the grid in force since), CommitteeDecisionNeeded, PricingDecisionNeeded.
    """
    proposal = offer.derogations.get(derogation_id)
    if proposal is None:
        raise NotFound("Dérogation inconnue, ou devenue sans objet depuis une nouvelle cotation.")
    check_second_person(proposal.proposed_by, approver)
    if offer.derogation == proposal:
        raise AlreadyApproved
    if offer.status not in REDRAFTABLE or not offer.favourable:
        raise OfferNotRedraftable(status_label=offer.status.value)
    if _treatment(rating_of(proposal.rating), grid) is Treatment.DEROGATION:
        _check_committee(for_committee, session_date, now)
    elif not for_pricing or session_date is not None:
        raise PricingDecisionNeeded("Une seconde personne de la tarification l'apprécie, sans séance de la Commission.")
    approved = DerogationApproved(
        dossier_id=proposal.dossier_id,
        derogation_id=derogation_id,
        approved_by=approver,
        approved_at=now,
        session_date=session_date,
    )
    return [approved, *draft(offer.fold(approved), grid, now)]


def _check_derogable(rating: Rating, grid: Grid) -> None:
    """Rating 0 and the steps the grid leaves to the committee; never one it refuses."""
    if _treatment(rating, grid) is Treatment.AUTOMATIC:
        raise DerogationNotNeeded


def _treatment(rating: Rating, grid: Grid) -> Treatment | None:
    """What the grid says of the rating's step; None of rating 0, which stands for no step.

    Raises: OldRatingScale, RatingRefused.
    """
    try:
        treatment = grid.steps[credit_quality_step(rating)].treatment
    except RatingNeedsAPerson:
        return None
    if treatment is Treatment.REFUSED:
        raise RatingRefused("La cotation enregistrée exclut toute offre : aucune dérogation n'est possible.")
    return treatment


def _check_committee(for_committee: bool, session_date: date | None, now: datetime) -> None:
    if not for_committee:
        raise CommitteeDecisionNeeded("Le secrétaire de la Commission enregistre la dérogation qu'elle a accordée.")
    if session_date is None or session_date > now.astimezone(PARIS).date():
        raise CommitteeDecisionNeeded(
            "Indiquez la date de la séance où la Commission l'a accordée.", pointer="/session_date"
        )


def _check_content(rate_bp: Decimal | None, step: CreditQualityStep | None, grid: Grid) -> None:
    if (rate_bp is None) == (step is None):
        raise DerogationUnclear("Indiquez soit le taux, soit l'échelon à appliquer.", pointer="/rate_bp")
    if rate_bp is not None and not (rate_bp.is_finite() and 0 < rate_bp < BASIS_POINTS):
        raise DerogationUnclear("Le taux doit être compris entre 0 et 10 000 points de base.", pointer="/rate_bp")
    if step is not None and grid.steps[step].treatment is not Treatment.AUTOMATIC:
        raise DerogationUnclear("La grille ne tarife pas cet échelon.", pointer="/step")
