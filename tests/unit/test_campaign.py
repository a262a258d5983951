"""The reduced copy of a campaign that pricing and contracting keep."""

import pytest

from shared.campaign import Campaign
from shared.contracts.envelope import CampaignOpened, CampaignSuspended, CapChanged, RulesChanged
from tests.unit.envelope.book import NOW, rules


@pytest.mark.parametrize(
    "event",
    [
        CampaignOpened(campaign_id="c", rules=rules(), opened_at=NOW),
        RulesChanged(campaign_id="c", rules=rules(), changed_at=NOW),
        CapChanged(campaign_id="c", cap_cents=1, previous_cap_cents=2, rules=rules(), changed_at=NOW),
    ],
)
def test_the_newest_rules_are_kept(event):
    assert Campaign().fold(event).rules == rules()


def test_other_events_change_nothing():
    assert Campaign().fold(CampaignSuspended(campaign_id="c", suspended_at=NOW)) == Campaign()
