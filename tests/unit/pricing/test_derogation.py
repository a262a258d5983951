"""Derogations: a reasoned rate or step by two people, one of them for the committee where the step is left to it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.pricing.domain import derogation
from services.pricing.domain.decisions import receive
from services.pricing.domain.derogation import (
    CommitteeDecisionNeeded,
    DerogationNotNeeded,
    DerogationUnclear,
    PricingDecisionNeeded,
)
from services.pricing.domain.drafting import OfferNotRedraftable
from services.pricing.domain.facts import DerogationApproved
from services.pricing.domain.grid import Grid
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.people import AlreadyApproved, ReasonRequired, TwoPeopleNeeded
from services.pricing.domain.rating import CreditQualityStep, OldRatingScale, RatingRefused
from shared.contracts.intake import LoansReduced
from shared.errors import NotFound
from shared.events import Event
from tests.facts import CAMPAIGN, DOSSIER, loan, opinion, profile, submitted
from tests.unit.pricing.samples import GRID, NOW, acceptance, issued, play, with_grid

SESSION = date(2024, 5, 16)


def rated(value: str, **changes) -> Offer:
    return play(Offer(), submitted(), profile(rating=value, **changes), opinion())


def proposed(
    offer: Offer,
    rate_bp: str | None = None,
    step: CreditQualityStep | None = None,
    grid: Grid = GRID,
    reason: str = "Garantie du groupe, bilan solide",
) -> Offer:
    (event,) = derogation.propose(
        offer,
        "derogation",
        grid,
        rate_bp=Decimal(rate_bp) if rate_bp else None,
        step=step,
        reason=reason,
        proposer="tarificateur-1",
        now=NOW,
    )
    return offer.fold(event)


def approving(
    offer: Offer,
    derogation_id: str = "derogation",
    *,
    approver: str = "secretaire-ccn",
    grid: Grid = GRID,
    **offices: Any,
) -> list[Event]:
    """By the committee's secretary, unless told otherwise."""
    given = {"for_pricing": False, "for_committee": True, "session_date": SESSION} | offices
    return derogation.approve(offer, derogation_id, grid, approver, NOW, **given)


HELD: dict[str, Any] = {"session_date": SESSION}
OF_PRICING: dict[str, Any] = {
    "approver": "tarificateur-2",
    "for_pricing": True,
    "for_committee": False,
    "session_date": None,
}


def approved(offer: Offer, **by: Any) -> Offer:
    for event in approving(offer, **by):
        offer = offer.fold(event)
    return offer


@pytest.mark.parametrize(("rating", "by"), [("0", OF_PRICING), ("5", {}), ("6-", {})])
def test_the_approved_rate_drafts_the_offer(rating: str, by: dict[str, Any]):
    offer = approved(proposed(rated(rating), "75.5"), **by)
    assert offer.status is OfferStatus.DRAFTED
    assert offer.draft
    assert {line.rate_bp for line in offer.draft.priced} == {Decimal("75.5")}
    assert offer.draft.credit_quality_step == ""
    assert offer.draft.workings
    assert offer.draft.workings.derogation
    assert offer.draft.workings.derogation.rate_bp == Decimal("75.5")


def test_the_smallest_rate_is_more_than_0_and_may_be_less_than_a_basis_point():
    offer = approved(proposed(rated("5"), "0.0001"))
    assert offer.draft
    assert {line.rate_bp for line in offer.draft.priced} == {Decimal("0.0001")}


def test_the_approved_step_drafts_the_offer_with_its_add_ons():
    offer = approved(proposed(rated("0"), step=CreditQualityStep.CQS3), **OF_PRICING)
    assert offer.draft
    assert offer.draft.credit_quality_step == "CQS3"
    assert {line.rate_bp for line in offer.draft.priced} == {Decimal(22)}


def test_the_proposer_may_not_approve():
    with pytest.raises(TwoPeopleNeeded):
        approved(proposed(rated("5"), "75"), approver="tarificateur-1")


def test_a_rating_of_0_is_appreciated_by_two_people_of_pricing():
    drafted = approving(proposed(rated("0"), "75"), **OF_PRICING)
    assert [type(event).__name__ for event in drafted] == ["DerogationApproved", "OfferDrafted"]


@pytest.mark.parametrize("by", [{"session_date": None}, {}, OF_PRICING | HELD])
def test_a_rating_of_0_is_not_the_committees(by: dict[str, Any]):
    with pytest.raises(PricingDecisionNeeded) as refused:
        approving(proposed(rated("0"), "75"), **by)
    assert refused.value.type == "pricing-decision-needed"


def test_who_holds_both_offices_approves_either():
    both: dict[str, Any] = OF_PRICING | {"for_committee": True}
    assert approved(proposed(rated("0"), "75"), **both).derogation
    assert approved(proposed(rated("5"), "75"), **both | HELD).derogation


def with_step(step: str, treatment: str) -> Grid:
    return with_grid(steps=GRID.model_dump(mode="json")["steps"] | {step: {"treatment": treatment}})


def test_a_derogation_proposed_before_the_grid_refused_the_step_is_not_approved():
    refusing = with_step("CQS5", "refused")
    with pytest.raises(RatingRefused):
        approving(proposed(rated("5"), "75"), grid=refusing)


def test_a_step_that_the_grid_in_force_prices_needs_no_committee():
    offer = proposed(rated("4"), "75", grid=with_step("CQS4", "derogation"))
    assert approved(offer, **OF_PRICING).derogation
    with pytest.raises(PricingDecisionNeeded):
        approving(offer)


@pytest.mark.parametrize("rating", ["5", "5-", "6+", "6", "6-"])
def test_a_step_left_to_the_committee_is_never_approved_by_pricing_alone(rating: str):
    with pytest.raises(CommitteeDecisionNeeded):
        approving(proposed(rated(rating), "75"), **OF_PRICING | HELD)


@pytest.mark.parametrize("session_date", [None, SESSION + timedelta(days=1)], ids=["none", "to_come"])
def test_the_committees_derogation_has_the_date_of_a_session_that_was_held(session_date):
    with pytest.raises(CommitteeDecisionNeeded) as refused:
        approving(proposed(rated("5"), "75"), session_date=session_date)
    assert refused.value.pointer == "/session_date"


def test_the_session_that_granted_a_derogation_is_recorded():
    approval, _ = approving(proposed(rated("5"), "75"))
    assert isinstance(approval, DerogationApproved)
    assert (approval.session_date, approval.approved_by) == (SESSION, "secretaire-ccn")


def test_a_derogation_is_approved_once():
    with pytest.raises(AlreadyApproved):
        approved(approved(proposed(rated("5"), "75")))


def test_a_proposal_alone_changes_nothing():
    assert proposed(rated("5"), "75").status is OfferStatus.NEEDS_PERSON


def test_a_derogation_says_why():
    with pytest.raises(ReasonRequired) as refused:
        proposed(rated("5"), "75", reason=" \n")
    assert refused.value.pointer == "/reason"


def test_an_unknown_derogation_cannot_be_approved():
    with pytest.raises(NotFound):
        approved(rated("5"))


def test_a_new_rating_voids_what_was_proposed_and_what_was_approved():
    with pytest.raises(NotFound):
        approved(play(proposed(rated("5"), "75"), profile(rating="6")))
    void = play(approved(proposed(rated("5"), "75")), profile(rating="6"))
    assert (void.derogation, void.approval) == (None, None)


@pytest.mark.parametrize("rating", ["7", "8", "P"])
def test_the_worst_ratings_have_no_derogation(rating: str):
    with pytest.raises(RatingRefused):
        proposed(rated(rating), "500")


def test_what_the_grid_prices_needs_none():
    with pytest.raises(DerogationNotNeeded):
        proposed(rated("2"), "75")


def test_an_old_scale_is_not_derogated_from():
    with pytest.raises(OldRatingScale):
        proposed(rated("4", scale="before_2022", rated_on="2022-01-07"), "75")


@pytest.mark.parametrize(
    ("rate_bp", "step", "pointer"),
    [
        (None, None, "/rate_bp"),
        ("75", CreditQualityStep.CQS3, "/rate_bp"),
        ("0", None, "/rate_bp"),
        ("10000", None, "/rate_bp"),
        ("NaN", None, "/rate_bp"),
        (None, CreditQualityStep.CQS5, "/step"),
        (None, CreditQualityStep.CQS6, "/step"),
    ],
)
def test_a_derogation_names_a_rate_or_a_priced_step(rate_bp, step, pointer):
    with pytest.raises(DerogationUnclear) as refused:
        proposed(rated("5"), rate_bp, step)
    assert (refused.value.pointer, refused.value.status) == (pointer, 422)


@pytest.mark.parametrize(
    "offer",
    [Offer(), play(Offer(), submitted(), profile(rating="5")), play(issued(), acceptance())],
)
def test_a_derogation_waits_for_the_pieces_and_ends_with_the_answer(offer):
    with pytest.raises(OfferNotRedraftable):
        proposed(offer, "75")


def test_a_derogation_is_not_approved_once_the_offer_is_answered():
    offer = play(issued(proposed_and_issued()), acceptance())
    with pytest.raises(OfferNotRedraftable):
        approving(offer, "second")


def proposed_and_issued() -> Offer:
    """Drafted by a first derogation, with a second one proposed."""
    offer = approved(proposed(rated("5"), "75"))
    (event,) = derogation.propose(
        offer, "second", GRID, rate_bp=Decimal(80), step=None, reason="Autre", proposer="tarificateur-1", now=NOW
    )
    return offer.fold(event)


def test_an_old_rating_is_not_priced_by_derogation_either():
    offer = approved(proposed(rated("5", rated_on="2023-05-01"), "75"))
    assert offer.refusal
    assert (offer.status, offer.refusal.reason) == (OfferStatus.NEEDS_PERSON, "rating-too-old")


def test_reduced_loans_are_priced_with_the_same_derogation():
    reduced = LoansReduced(
        campaign_id=CAMPAIGN,
        dossier_id=DOSSIER,
        reduced_at=NOW,
        loans=(loan(principal_cents=90_000_000),),
        principal_cents=90_000_000,
    )
    offer = play(approved(proposed(rated("5"), "75")), reduced)
    assert offer.draft
    assert [line.rate_bp for line in offer.draft.priced] == [Decimal(75)]


def test_no_event_of_a_derogation_is_public():
    events = approving(proposed(rated("5"), "75"))
    assert [event.topic for event in events] == [None, None]
    assert all(event.topic is None for event in receive(rated("2"), profile(rating="2"), GRID, NOW)[1:])
