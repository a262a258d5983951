"""The offer: from the pieces that come in any order to its answer."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from services.pricing.domain import deadlines, drafting
from services.pricing.domain import decisions as domain
from services.pricing.domain.decisions import OfferDraftOutdated, OfferNotDrafted, OfferNotIssuable
from services.pricing.domain.drafting import OfferNotRedraftable
from services.pricing.domain.facts import AutomaticPricingRefused, OfferDrafted
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.rating import RatingTooOld
from shared.contracts.contracting import BoardRefused
from shared.contracts.instruction import Opinion
from shared.contracts.intake import LoansReduced, OfferDeclineLodged
from shared.contracts.pricing import (
    AnswerRefusal,
    OfferAccepted,
    OfferAnswerRefused,
    OfferDeclined,
    OfferExpiryContested,
    OfferIssued,
    PricingNeedsPerson,
)
from tests.facts import CAMPAIGN, DOSSIER, GIVEN_AT, document, loan, opinion, profile, submitted
from tests.unit.pricing.samples import (
    GRID,
    LAST,
    NOW,
    OTHER_GRID,
    SECOND,
    acceptance,
    drafted,
    expired,
    issued,
    play,
    printed,
    redrafted,
    withdrawn,
)


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
    (event,) = drafting.redraft(offer, GRID, NOW)
    assert isinstance(event, OfferDrafted)


def test_an_issued_offer_shows_lines_and_their_sum():
    _, event = domain.issue(drafted(), f"{DOSSIER}-1", GRID, NOW, LAST, printed(), document(), NOW)
    assert isinstance(event, OfferIssued)
    assert event.premium_cents == sum(line.premium_cents for line in event.lines)
    assert not {"rating", "step", "rate_bp"} & set(str(event.model_dump()).replace("'", " ").split())


@pytest.mark.parametrize("offer", [Offer(), issued()])
def test_only_the_draft_that_was_read_is_issued(offer):
    with pytest.raises(OfferNotDrafted):
        domain.issue(offer, f"{DOSSIER}-1", GRID, NOW, LAST, printed(), document(), NOW)


def test_nothing_is_issued_for_a_dossier_that_ended():
    with pytest.raises(OfferNotDrafted):
        domain.issue(play(drafted(), withdrawn()), f"{DOSSIER}-1", GRID, NOW, LAST, printed(), document(), NOW)


def answered(answer) -> Offer:
    return play(redrafted(), answer)


def run_out() -> Offer:
    offer = redrafted()
    for event in deadlines.expire(offer, LAST + SECOND, LAST + SECOND):
        offer = offer.fold(event)
    return offer


@pytest.mark.parametrize(
    "over",
    [
        run_out(),
        answered(acceptance()),
        answered(OfferDeclineLodged(dossier_id=DOSSIER, offer_id=f"{DOSSIER}-1", lodged_at=LAST)),
        play(run_out(), acceptance()),
    ],
    ids=["expired", "accepted", "declined", "contested"],
)
def test_a_draft_beside_an_offer_that_is_answered_or_expired_is_never_issued(over):
    assert over.draft.offer_id == f"{DOSSIER}-2"
    with pytest.raises(OfferNotIssuable) as refused:
        domain.issue(over, f"{DOSSIER}-2", GRID, NOW, LAST, printed(f"{DOSSIER}-2"), document(), NOW)
    assert refused.value.facts == {"status_label": over.status.value}


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


def test_a_dossier_that_ended_is_closed_and_stays_what_it_was():
    refused = BoardRefused(
        dossier_id=DOSSIER, session_id="s", session_date=GIVEN_AT.date(), refused_at=NOW, reason="risque"
    )
    assert play(issued(), refused).status is OfferStatus.CLOSED
    assert play(expired(), withdrawn()).status is OfferStatus.EXPIRED
    assert play(Offer(), withdrawn(), submitted(), profile(), opinion()).status is OfferStatus.CLOSED
    with pytest.raises(OfferNotRedraftable):
        drafting.redraft(play(issued(), refused), GRID, NOW)


def test_nothing_can_be_redrafted_before_the_opinion():
    with pytest.raises(OfferNotRedraftable):
        drafting.redraft(play(Offer(), submitted(), profile()), GRID, NOW)


def test_events_of_others_change_nothing():
    assert Offer().fold(PricingNeedsPerson(dossier_id=DOSSIER, noted_at=NOW)) == Offer()


def test_the_worst_ratings_are_refused_and_nobody_may_derogate():
    offer = play(Offer(), submitted(), profile(rating="7"), opinion())
    assert offer.status is OfferStatus.REFUSED


def test_an_old_rating_blocks_the_draft_and_a_new_one_frees_it():
    offer = play(Offer(), submitted(), profile(rated_on=date(2023, 5, 15)), opinion())
    assert offer.refusal
    assert (offer.status, offer.refusal.reason) == (OfferStatus.NEEDS_PERSON, "rating-too-old")
    (event,) = drafting.redraft(play(offer, profile()), GRID, NOW)
    assert isinstance(event, OfferDrafted)


def test_a_rating_that_has_aged_since_the_draft_blocks_the_issue():
    offer = play(Offer(), submitted(), profile(rated_on=date(2023, 5, 16)), opinion())
    assert domain.issue(offer, f"{DOSSIER}-1", GRID, NOW, LAST, printed(), document(), NOW)
    with pytest.raises(RatingTooOld):
        domain.issue(offer, f"{DOSSIER}-1", GRID, NOW + timedelta(days=1), LAST, printed(), document(), NOW)


def test_a_draft_of_another_rating_or_another_grid_is_not_issued():
    with pytest.raises(OfferDraftOutdated):
        domain.issue(play(drafted(), profile(rating="1")), f"{DOSSIER}-1", GRID, NOW, LAST, printed(), document(), NOW)
    with pytest.raises(OfferDraftOutdated):
        domain.issue(drafted(), f"{DOSSIER}-1", OTHER_GRID, NOW, LAST, printed(), document(), NOW)


def test_an_issued_offer_stands_when_the_next_draft_cannot_be_priced():
    reduced = LoansReduced(
        campaign_id=CAMPAIGN, dossier_id=DOSSIER, reduced_at=NOW, loans=(loan(principal_cents=9),), principal_cents=9
    )
    offer = play(issued(), reduced)
    assert offer.refusal
    assert (offer.status, offer.refusal.reason, offer.draft) == (OfferStatus.ISSUED, "loan-not-priceable", None)
    assert play(offer, acceptance()).status is OfferStatus.ACCEPTED


def test_a_draft_is_void_when_the_loans_it_priced_are_reduced_to_nothing_priceable():
    reduced = LoansReduced(
        campaign_id=CAMPAIGN, dossier_id=DOSSIER, reduced_at=NOW, loans=(loan(principal_cents=9),), principal_cents=9
    )
    offer = play(drafted(), reduced)
    assert (offer.status, offer.draft) == (OfferStatus.NEEDS_PERSON, None)


def test_an_acceptance_in_time_read_after_the_expiry_goes_to_a_person():
    events = domain.receive(expired(), acceptance(), GRID, NOW)
    assert isinstance(events[1], OfferExpiryContested)
    assert (events[1].lodged_at, events[1].valid_until) == (LAST, LAST)
    offer = play(expired(), acceptance())
    assert offer.status is OfferStatus.CONTESTED
    assert play(offer, withdrawn()).status is OfferStatus.CONTESTED


def test_after_the_expiry_what_came_too_late_or_declines_is_refused():
    late = domain.receive(expired(), acceptance(LAST + SECOND), GRID, NOW)[1]
    assert isinstance(late, OfferAnswerRefused)
    assert late.reason is AnswerRefusal.TOO_LATE
    declined = OfferDeclineLodged(dossier_id=DOSSIER, offer_id=f"{DOSSIER}-1", lodged_at=NOW)
    assert isinstance(domain.receive(expired(), declined, GRID, NOW)[1], OfferAnswerRefused)


def test_an_expiry_is_not_contested_for_a_dossier_that_was_withdrawn():
    assert isinstance(domain.receive(play(expired(), withdrawn()), acceptance(), GRID, NOW)[1], OfferAnswerRefused)


def test_an_accepted_offer_says_its_premium():
    accepted = domain.receive(issued(), acceptance(), GRID, NOW)[1]
    assert isinstance(accepted, OfferAccepted)
    offer = issued().issued
    assert offer
    assert accepted.premium_cents == offer.premium_cents


@pytest.mark.parametrize("read", [None, "a" * 64])
def test_an_accepted_offer_says_which_document_was_read_where_the_acceptance_does(read):
    lodged = acceptance().model_copy(update={"document_sha256": read})
    accepted = domain.receive(issued(), lodged, GRID, NOW)[1]
    assert isinstance(accepted, OfferAccepted)
    assert accepted.document_sha256 == read
