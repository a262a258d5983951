"""Rules and interruptions take two people."""

from datetime import UTC, datetime, timedelta

import pytest

from services.envelope.domain import campaign as domain
from services.envelope.domain.campaign import (
    Action,
    AlreadyApproved,
    AlreadySuspended,
    Campaign,
    CampaignEnded,
    CapBelowEngaged,
    MomentPassed,
    NotSuspended,
    ProposalApproved,
    ProposalMade,
    StaleProposal,
    TwoPeopleNeeded,
)
from services.envelope.domain.refusals import UnknownCampaign
from shared.contracts.envelope import ClosureDecided, Committed, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.errors import NotFound
from tests.unit.envelope.book import rules

NOW = datetime(2024, 4, 20, 8, tzinfo=UTC)


def proposal(
    action: Action = Action.RULES, version: int = 1, proposal_id: str = "p", effective_at: datetime | None = None
) -> ProposalMade:
    return ProposalMade(
        campaign_id="c",
        proposal_id=proposal_id,
        action=action,
        rules=rules(version=version) if action is Action.RULES else None,
        reason="ouverture",
        proposed_by="user:one",
        proposed_at=NOW,
        effective_at=effective_at,
    )


OPEN = Campaign().fold(RulesAdopted(rules=rules(), adopted_at=NOW))
SUSPENDED = OPEN.fold(SuspensionDecided(campaign_id="c", decided_at=NOW))
HOUR = timedelta(hours=1)


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
        (Action.SUSPEND, OPEN, SuspensionDecided),
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
    campaign = after(proposal(Action.CLOSE), proposal(Action.SUSPEND, proposal_id="q"), campaign=OPEN)
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
    [(OPEN, Action.SUSPEND, AlreadySuspended), (SUSPENDED, Action.RESUME, NotSuspended)],
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


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.RESUME, Action.CLOSE])
def test_a_campaign_without_rules_is_not_interrupted(action):
    with pytest.raises(UnknownCampaign):
        domain.propose(Campaign(), proposal(action))
    with pytest.raises(UnknownCampaign):
        domain.approve(Campaign().fold(proposal(action)), "p", "user:two", NOW)


def decided(campaign: Campaign, action: Action, now: datetime, effective_at: datetime | None = None) -> Campaign:
    """After two people decided it."""
    made = proposal(action, proposal_id=f"{action}{now}{effective_at}", effective_at=effective_at)
    made = made.model_copy(update={"proposed_at": now})
    campaign = after(made, campaign=campaign)
    for event in domain.approve(campaign, made.proposal_id, "user:two", now):
        campaign = campaign.fold(event)
    return campaign


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.CLOSE])
def test_a_stated_moment_is_that_of_the_decision_and_never_in_the_past(action):
    made = proposal(action, effective_at=NOW + HOUR)
    campaign = after(made, campaign=OPEN)
    event = domain.approve(campaign, "p", "user:two", NOW + HOUR)[1]
    assert (event.effective_at, event.decided_at) == (NOW + HOUR, NOW + HOUR)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(MomentPassed):
        domain.approve(campaign, "p", "user:two", NOW + HOUR + timedelta(microseconds=1))
    with pytest.raises(MomentPassed):
        domain.propose(OPEN, proposal(action, effective_at=NOW - timedelta(microseconds=1)))


def test_whether_it_would_change_anything_is_asked_at_its_moment():
    campaign = decided(OPEN, Action.SUSPEND, NOW, NOW + 2 * HOUR)
    assert decided(campaign, Action.SUSPEND, NOW).at(NOW) == {Action.SUSPEND}
    with pytest.raises(NotSuspended):
        decided(campaign, Action.RESUME, NOW)
    with pytest.raises(AlreadySuspended):
        decided(campaign, Action.SUSPEND, NOW, NOW + 3 * HOUR)
    campaign = decided(campaign, Action.RESUME, NOW, NOW + 3 * HOUR)
    assert [campaign.at(NOW + hours * HOUR) for hours in (1, 2, 3)] == [set(), {Action.SUSPEND}, set()]
    campaign = decided(campaign, Action.CLOSE, NOW, NOW + 4 * HOUR)
    campaign = decided(campaign, Action.SUSPEND, NOW, NOW + 3 * HOUR)
    with pytest.raises(CampaignEnded):
        decided(campaign, Action.RESUME, NOW, NOW + 4 * HOUR)


def test_decisions_hold_in_their_order_whatever_the_clocks_say():
    """Two processes approved: the clock of the first was an hour ahead."""
    campaign = decided(OPEN, Action.SUSPEND, NOW + HOUR)
    campaign = decided(campaign, Action.RESUME, NOW)
    assert campaign.at(NOW + HOUR) == set()
    assert campaign.decided_at == NOW + HOUR


def test_a_cap_below_what_is_engaged_is_refused_when_proposed():
    domain.check_cap(rules(1_000), 1_000)
    with pytest.raises(CapBelowEngaged):
        domain.check_cap(rules(1_000), 1_001)


def test_other_events_change_nothing():
    assert Campaign().fold(Committed(campaign_id="c", dossier_id="d", amount_cents=1, committed_at=NOW)) == Campaign()
