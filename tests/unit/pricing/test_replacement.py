"""A new offer replaces the one before: in whatever order things are read, at most one of them is accepted."""

from datetime import datetime, timedelta

import pytest

from services.pricing.domain import contest, deadlines
from services.pricing.domain import decisions as domain
from services.pricing.domain.decisions import OfferNotIssuable
from services.pricing.domain.facts import ContestConclusion, OfferPrinted
from services.pricing.domain.offer import Offer, OfferStatus
from shared.contracts.intake import OfferAcceptanceLodged, OfferDeclineLodged
from shared.contracts.pricing import (
    AnswerRefusal,
    OfferAccepted,
    OfferAnswerRefused,
    OfferExpiryContested,
    OfferIssued,
    OfferSuperseded,
)
from shared.events import Event
from tests.facts import DOSSIER, document
from tests.unit.pricing.samples import (
    GRID,
    LAST,
    NOW,
    SECOND,
    acceptance,
    issued,
    play,
    printed,
    redrafted,
    withdrawn,
)

FIRST, NEXT = f"{DOSSIER}-1", f"{DOSSIER}-2"
REPLACED_AT = NOW + timedelta(hours=1)


def issuing(offer: Offer, now: datetime = REPLACED_AT, last: datetime = LAST) -> list[Event]:
    """The next offer, printed at NOW and recorded `now`."""
    return domain.issue(offer, NEXT, GRID, NOW, last, printed(NEXT), document("doc2"), now)


def replaced() -> Offer:
    offer = redrafted()
    for event in issuing(offer):
        offer = offer.fold(event)
    return offer


def answer(offer: Offer, lodged: OfferAcceptanceLodged | OfferDeclineLodged) -> Event:
    return domain.receive(offer, lodged, GRID, NOW)[1]


def expired(offer: Offer) -> Offer:
    for event in deadlines.expire(offer, LAST + SECOND, LAST + SECOND):
        offer = offer.fold(event)
    return offer


def contested(offer: Offer) -> Offer:
    return play(offer, acceptance(REPLACED_AT))


def concluded(offer: Offer, offer_id: str = FIRST) -> Offer:
    (event,) = contest.conclude(
        offer, offer_id, ContestConclusion.EXPIRY_STANDS, "Le bailleur accepte la suivante", "user:officer", NOW
    )
    return offer.fold(event)


def test_a_new_offer_supersedes_the_old_one():
    events = issuing(redrafted())
    assert [type(event) for event in events] == [OfferSuperseded, OfferPrinted, OfferIssued]
    assert replaced().status is OfferStatus.ISSUED


def test_an_acceptance_read_before_the_next_offer_is_issued_counts_and_the_next_one_is_not_issued():
    accepted = play(redrafted(), acceptance(NOW))
    assert accepted.status is OfferStatus.ACCEPTED
    with pytest.raises(OfferNotIssuable):
        issuing(accepted)


@pytest.mark.parametrize("lodged_at", [NOW, NOW + SECOND, REPLACED_AT], ids=["before", "while_printed", "as_replaced"])
def test_an_acceptance_lodged_before_the_replacement_and_read_after_it_goes_to_a_person(lodged_at: datetime):
    found = answer(replaced(), acceptance(lodged_at))
    assert isinstance(found, OfferExpiryContested)
    assert (found.offer_id, found.valid_until) == (FIRST, REPLACED_AT)


def test_an_acceptance_lodged_after_the_replacement_is_refused_by_name_and_changes_nothing():
    refused = answer(replaced(), acceptance(REPLACED_AT + SECOND))
    assert isinstance(refused, OfferAnswerRefused)
    assert refused.reason is AnswerRefusal.SUPERSEDED
    assert replaced().fold(refused) == replaced()


@pytest.mark.parametrize("lodged_at", [NOW, REPLACED_AT + SECOND])
def test_a_decline_of_a_replaced_offer_is_refused_by_name_and_changes_nothing(lodged_at: datetime):
    refused = answer(replaced(), OfferDeclineLodged(dossier_id=DOSSIER, offer_id=FIRST, lodged_at=lodged_at))
    assert isinstance(refused, OfferAnswerRefused)
    assert refused.reason is AnswerRefusal.SUPERSEDED
    assert replaced().fold(refused) == replaced()


def test_a_replaced_offer_could_not_be_accepted_beyond_its_own_validity():
    offer = redrafted()
    for event in issuing(offer, LAST + SECOND, LAST + 2 * SECOND):
        offer = offer.fold(event)
    assert isinstance(answer(offer, acceptance(LAST)), OfferExpiryContested)
    assert isinstance(answer(offer, acceptance(LAST + SECOND)), OfferAnswerRefused)


def test_the_next_offer_is_accepted_although_the_former_awaits_a_persons_word():
    offer = contested(replaced())
    assert (offer.status, offer.awaits_conclusion) == (OfferStatus.ISSUED, True)
    accepted = answer(offer, acceptance(offer_id=NEXT))
    assert isinstance(accepted, OfferAccepted)
    assert accepted.offer_id == NEXT
    assert offer.fold(accepted).awaits_conclusion


def test_the_next_offer_expires_although_the_former_awaits_a_persons_word():
    assert expired(contested(replaced())).status is OfferStatus.EXPIRED


def test_an_acceptance_of_a_replaced_offer_read_after_the_next_one_expired_awaits_a_persons_word():
    offer = contested(expired(replaced()))
    assert (offer.status, offer.awaits_conclusion) == (OfferStatus.EXPIRED, True)


def test_a_conclusion_on_the_former_offer_leaves_the_next_one_as_it_is():
    for offer in (contested(replaced()), expired(contested(replaced()))):
        done = concluded(offer)
        assert (done.status, done.awaits_conclusion) == (offer.status, False)


def test_both_offers_may_await_a_persons_word_and_each_has_its_own():
    offer = play(expired(contested(replaced())), acceptance(LAST, NEXT))
    assert (offer.status, set(offer.contests)) == (OfferStatus.CONTESTED, {FIRST, NEXT})
    offer = concluded(offer)
    assert (offer.status, offer.awaits_conclusion) == (OfferStatus.CONTESTED, True)
    offer = concluded(offer, NEXT)
    assert (offer.status, offer.awaits_conclusion) == (OfferStatus.EXPIRED, False)


def test_an_acceptance_heard_again_does_not_reopen_what_was_concluded():
    again = answer(concluded(contested(replaced())), acceptance(REPLACED_AT))
    assert isinstance(again, OfferAnswerRefused)
    assert again.reason is AnswerRefusal.SUPERSEDED


@pytest.mark.parametrize("ended", [acceptance(offer_id=NEXT), withdrawn()])
def test_a_replaced_offer_is_not_contested_once_the_next_is_answered_or_the_dossier_ended(ended):
    refused = answer(play(replaced(), ended), acceptance(NOW))
    assert isinstance(refused, OfferAnswerRefused)
    assert refused.reason is AnswerRefusal.SUPERSEDED


def test_a_second_acceptance_is_refused_and_changes_nothing():
    for offer, offer_id in ((play(issued(), acceptance()), FIRST), (play(replaced(), acceptance(offer_id=NEXT)), NEXT)):
        refused = answer(offer, acceptance(offer_id=offer_id))
        assert isinstance(refused, OfferAnswerRefused)
        assert refused.reason is AnswerRefusal.NOT_OPEN
        assert offer.fold(refused) == offer
