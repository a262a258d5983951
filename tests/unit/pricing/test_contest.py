"""A contested expiry ends with what a person concludes, once and with a reason."""

import pytest

from services.pricing.domain import contest
from services.pricing.domain import decisions as domain
from services.pricing.domain.contest import ContestAlreadyConcluded, OfferNotContested
from services.pricing.domain.facts import ContestConcluded, ContestConclusion
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.people import ReasonRequired
from shared.contracts.pricing import AnswerRefusal, OfferAnswerRefused
from shared.events import Event
from tests.facts import DOSSIER
from tests.unit.pricing.samples import GRID, NOW, acceptance, expired, issued, play, withdrawn

STANDS, REDRESSED = ContestConclusion
OFFER = f"{DOSSIER}-1"


def contested() -> Offer:
    return play(expired(), acceptance())


def concluding(offer: Offer, conclusion: ContestConclusion = REDRESSED, reason: str = "Panne du dépôt") -> list[Event]:
    return contest.conclude(offer, OFFER, conclusion, reason, "user:officer", NOW)


@pytest.mark.parametrize("conclusion", ContestConclusion)
def test_a_person_concludes_once_and_the_offer_is_over(conclusion):
    (event,) = concluding(contested(), conclusion)
    assert isinstance(event, ContestConcluded)
    assert (event.dossier_id, event.offer_id, event.concluded_by) == (DOSSIER, OFFER, "user:officer")
    offer = contested().fold(event)
    assert (offer.status, offer.conclusions[OFFER]) == (OfferStatus.EXPIRED, event)
    assert concluding(offer, conclusion) == []
    with pytest.raises(ContestAlreadyConcluded):
        concluding(offer, STANDS if conclusion is REDRESSED else REDRESSED)


def test_a_contest_on_a_dossier_that_was_withdrawn_is_concluded_too():
    assert concluding(play(contested(), withdrawn()), STANDS)


@pytest.mark.parametrize("offer", [issued(), expired(), play(issued(), acceptance())], ids=["open", "over", "accepted"])
def test_an_offer_that_nobody_contests_has_nothing_to_conclude(offer):
    with pytest.raises(OfferNotContested):
        concluding(offer)


def test_a_conclusion_has_a_reason():
    with pytest.raises(ReasonRequired) as refused:
        concluding(contested(), reason=" ")
    assert refused.value.pointer == "/reason"


def test_an_acceptance_heard_again_does_not_reopen_what_was_concluded():
    offer = contested()
    for event in concluding(offer):
        offer = offer.fold(event)
    again = domain.receive(offer, acceptance(), GRID, NOW)[1]
    assert isinstance(again, OfferAnswerRefused)
    assert again.reason is AnswerRefusal.NOT_OPEN
