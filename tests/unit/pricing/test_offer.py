"""The offer: from the pieces that come in any order to its answer."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from services.pricing.domain import decisions as domain
from services.pricing.domain.decisions import EXPIRY_GRACE, OfferNotDrafted, OfferNotRedraftable
from services.pricing.domain.grid import load_grid
from services.pricing.domain.offer import AutomaticPricingRefused, Offer, OfferDrafted, OfferStatus
from services.pricing.grids import grid_bytes
from shared.contracts.contracting import BoardRefused
from shared.contracts.instruction import Opinion
from shared.contracts.intake import DossierWithdrawn, LoansReduced, OfferAcceptanceLodged, OfferDeclineLodged
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
from tests.facts import CAMPAIGN, DOSSIER, GIVEN_AT, document, loan, opinion, profile, submitted

GRID = load_grid(grid_bytes())
NOW = datetime(2024, 5, 16, 9, tzinfo=UTC)
LAST = datetime(2024, 5, 30, 21, 59, 59, 999_999, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def play(offer: Offer, *events) -> Offer:
    for event in events:
        for decided in domain.receive(offer, event, GRID, NOW):
            offer = offer.fold(decided)
    return offer


def drafted() -> Offer:
    return play(Offer(), submitted(), profile(), opinion())


def issued(offer: Offer | None = None) -> Offer:
    offer = offer or drafted()
    assert offer.draft
    for event in domain.issue(offer, offer.draft.offer_id, NOW, LAST, document()):
        offer = offer.fold(event)
    return offer


def acceptance(lodged_at=LAST, offer_id=f"{DOSSIER}-1") -> OfferAcceptanceLodged:
    return OfferAcceptanceLodged(dossier_id=DOSSIER, offer_id=offer_id, lodged_at=lodged_at)


def withdrawn() -> DossierWithdrawn:
    return DossierWithdrawn(campaign_id=CAMPAIGN, dossier_id=DOSSIER, withdrawn_at=NOW)


@pytest.mark.parametrize("pieces", list(permutations([submitted(), profile(), opinion()])))
def test_the_draft_is_made_when_the_last_piece_has_come(pieces):
    before = play(Offer(), *pieces[:2])
    assert before.status is OfferStatus.NONE
    after = play(before, pieces[2])
    assert after.status is OfferStatus.DRAFTED
    assert after.draft
    assert after.draft.premium_cents == sum(line.premium_cents for line in after.draft.lines)


def test_a_line_of_the_domain_check_is_priced_as_stated():
    offer = play(Offer(), submitted(loans=(loan(),)), profile(programme_quality="A"), opinion())
    # CQS3 20 bp + 2 for the deferral - 2 for quality A = 20 bp (DOMAIN, The premium).
    assert offer.draft
    assert offer.draft.premium_cents == 10_048_815


def test_an_unfavourable_opinion_drafts_nothing():
    assert play(Offer(), submitted(), profile(), opinion(Opinion.UNFAVOURABLE)).status is OfferStatus.NONE


@pytest.mark.parametrize(
    ("rating", "reason"),
    [("0", "rating-needs-a-person"), ("5", "committee-derogation-needed"), ("7", "rating-refused")],
)
def test_what_automatic_pricing_may_not_price_goes_to_a_person(rating, reason):
    offer = play(Offer(), submitted(), profile(rating=rating))
    events = domain.receive(offer, opinion(), GRID, NOW)
    assert [type(event) for event in events[1:]] == [AutomaticPricingRefused, PricingNeedsPerson]
    assert events[1].model_dump()["reason"] == reason
    assert "reason" not in events[2].model_dump()


def test_a_new_rating_can_be_priced_after_a_refusal():
    offer = play(Offer(), submitted(), profile(rating="0"), opinion(), profile(rating="2"))
    assert offer.status is OfferStatus.NEEDS_PERSON
    (event,) = domain.redraft(offer, GRID, NOW)
    assert isinstance(event, OfferDrafted)


def test_an_issued_offer_shows_lines_and_their_sum():
    (event,) = domain.issue(drafted(), f"{DOSSIER}-1", NOW, LAST, document())
    assert isinstance(event, OfferIssued)
    assert event.premium_cents == sum(line.premium_cents for line in event.lines)
    assert not {"rating", "step", "rate_bp"} & set(str(event.model_dump()).replace("'", " ").split())


@pytest.mark.parametrize("offer", [Offer(), issued()])
def test_only_the_draft_that_was_read_is_issued(offer):
    with pytest.raises(OfferNotDrafted):
        domain.issue(offer, f"{DOSSIER}-1", NOW, LAST, document())


def test_nothing_is_issued_for_a_dossier_that_ended():
    with pytest.raises(OfferNotDrafted):
        domain.issue(play(drafted(), withdrawn()), f"{DOSSIER}-1", NOW, LAST, document())


def test_a_new_offer_supersedes_the_old_one():
    offer = issued()
    for event in domain.redraft(offer, GRID, NOW):
        offer = offer.fold(event)
    assert offer.status is OfferStatus.ISSUED
    events = domain.issue(offer, f"{DOSSIER}-2", NOW, LAST, document("doc2"))
    assert [type(event) for event in events] == [OfferSuperseded, OfferIssued]
    for event in events:
        offer = offer.fold(event)
    refused = domain.receive(offer, acceptance(), GRID, NOW)[1]
    assert isinstance(refused, OfferAnswerRefused)
    assert refused.reason is AnswerRefusal.SUPERSEDED


def test_reduced_loans_make_a_new_draft():
    reduced = LoansReduced(
        campaign_id=CAMPAIGN,
        dossier_id=DOSSIER,
        reduced_at=NOW,
        loans=(loan(principal_cents=1_000_000),),
        principal_cents=1_000_000,
    )
    for offer in (drafted(), issued()):
        after = play(offer, reduced)
        assert after.draft
        assert after.draft.offer_id == f"{DOSSIER}-2"
    assert play(Offer(), reduced, submitted()).loans == reduced.loans


@pytest.mark.parametrize("lodged_at", [NOW, LAST - timedelta(days=3), LAST])
def test_an_offer_is_accepted_until_its_last_moment(lodged_at):
    offer = play(issued(), acceptance(lodged_at))
    assert offer.status is OfferStatus.ACCEPTED


def test_one_second_later_is_too_late_and_the_deadline_is_said():
    refused = domain.receive(issued(), acceptance(LAST + SECOND), GRID, NOW)[1]
    assert isinstance(refused, OfferAnswerRefused)
    assert (refused.reason, refused.valid_until) == (AnswerRefusal.TOO_LATE, LAST)


def test_an_answer_before_any_offer_is_refused():
    refused = domain.receive(drafted(), acceptance(), GRID, NOW)[1]
    assert isinstance(refused, OfferAnswerRefused)
    assert (refused.reason, refused.valid_until) == (AnswerRefusal.NOT_OPEN, None)


def test_a_second_answer_is_refused():
    refused = domain.receive(play(issued(), acceptance()), acceptance(), GRID, NOW)[1]
    assert isinstance(refused, OfferAnswerRefused)
    assert refused.reason is AnswerRefusal.NOT_OPEN


def test_an_offer_can_be_declined():
    declined = OfferDeclineLodged(dossier_id=DOSSIER, offer_id=f"{DOSSIER}-1", lodged_at=NOW, reason="autre montage")
    assert play(issued(), declined).status is OfferStatus.DECLINED
    assert isinstance(domain.receive(issued(), declined, GRID, NOW)[1], OfferDeclined)


def test_an_unanswered_offer_expires_after_the_grace_and_once():
    offer = issued()
    assert domain.expire(offer, LAST + EXPIRY_GRACE) == []
    (event,) = domain.expire(offer, LAST + EXPIRY_GRACE + SECOND)
    assert isinstance(event, OfferExpired)
    assert domain.expire(offer.fold(event), LAST + timedelta(days=9)) == []
    assert domain.expire(Offer(), LAST) == []


def test_an_accepted_offer_does_not_expire():
    assert domain.expire(play(issued(), acceptance()), LAST + timedelta(days=9)) == []
    assert isinstance(domain.receive(issued(), acceptance(), GRID, NOW)[1], OfferAccepted)


def test_a_dossier_that_ended_is_closed_and_stays_what_it_was():
    refused = BoardRefused(
        dossier_id=DOSSIER, session_id="s", session_date=GIVEN_AT.date(), refused_at=NOW, reason="risque"
    )
    assert play(issued(), refused).status is OfferStatus.CLOSED
    expired = domain.expire(issued(), LAST + timedelta(days=1))[0]
    assert play(issued().fold(expired), withdrawn()).status is OfferStatus.EXPIRED
    assert play(Offer(), withdrawn(), submitted(), profile(), opinion()).status is OfferStatus.CLOSED
    with pytest.raises(OfferNotRedraftable):
        domain.redraft(play(issued(), refused), GRID, NOW)


def test_nothing_can_be_redrafted_before_the_opinion():
    with pytest.raises(OfferNotRedraftable):
        domain.redraft(play(Offer(), submitted(), profile()), GRID, NOW)


def test_the_deadline_follows_the_department_of_the_bailleur():
    received = datetime(2026, 4, 30, 12, tzinfo=UTC)
    assert domain.valid_until(drafted(), received, 10).date().isoformat() == "2026-05-19"


def test_events_of_others_change_nothing():
    assert Offer().fold(PricingNeedsPerson(dossier_id=DOSSIER, noted_at=NOW)) == Offer()
