"""What contracting hears reaches its engagements and its copy of the campaign."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contracting.handlers import ABOUT_A_CAMPAIGN, ABOUT_A_DOSSIER
from services.contracting.main import create_app
from services.contracting.settings import ContractingSettings
from shared.contracts.contracting import BoardConfirmed
from shared.contracts.envelope import Committed, Released
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.contracts.pricing import OfferAccepted, OfferDeclined, OfferExpired, OfferIssued, OfferSuperseded
from shared.events import Cause
from tests.facts import CAMPAIGN, DOSSIER
from tests.handlers.bench import CORRELATION, FACTS, Bench, bench, local

ENGAGEMENT = f"engagement:{DOSSIER}"
IBAN = "FR7630006000011234567890189"


@pytest.fixture
async def contracting(monkeypatch) -> AsyncIterator[Bench]:
    nowhere = Path("/nowhere")
    settings = local(
        ContractingSettings,
        payee_iban=IBAN,
        bdt_directory=nowhere,
        signing_key=nowhere,
        signing_certificate=nowhere,
        trust_roots=nowhere,
    )
    async with bench(monkeypatch, create_app, settings) as made:
        yield made


def test_everything_handled_is_heard_here(contracting: Bench):
    assert set(contracting.inbox.handlers) == {*ABOUT_A_DOSSIER, *ABOUT_A_CAMPAIGN}


@pytest.mark.parametrize("cls", ABOUT_A_DOSSIER)
async def test_a_fact_about_a_dossier_is_noted(contracting: Bench, cls):
    await contracting.hear(cls)
    assert await contracting.journal(ENGAGEMENT) == [cls.__name__]


@pytest.mark.parametrize("cls", ABOUT_A_CAMPAIGN)
async def test_the_rules_of_a_campaign_are_copied(contracting: Bench, cls):
    await contracting.hear(cls)
    assert await contracting.journal(f"campaign:{CAMPAIGN}") == [cls.__name__]


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        ((DossierSubmitted,), "submitted"),
        ((DossierSubmitted, CommitteeOpinionGiven), "favourable"),
        ((DossierSubmitted, CommitteeOpinionGiven, OfferIssued), "offer_issued"),
        ((DossierSubmitted, CommitteeOpinionGiven, OfferIssued, OfferSuperseded), "favourable"),
        ((OfferIssued, OfferAccepted, LoansReduced), "offer_accepted"),
        ((DossierSubmitted, OfferDeclined), "offer_declined"),
        ((DossierSubmitted, OfferExpired), "offer_expired"),
        ((DossierSubmitted, DossierWithdrawn), "withdrawn"),
        ((DossierSubmitted, DossierFoundIneligible), "ineligible"),
        ((DossierSubmitted, Released), "offer_expired"),
    ],
)
async def test_the_dossier_stands_where_the_others_brought_it(contracting: Bench, heard, state):
    await contracting.hear(*heard)
    assert (await contracting.view("engagement", DOSSIER))["state"] == state


async def test_an_acceptance_that_is_heard_after_the_board_engages(contracting: Bench):
    journal = contracting.service._journals["engagement"]
    await contracting.hear(DossierSubmitted, CommitteeOpinionGiven)
    await journal.append(DOSSIER, lambda _: [FACTS[BoardConfirmed]], Cause("user:secretary", CORRELATION))
    await contracting.hear(OfferIssued, OfferAccepted, Committed)
    assert (await contracting.journal(ENGAGEMENT))[-4:] == ["OfferIssued", "OfferAccepted", "Engaged", "Committed"]
    shown = await contracting.view("engagement", DOSSIER)
    assert (shown["state"], shown["committed"]) == ("engaged", True)


async def test_a_fact_heard_twice_counts_once_and_names_its_cause(contracting: Bench):
    cause = await contracting.hear_twice(OfferIssued, ENGAGEMENT)
    assert (cause.actor, cause.causation) == ("service:contracting", "test:pricing.offer.v1#1.1")
