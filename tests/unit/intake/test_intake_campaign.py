"""Intake's copy of the campaign: whether a deposit is possible now."""

from datetime import timedelta

import pytest

from services.intake.api.public import status_of
from services.intake.domain.campaign import (
    Campaign,
    CampaignNotOpen,
    CampaignSuspendedNow,
    CampaignUnknown,
    EnvelopeConsumed,
    check_deposit,
)
from shared.contracts.envelope import (
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    EnvelopeExhausted,
    EnvelopeReplenished,
    RulesChanged,
)
from shared.contracts.values import CampaignRules, Exhaustion
from tests.announced import rules
from tests.counter import START
from tests.facts import CAMPAIGN
from tests.unit.intake.samples import SECOND, opened

OPEN = "Les dépôts sont ouverts."
BEYOND = "les nouveaux dossiers qui dépassent ce qu'il en reste"


def heard(*events) -> Campaign:
    campaign = Campaign()
    for event in (CampaignOpened(campaign_id=CAMPAIGN, rules=rules(), opened_at=START), *events):
        campaign = campaign.fold(event)
    return campaign


def suspended() -> CampaignSuspended:
    return CampaignSuspended(campaign_id=CAMPAIGN, suspended_at=START)


def exhausted() -> EnvelopeExhausted:
    return EnvelopeExhausted(campaign_id=CAMPAIGN, exhausted_at=START, available_cents=0)


def replenished() -> EnvelopeReplenished:
    return EnvelopeReplenished(campaign_id=CAMPAIGN, replenished_at=START, available_cents=1)


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


def test_an_exhausted_envelope_still_takes_deposits_until_the_ledger_says_there_is_room_again():
    assert heard(exhausted()).exhausted
    assert check_deposit(heard(exhausted()), START) == rules()
    assert heard(exhausted(), raised()).exhausted
    assert check_deposit(heard(exhausted(), raised()), START).cap_cents == 70_000_000_000
    assert heard(exhausted(), changed(rules(version=2))).exhausted
    assert not heard(exhausted(), raised(), replenished()).exhausted


def test_an_envelope_that_closes_when_it_is_exhausted_takes_deposits_again_once_replenished():
    closing = changed(rules(version=2, on_exhaustion=Exhaustion.CLOSE))
    assert check_deposit(heard(closing), START) == closing.rules
    with pytest.raises(EnvelopeConsumed):
        check_deposit(heard(closing, exhausted()), START)
    assert check_deposit(heard(closing, exhausted(), replenished()), START) == closing.rules


@pytest.mark.parametrize(
    ("policy", "open_now", "message"),
    [
        (
            Exhaustion.STRICT_WAITLIST,
            True,
            f"{OPEN} L'enveloppe est consommée : les nouveaux dossiers sont placés en liste d'attente.",
        ),
        (
            Exhaustion.FIRST_FIT,
            True,
            f"{OPEN} L'enveloppe est consommée : {BEYOND} sont placés en liste d'attente.",
        ),
        (Exhaustion.CLOSE, False, "Les dépôts sont fermés ; ils reprendront si des montants sont libérés."),
    ],
)
def test_the_public_reads_what_becomes_of_a_deposit_made_now(policy, open_now, message):
    ruled = changed(rules(version=2, on_exhaustion=policy))
    shown = status_of(CAMPAIGN, heard(ruled, exhausted()), START)
    assert (shown.exhausted, shown.deposits_open, shown.message) == (True, open_now, message)
    again = status_of(CAMPAIGN, heard(ruled, exhausted(), replenished()), START)
    assert (again.exhausted, again.deposits_open, again.message) == (False, True, OPEN)


def test_a_fact_of_another_stream_changes_nothing():
    assert heard(opened()) == heard()
