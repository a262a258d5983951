"""A closed campaign takes no deposit; a register whose numbers have a gap is found out."""

from dataclasses import replace

import pytest

from services.intake.domain import register
from services.intake.domain.campaign import Campaign, CampaignClosedNow, check_deposit
from services.intake.domain.invariants import broken
from services.intake.domain.register import Register
from shared.contracts.envelope import CampaignClosed, CampaignOpened
from tests import facts
from tests.unit.envelope.book import NOW, rules


def test_a_closed_campaign_takes_no_deposit():
    campaign = Campaign().fold(CampaignOpened(campaign_id="c", rules=rules(), opened_at=NOW))
    assert check_deposit(campaign, NOW) == rules()
    with pytest.raises(CampaignClosedNow):
        check_deposit(campaign.fold(CampaignClosed(campaign_id="c", closed_at=NOW)), NOW)


def test_numbers_without_gap_are_right_and_others_are_named():
    given = facts.submitted()
    content = register.Content(given.bailleur, given.operation, given.loans, given.financing, ())
    state = Register()
    for name in ("a", "b"):
        for event in register.deposit(state, "c", name, content, NOW):
            state = state.fold(event)
    assert list(broken(state)) == []
    (found,) = broken(replace(state, last_number=3))
    assert (found.check, found.expected, found.found) == ("numéros sans trou", "[1, 2, 3]", "[1, 2]")
