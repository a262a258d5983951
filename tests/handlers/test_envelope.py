"""What envelope hears reaches the ledger, through its single writer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.envelope.domain import campaign
from services.envelope.handlers import COMMANDS
from services.envelope.main import create_app
from services.envelope.settings import EnvelopeSettings
from shared.contracts.contracting import BoardRefused, Engaged, EngagementLapsed
from shared.contracts.envelope import ClosureDecided, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible, Opinion
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.contracts.pricing import OfferDeclined, OfferExpired
from shared.events import announced
from tests.announced import rules
from tests.counter import START, FixedClock, cause
from tests.facts import CAMPAIGN, loan, opinion, submitted
from tests.handlers.bench import FACTS, Bench, bench, local

LEDGER = f"ledger:{CAMPAIGN}"
OPENED = ["EpochBegan", "CampaignOpened"]
DEPOSITED = (RulesAdopted, DossierSubmitted)
UNFAVOURABLE = opinion(Opinion.UNFAVOURABLE)
# What each fact leads to in the ledger, after those before it.
JOURNEYS = [
    ((RulesAdopted,), []),
    ((RulesAdopted, SuspensionDecided), ["CampaignSuspended"]),
    ((RulesAdopted, SuspensionDecided, ResumptionDecided), ["CampaignSuspended", "CampaignResumed"]),
    ((RulesAdopted, ClosureDecided), ["CampaignClosed"]),
    (DEPOSITED, ["Reserved"]),
    ((*DEPOSITED, CommitteeOpinionGiven), ["Reserved"]),
    ((*DEPOSITED, LoansReduced), ["Reserved", "ReservationReduced"]),
    ((*DEPOSITED, Engaged), ["Reserved", "Committed"]),
    ((*DEPOSITED, Engaged, EngagementLapsed), ["Reserved", "Committed", "Released"]),
    ((*DEPOSITED, DossierWithdrawn), ["Reserved", "Released"]),
    ((*DEPOSITED, DossierFoundIneligible), ["Reserved", "Released"]),
    ((*DEPOSITED, OfferDeclined), ["Reserved", "Released"]),
    ((*DEPOSITED, OfferExpired), ["Reserved", "Released"]),
    ((*DEPOSITED, BoardRefused), ["Reserved", "Released"]),
    ((*DEPOSITED, UNFAVOURABLE), ["Reserved", "Released"]),
    ((RulesAdopted, DossierWithdrawn, DossierSubmitted), ["ReleaseAnticipated", "SubmissionVoided", "Released"]),
]


@pytest.fixture
async def envelope(monkeypatch) -> AsyncIterator[Bench]:
    async with bench(monkeypatch, create_app, local(EnvelopeSettings)) as made:
        yield made


def test_everything_handled_is_heard_here(envelope: Bench):
    assert set(envelope.inbox.handlers) == set(COMMANDS)
    assert {announced(cls) for cls in COMMANDS} <= {cls for heard, _ in JOURNEYS for cls in heard}


@pytest.mark.parametrize(("heard", "recorded"), JOURNEYS)
async def test_a_fact_is_a_command_of_the_ledger(envelope: Bench, heard, recorded):
    await envelope.hear(*heard)
    assert await envelope.journal(LEDGER) == OPENED + recorded


async def test_a_deposit_that_finds_no_room_waits_and_is_promoted_by_a_withdrawal(envelope: Bench):
    first = submitted()
    small = FACTS[RulesAdopted].model_copy(update={"rules": rules(cap_cents=first.principal_cents)})
    second = submitted(dossier_id="d2", deposit_number=2, loans=(loan(principal_cents=1),))
    await envelope.hear(small, first, second, DossierWithdrawn)
    assert await envelope.journal(LEDGER) == [
        *OPENED,
        "Reserved",
        "Waitlisted",
        "EnvelopeExhausted",
        "Released",
        "Promoted",
        "EnvelopeReplenished",
    ]


def adopted(**changes) -> RulesAdopted:
    return RulesAdopted(rules=rules(**changes), adopted_at=START)


LATER = START + timedelta(days=1)


@pytest.mark.parametrize(
    ("decided", "announced_as"), [(SuspensionDecided, "CampaignSuspended"), (ClosureDecided, "CampaignClosed")]
)
async def test_a_campaign_whose_rules_wait_for_their_moment_can_be_stopped(envelope: Bench, decided, announced_as):
    await envelope.hear(adopted(effective_at=LATER), decided)
    assert await envelope.journal(LEDGER) == ["EpochBegan", "RulesScheduled", announced_as]
    assert isinstance(envelope.service.clock, FixedClock)
    envelope.service.clock.moment = LATER
    await envelope.hear(DossierSubmitted)
    assert await envelope.journal(LEDGER) == [
        "EpochBegan",
        "RulesScheduled",
        announced_as,
        "CampaignOpened",
        "Reserved",
    ]


OTHER = "lli-2025"
ENDS = [OfferExpired, OfferDeclined, DossierFoundIneligible, BoardRefused, UNFAVOURABLE]


async def open_two_campaigns(envelope: Bench) -> None:
    """Both proposed and adopted; the configured one is CAMPAIGN."""
    await envelope.service.view(campaign.KIND).put({"_id": OTHER})
    elsewhere = rules(campaign_id=OTHER)
    await envelope.hear(RulesAdopted, FACTS[RulesAdopted].model_copy(update={"rules": elsewhere}))


@pytest.mark.parametrize("end", ENDS)
async def test_what_is_said_of_a_dossier_reaches_the_campaign_it_was_deposited_in(envelope: Bench, end):
    await open_two_campaigns(envelope)
    await envelope.hear(submitted(campaign_id=OTHER), end)
    assert await envelope.journal(LEDGER) == OPENED
    assert await envelope.journal(f"ledger:{OTHER}") == [*OPENED, "Reserved", "Released"]


async def test_an_engagement_and_its_lapse_count_in_the_campaign_of_their_dossier(envelope: Bench):
    await open_two_campaigns(envelope)
    await envelope.hear(submitted(campaign_id=OTHER), Engaged, EngagementLapsed)
    assert await envelope.journal(LEDGER) == OPENED
    assert await envelope.journal(f"ledger:{OTHER}") == [*OPENED, "Reserved", "Committed", "Released"]


async def test_a_deposit_that_is_held_is_known_to_its_campaign(envelope: Bench):
    await open_two_campaigns(envelope)
    await envelope.hear(submitted(campaign_id=OTHER, deposit_number=2), OfferExpired)
    first = submitted(campaign_id=OTHER, dossier_id="d1")
    await envelope.hear(first)
    assert await envelope.journal(LEDGER) == OPENED
    assert (await envelope.journal(f"ledger:{OTHER}"))[-2:] == ["SubmissionVoided", "Released"]


@pytest.mark.parametrize("end", ENDS)
async def test_an_end_that_overtakes_a_deposit_of_another_campaign_still_releases_it(envelope: Bench, end):
    await open_two_campaigns(envelope)
    await envelope.hear(end, submitted(campaign_id=OTHER))
    assert await envelope.journal(LEDGER) == [*OPENED, "ReleaseAnticipated"]
    assert await envelope.journal(f"ledger:{OTHER}") == [*OPENED, "Reserved", "Released"]


async def test_an_end_and_a_deposit_that_cross_find_each_other(envelope: Bench):
    await open_two_campaigns(envelope)
    await asyncio.gather(envelope.hear(OfferExpired), envelope.hear(submitted(campaign_id=OTHER)))
    assert (await envelope.journal(f"ledger:{OTHER}"))[-1] == "Released"


async def test_a_proposal_makes_a_campaign_known(envelope: Bench):
    made = campaign.ProposalMade(
        campaign_id=OTHER,
        proposal_id="p",
        action=campaign.Action.RULES,
        rules=rules(campaign_id=OTHER),
        reason="ouverture",
        proposed_by="user:one",
        proposed_at=START,
    )
    journal = envelope.service._journals[campaign.KIND.name]
    await journal.append(OTHER, lambda _: [made], cause())
    assert (await envelope.view("campaign", OTHER))["campaign_id"] == OTHER


async def test_a_fact_heard_twice_counts_once_and_names_its_cause(envelope: Bench):
    cause = await envelope.hear_twice(RulesAdopted, LEDGER)
    assert (cause.actor, cause.causation) == ("service:envelope", "test:envelope.campaign.v1#1.1")
