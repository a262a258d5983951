"""What is engaged is the offer that the board saw and the bailleur accepted, to the cent."""

from datetime import date
from itertools import permutations

import pytest

from services.contracting.domain import deliberation
from services.contracting.domain.gate import Who, convention_gate
from services.contracting.store import render
from shared.contracts.contracting import BoardConfirmed, Engaged
from shared.contracts.pricing import OfferAccepted, OfferIssued
from tests.unit.contracting.cases import favourable
from tests.unit.contracting.samples import DOSSIER, NOW, OFFER, PREMIUM_CENTS, accepted, decided, issued, signed_session


def _again(offer_id: str = "d1-2") -> OfferIssued:
    """Another offer, five times as dear."""
    lines = tuple(line.model_copy(update={"premium_cents": line.premium_cents * 5}) for line in issued().lines)
    return issued(offer_id).model_copy(update={"premium_cents": PREMIUM_CENTS * 5, "lines": lines})


def accepted_again() -> OfferAccepted:
    return accepted().model_copy(update={"offer_id": "d1-2", "premium_cents": PREMIUM_CENTS * 5})


@pytest.mark.parametrize("order", list(permutations(["confirmation", "acceptance"])))
def test_a_dearer_offer_than_the_board_saw_is_not_engaged_before_the_board_has_seen_it(order):
    case = favourable().hear(issued())
    steps = {
        "confirmation": lambda: case.do(deliberation.announce, signed_session(), decided(), NOW),
        "acceptance": lambda: case.hear(_again(), accepted_again()),
    }
    for step in order:
        steps[step]()
    assert case.engagement.engaged is None
    board = next(one for one in convention_gate(case.engagement, NOW) if one.who is Who.BOARD)
    assert board.label.endswith("l'offre acceptée n'est pas celle que le conseil a confirmée")
    assert board.since == accepted_again().accepted_at
    assert render(DOSSIER, case.engagement)["board"] is None
    assert case.do(deliberation.announce, signed_session(), decided(), NOW) == []

    deliberation.check_decidable(case.engagement, None)
    again = decided().model_copy(update={"premium_cents": PREMIUM_CENTS * 5})
    confirmed, engaged = case.do(deliberation.announce, signed_session(date(2024, 7, 1)), again, NOW)
    assert isinstance(confirmed, BoardConfirmed)
    assert (confirmed.principal_cents, confirmed.premium_cents) == (425_000_000, PREMIUM_CENTS * 5)
    assert isinstance(engaged, Engaged)
    assert engaged.premium_cents == PREMIUM_CENTS * 5
    assert render(DOSSIER, case.engagement)["board"] == "confirmed"


def test_a_larger_principal_than_the_board_saw_is_not_engaged():
    case = favourable().hear(issued(), accepted())
    smaller = decided().model_copy(update={"principal_cents": 424_999_999})
    case.do(deliberation.announce, signed_session(), smaller, NOW)
    assert case.engagement.board_outdated
    assert case.engagement.engaged is None


@pytest.mark.parametrize("premium_cents", [None, PREMIUM_CENTS])
def test_the_premium_the_board_saw_is_engaged_and_so_is_any_when_it_saw_none(premium_cents):
    case = favourable().hear(issued(), accepted())
    line = decided().model_copy(update={"premium_cents": premium_cents})
    assert len(case.do(deliberation.announce, signed_session(), line, NOW)) == 2


@pytest.mark.parametrize("premium_cents", [PREMIUM_CENTS - 1, PREMIUM_CENTS + 1])
@pytest.mark.parametrize("principal_cents", [None, 425_000_000])
def test_another_premium_than_the_board_saw_is_not_engaged_be_it_cheaper(premium_cents, principal_cents):
    case = favourable().hear(issued(), accepted())
    seen = {"premium_cents": premium_cents, "principal_cents": principal_cents}
    case.do(deliberation.announce, signed_session(), decided().model_copy(update=seen), NOW)
    assert case.engagement.board_outdated
    assert case.engagement.engaged is None


@pytest.mark.parametrize(("premium_cents", "outdated"), [(PREMIUM_CENTS - 1, True), (PREMIUM_CENTS + 1, False)])
def test_loans_reduced_since_the_board_may_cost_less_and_never_more(premium_cents, outdated):
    case = favourable().hear(issued(), accepted())
    seen = {"premium_cents": premium_cents, "principal_cents": 425_000_001}
    case.do(deliberation.announce, signed_session(), decided().model_copy(update=seen), NOW)
    assert case.engagement.board_outdated is outdated
    assert (case.engagement.engaged is None) is outdated


def test_only_the_offer_that_was_accepted_first_counts_whatever_is_issued_or_accepted_after_it():
    case = favourable().hear(issued(), accepted(), _again())
    case.hear(accepted_again())
    case.decide()
    assert case.engagement.accepted_offer == issued()
    assert case.engagement.engaged
    assert (case.engagement.engaged.offer_id, case.engagement.engaged.premium_cents) == (OFFER, PREMIUM_CENTS)


def test_an_offer_that_replaced_another_is_the_one_that_was_accepted():
    case = favourable().hear(issued(), _again())
    assert case.engagement.accepted_offer is None
    assert case.hear(accepted_again()).engagement.accepted_offer == _again()


def test_a_premium_of_a_cent_engages_and_none_never_does():
    cent, free = (decided().model_copy(update={"premium_cents": premium_cents}) for premium_cents in (1, 0))
    case = favourable().hear(issued(), accepted().model_copy(update={"premium_cents": 1}))
    case.do(deliberation.announce, signed_session(), cent, NOW)
    assert case.engagement.engaged
    assert case.engagement.engaged.premium_cents == 1
    case = favourable().hear(issued(), accepted().model_copy(update={"premium_cents": 0}))
    with pytest.raises(AssertionError):
        case.do(deliberation.announce, signed_session(), free, NOW)


def test_the_premium_is_that_of_the_offer_then_what_was_accepted():
    assert favourable().engagement.premium_cents is None
    assert favourable().hear(issued()).engagement.premium_cents == PREMIUM_CENTS
    smaller = accepted().model_copy(update={"premium_cents": PREMIUM_CENTS - 1})
    assert favourable().hear(issued(), smaller).engagement.premium_cents == PREMIUM_CENTS - 1
