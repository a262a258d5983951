"""Rules and interruptions take two people."""

from datetime import UTC, datetime

import pytest

from services.envelope.domain import campaign as domain
from services.envelope.domain.campaign import (
    Action,
    AlreadyApproved,
    AlreadySuspended,
    Campaign,
    CampaignEnded,
    CapBelowEngaged,
    NotSuspended,
    ProposalApproved,
    ProposalMade,
    StaleProposal,
    TwoPeopleNeeded,
)
from shared.contracts.envelope import ClosureDecided, Committed, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.errors import NotFound
from tests.unit.envelope.test_ledger import rules

NOW = datetime(2024, 4, 20, 8, tzinfo=UTC)


def proposal(action: Action = Action.RULES, version: int = 1, proposal_id: str = "p") -> ProposalMade:
    return ProposalMade(
        campaign_id="c",
        proposal_id=proposal_id,
        action=action,
        rules=rules(version=version) if action is Action.RULES else None,
        reason="ouverture",
        proposed_by="user:one",
        proposed_at=NOW,
    )


SUSPENDED = Campaign().fold(SuspensionDecided(campaign_id="c", decided_at=NOW))


def after(*proposals: ProposalMade, campaign: Campaign | None = None) -> Campaign:
    campaign = campaign or Campaign()
    for made in proposals:
        for event in domain.propose(campaign, made):
            campaign = campaign.fold(event)
    return campaign


@pytest.mark.parametrize(
    ("action", "before", "decided"),
    [
        (Action.RULES, Campaign(), RulesAdopted),
        (Action.SUSPEND, Campaign(), SuspensionDecided),
        (Action.RESUME, SUSPENDED, ResumptionDecided),
        (Action.CLOSE, SUSPENDED, ClosureDecided),
    ],
)
def test_a_second_person_puts_a_proposal_in_force(action, before, decided):
    events = domain.approve(after(proposal(action), campaign=before), "p", "user:two", NOW)
    assert [type(event) for event in events] == [ProposalApproved, decided]


def test_the_same_person_cannot():
    with pytest.raises(TwoPeopleNeeded):
        domain.approve(after(proposal()), "p", "user:one", NOW)


def test_an_unknown_proposal_is_not_found():
    with pytest.raises(NotFound):
        domain.approve(Campaign(), "p", "user:two", NOW)


def test_a_proposal_is_approved_once_and_made_once():
    campaign = after(proposal())
    assert domain.propose(campaign, proposal()) == []
    for event in domain.approve(campaign, "p", "user:two", NOW):
        campaign = campaign.fold(event)
    assert campaign.version == 1
    with pytest.raises(AlreadyApproved):
        domain.approve(campaign, "p", "user:three", NOW)


def test_rules_proposed_on_an_older_version_are_stale():
    campaign = after(proposal(), proposal(proposal_id="q"))
    for event in domain.approve(campaign, "p", "user:two", NOW):
        campaign = campaign.fold(event)
    with pytest.raises(StaleProposal):
        domain.approve(campaign, "q", "user:two", NOW)


def test_a_closed_campaign_only_takes_rules():
    campaign = after(proposal(Action.CLOSE), proposal(Action.SUSPEND, proposal_id="q"))
    for event in domain.approve(campaign, "p", "user:two", NOW):
        campaign = campaign.fold(event)
    for action in (Action.SUSPEND, Action.RESUME, Action.CLOSE):
        with pytest.raises(CampaignEnded):
            domain.propose(campaign, proposal(action, proposal_id="r"))
    with pytest.raises(CampaignEnded):
        domain.approve(campaign, "q", "user:two", NOW)
    assert domain.propose(campaign, proposal(proposal_id="r")) == [proposal(proposal_id="r")]


@pytest.mark.parametrize(
    ("before", "action", "refusal"),
    [(Campaign(), Action.SUSPEND, AlreadySuspended), (SUSPENDED, Action.RESUME, NotSuspended)],
)
def test_a_campaign_is_suspended_and_resumed_in_turn(before, action, refusal):
    """The ledger does not record a second suspension: heard again after a resumption, it would suspend."""
    campaign = after(proposal(action), proposal(action, proposal_id="q"), campaign=before)
    for event in domain.approve(campaign, "p", "user:two", NOW):
        campaign = campaign.fold(event)
    with pytest.raises(refusal):
        domain.approve(campaign, "q", "user:two", NOW)
    with pytest.raises(refusal):
        domain.propose(campaign, proposal(action, proposal_id="r"))


def test_a_cap_below_what_is_engaged_is_refused_when_proposed():
    domain.check_cap(rules(1_000), 1_000)
    with pytest.raises(CapBelowEngaged):
        domain.check_cap(rules(1_000), 1_001)


def test_other_events_change_nothing():
    assert Campaign().fold(Committed(campaign_id="c", dossier_id="d", amount_cents=1, committed_at=NOW)) == Campaign()
