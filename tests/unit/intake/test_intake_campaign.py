"""Intake's copy of the campaign: whether a deposit is possible now."""

from datetime import timedelta

import pytest

from services.intake.domain.campaign import (
    Campaign,
    CampaignNotOpen,
    CampaignSuspendedNow,
    CampaignUnknown,
    check_deposit,
)
from shared.contracts.envelope import (
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    EnvelopeExhausted,
    RulesChanged,
)
from shared.contracts.values import CampaignRules
from tests.announced import rules
from tests.counter import START
from tests.facts import CAMPAIGN
from tests.unit.intake.samples import SECOND, opened


def heard(*events) -> Campaign:
    campaign = Campaign()
    for event in (CampaignOpened(campaign_id=CAMPAIGN, rules=rules(), opened_at=START), *events):
        campaign = campaign.fold(event)
    return campaign


def suspended() -> CampaignSuspended:
    return CampaignSuspended(campaign_id=CAMPAIGN, suspended_at=START)


def exhausted() -> EnvelopeExhausted:
    return EnvelopeExhausted(campaign_id=CAMPAIGN, exhausted_at=START, available_cents=0)


def changed(given: CampaignRules) -> RulesChanged:
    return RulesChanged(campaign_id=CAMPAIGN, rules=given, changed_at=START)


def raised() -> CapChanged:
    given = rules(cap_cents=70_000_000_000, version=2)
    return CapChanged(
        campaign_id=CAMPAIGN, cap_cents=given.cap_cents, previous_cap_cents=1, rules=given, changed_at=START
    )


def test_deposits_are_taken_from_the_opening_moment_on():
    assert check_deposit(heard(), START) == rules()
    with pytest.raises(CampaignNotOpen) as refused:
        check_deposit(heard(), START - SECOND)
    assert refused.value.detail == "Les dépôts ouvrent le 29\u00a0avril\u00a02024 à 9\u00a0h\u00a000."
    assert refused.value.facts == {"opens_at": START.isoformat()}


def test_a_campaign_nobody_opened_takes_no_deposit():
    with pytest.raises(CampaignUnknown):
        check_deposit(Campaign(), START)


def test_a_suspended_campaign_takes_deposits_again_once_resumed():
    with pytest.raises(CampaignSuspendedNow):
        check_deposit(heard(suspended()), START)
    resumed = heard(suspended(), CampaignResumed(campaign_id=CAMPAIGN, resumed_at=START))
    assert check_deposit(resumed, START) == rules()


def test_an_opening_that_is_postponed_counts():
    later = rules(version=2, opens_at=START + timedelta(days=7))
    with pytest.raises(CampaignNotOpen):
        check_deposit(heard(changed(later)), START)
    assert check_deposit(heard(changed(later)), later.opens_at) == later


def test_an_exhausted_envelope_still_takes_deposits_and_a_new_cap_lifts_it():
    assert heard(exhausted()).exhausted
    assert check_deposit(heard(exhausted()), START) == rules()
    assert not heard(exhausted(), raised()).exhausted
    assert check_deposit(heard(exhausted(), raised()), START).cap_cents == 70_000_000_000
    assert heard(exhausted(), changed(rules(version=2))).exhausted


def test_a_fact_of_another_stream_changes_nothing():
    assert heard(opened()) == heard()
