"""What intake hears reaches the timeline of the dossier and its copy of the campaign."""

from collections.abc import AsyncIterator

import pytest

from services.intake.domain.dossier import ENDS, STEPS
from services.intake.handlers import ABOUT_A_CAMPAIGN, about_a_dossier
from services.intake.main import create_app
from services.intake.settings import IntakeSettings
from shared.contracts.contracting import BoardConfirmed
from shared.contracts.envelope import Promoted, RefusalGround, Released, ReservationRefused, Reserved, Waitlisted
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, ReviewStarted, SupplementRequested
from shared.contracts.intake import DossierSubmitted
from shared.contracts.pricing import OfferIssued
from shared.events import Event, MessageMeta
from shared.rush import Rush
from tests.counter import START
from tests.facts import CAMPAIGN, DOSSIER, opinion
from tests.handlers.bench import FACTS, Bench, bench, local

TIMELINE = f"dossier:{DOSSIER}"
STATUS = {cls: status.value for cls, status in (STEPS | ENDS).items()} | {SupplementRequested: "supplement_requested"}


@pytest.fixture
async def intake(monkeypatch) -> AsyncIterator[Bench]:
    async with bench(monkeypatch, create_app, local(IntakeSettings)) as made:
        yield made


def test_everything_handled_is_heard_here(intake: Bench):
    assert set(intake.inbox.handlers) == {*about_a_dossier(), *ABOUT_A_CAMPAIGN}


def test_what_others_hear_gives_way_to_landlords(intake: Bench):
    assert intake.inbox.give_way == intake.service.relay.give_way
    assert getattr(intake.inbox.give_way, "__func__", None) is Rush.passed


@pytest.mark.parametrize("cls", about_a_dossier())
async def test_a_fact_about_a_dossier_is_a_line_of_its_timeline(intake: Bench, cls):
    await intake.hear(cls)
    assert await intake.journal(TIMELINE) == [cls.__name__]
    assert (await intake.view("dossier", DOSSIER))["status"] == STATUS.get(cls, "draft")


@pytest.mark.parametrize("cls", ABOUT_A_CAMPAIGN)
async def test_a_fact_about_a_campaign_is_copied(intake: Bench, cls):
    await intake.hear(cls)
    assert await intake.journal(f"campaign:{CAMPAIGN}") == [cls.__name__]


async def test_the_services_tell_one_story(intake: Bench):
    told = [DossierSubmitted, Reserved, ReviewStarted, CommitteeOpinionGiven, OfferIssued, BoardConfirmed]
    await intake.hear(*told)
    assert await intake.journal(TIMELINE) == [cls.__name__ for cls in told]
    shown = await intake.view("dossier", DOSSIER)
    assert (shown["status"], shown["envelope"], shown["deposit_number"]) == ("board_confirmed", "reserved", 1)
    await intake.hear(Released)
    assert (await intake.view("dossier", DOSSIER))["envelope"] == "released"


async def test_the_place_on_the_waiting_list_moves_when_those_ahead_leave(intake: Bench):
    def waits(name: str, number: int, place: int) -> Event:
        changes = {"dossier_id": name, "deposit_number": number, "place": place}
        return FACTS[Waitlisted].model_copy(update=changes)

    async def places() -> list[int | None]:
        campaign = (await intake.service._journals["campaign"].load(CAMPAIGN)).state
        return [campaign.place_of(name) for name in "abc"]

    await intake.hear(waits("a", 2, 1), waits("b", 3, 2), waits("c", 4, 3))
    assert await places() == [1, 2, 3]
    await intake.hear(Released, FACTS[Promoted].model_copy(update={"dossier_id": "a", "deposit_number": 2}))
    assert await places() == [None, 1, 2]
    await intake.hear(FACTS[Released].model_copy(update={"dossier_id": "b", "amount_cents": 0}))
    assert await places() == [None, None, 1]
    assert await intake.journal(f"campaign:{CAMPAIGN}") == ["Waitlisted"] * 3 + ["Promoted", "Released"]


@pytest.mark.parametrize("in_batches", [False, True])
async def test_one_who_waited_and_is_refused_leaves_the_waiting_list(intake: Bench, in_batches):
    waits = FACTS[Waitlisted]
    assert isinstance(waits, Waitlisted)
    above = {"ground": RefusalGround.AMOUNT_ABOVE_CAP, "deposit_number": waits.deposit_number}
    refused = FACTS[ReservationRefused].model_copy(update=above)
    if in_batches:
        await intake.hear(waits)
        meta = MessageMeta("x#1.1", "ReservationRefused", 1, "x", 1, 1, START, "c0ffee")
        assert intake.inbox.batch is not None
        assert await intake.inbox.batch([(refused, meta)]) == [None]
    else:
        await intake.hear(waits, refused)
    assert (await intake.service._journals["campaign"].load(CAMPAIGN)).state.place_of(DOSSIER) is None
    assert (await intake.view("dossier", DOSSIER))["envelope"] == "reservationrefused"


async def test_an_unfavourable_opinion_is_an_end(intake: Bench):
    await intake.hear(opinion(Opinion.UNFAVOURABLE))
    assert (await intake.view("dossier", DOSSIER))["status"] == "unfavourable"


async def test_what_the_register_announces_again_is_written_once(intake: Bench):
    await intake.hear(DossierSubmitted, DossierSubmitted)
    assert await intake.journal(TIMELINE) == ["DossierSubmitted"]


async def test_a_fact_heard_twice_counts_once_and_names_its_cause(intake: Bench):
    cause = await intake.hear_twice(OfferIssued, TIMELINE)
    assert (cause.actor, cause.causation) == ("service:intake", "test:pricing.offer.v1#1.1")
