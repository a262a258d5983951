"""What pricing hears reaches its offers and its copy of the campaign."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.pricing.domain import tariff
from services.pricing.grids import grid_bytes
from services.pricing.main import create_app
from services.pricing.settings import PricingSettings
from services.pricing.usecases.tariffs import Tariffs
from shared.contracts.contracting import BoardRefused, EngagementLapsed
from shared.contracts.envelope import CampaignOpened, CapChanged, RulesChanged
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible, RiskProfileRecorded
from shared.contracts.intake import (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    OfferAcceptanceLodged,
    OfferDeclineLodged,
)
from shared.events import Cause
from shared.journal import Commit, Journal
from tests.counter import START, FixedClock
from tests.facts import CAMPAIGN, DOSSIER
from tests.handlers.bench import Bench, bench, local

OFFER = f"offer:{DOSSIER}"
# What each fact leads to, after those before it.
JOURNEYS = [
    ((DossierSubmitted,), ["DossierSubmitted"], "none"),
    ((DossierSubmitted, RiskProfileRecorded), ["DossierSubmitted", "RiskProfileRecorded"], "none"),
    (
        (DossierSubmitted, RiskProfileRecorded, CommitteeOpinionGiven),
        ["DossierSubmitted", "RiskProfileRecorded", "CommitteeOpinionGiven", "OfferDrafted"],
        "drafted",
    ),
    (
        (CommitteeOpinionGiven, RiskProfileRecorded, DossierSubmitted, LoansReduced),
        [
            "CommitteeOpinionGiven",
            "RiskProfileRecorded",
            "DossierSubmitted",
            "OfferDrafted",
            "LoansReduced",
            "OfferDrafted",
        ],
        "drafted",
    ),
    ((OfferAcceptanceLodged,), ["OfferAcceptanceLodged", "OfferAnswerRefused"], "none"),
    ((OfferDeclineLodged,), ["OfferDeclineLodged", "OfferAnswerRefused"], "none"),
    ((DossierWithdrawn,), ["DossierWithdrawn"], "closed"),
    ((DossierFoundIneligible,), ["DossierFoundIneligible"], "closed"),
    ((BoardRefused,), ["BoardRefused"], "closed"),
    ((EngagementLapsed,), ["EngagementLapsed"], "closed"),
]
OF_A_CAMPAIGN = [CampaignOpened, RulesChanged, CapChanged]


@pytest.fixture
async def pricing(monkeypatch) -> AsyncIterator[Bench]:
    async with bench(monkeypatch, create_app, local(PricingSettings)) as made:
        await adopt_the_grid(made)
        yield made


async def adopt_the_grid(pricing: Bench) -> None:
    """Two officers, days before anything is heard."""

    async def kept(_: Commit, __: Any) -> None:
        pass

    clock = FixedClock(START - timedelta(days=3))
    tariffs = Tariffs(Journal(tariff.KIND, pricing.service.commits, clock, kept), clock)
    proposal = await tariffs.propose(grid_bytes(), "Première grille", Cause("user:a", "c0ffee"))
    await tariffs.approve(proposal.proposal_id, proposal.grid_hash, Cause("user:b", "c0ffee"))


def test_everything_handled_is_heard_here(pricing: Bench):
    assert set(pricing.inbox.handlers) == {cls for heard, _, _ in JOURNEYS for cls in heard} | set(OF_A_CAMPAIGN)


@pytest.mark.parametrize(("heard", "recorded", "status"), JOURNEYS)
async def test_a_fact_about_a_dossier_leads_to_its_offer(pricing: Bench, heard, recorded, status):
    await pricing.hear(*heard)
    assert await pricing.journal(OFFER) == recorded
    assert (await pricing.view("offer", DOSSIER))["status"] == status


@pytest.mark.parametrize("cls", OF_A_CAMPAIGN)
async def test_the_rules_of_a_campaign_are_copied(pricing: Bench, cls):
    await pricing.hear(cls)
    assert await pricing.journal(f"campaign:{CAMPAIGN}") == [cls.__name__]


async def test_a_fact_heard_twice_counts_once_and_names_its_cause(pricing: Bench):
    cause = await pricing.hear_twice(DossierSubmitted, OFFER)
    assert (cause.actor, cause.causation) == ("service:pricing", "test:intake.register.v1#1.1")
