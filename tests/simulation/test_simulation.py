"""Histories with faults: whatever happens, one number, one decision, and everybody sees the same in the end."""

import asyncio

import pytest

from services.envelope.domain.campaign import Action
from shared.documents import Document
from tests.simulation import world
from tests.simulation.faults import Effect
from tests.simulation.steps import (
    CutTopic,
    Interrupt,
    Kill,
    LoseTopic,
    Overtake,
    Repeat,
    Spoil,
    Stall,
    Step,
    Submit,
    TakeOver,
    drawn,
)
from tests.simulation.world import Stored, play, shortest

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_of_faults_ends_well(seed):
    assert play(seed, drawn(seed)) == []


async def journal_of(stored: Stored) -> list[Document]:
    return [row async for row in stored.rows("envelope", "journal")]


def test_the_same_seed_is_the_same_history():
    kept = list[Stored]()
    for _ in range(2):
        play(3, drawn(3), kept)
    first, second = (asyncio.run(journal_of(stored)) for stored in kept)
    assert first == second
    assert len(first) > 3


HISTORIES: dict[str, list[Step]] = {
    "a publication that is not confirmed is published again": [
        Spoil(0, "intake", 0, "publish", Effect.UNANSWERED),
        Spoil(0, "intake", 1, "publish", Effect.LOST),
        Submit(0, 0, 2),
    ],
    "an insert that comes long after a takeover": [
        Submit(0, 0),
        Spoil(0.1, "envelope", 0, "insert", Effect.LATE),
        Submit(0, 1),
        Kill(0.1, "envelope", 0),
        TakeOver(0, "envelope"),
        Submit(1, 2),
    ],
    "two writers at once": [
        Submit(0, 0),
        Stall(0, "envelope", 0, 15),
        Submit(0, 1),
        TakeOver(1, "envelope"),
        Submit(0, 2),
        TakeOver(5, "envelope"),
        Submit(0, 3),
    ],
    "a suspension said again after the resumption": [
        Interrupt(0, Action.SUSPEND),
        Interrupt(5, Action.RESUME),
        LoseTopic(5, "envelope.campaign.v1"),
        Kill(0, "envelope", 0),
        Kill(0, "envelope", 1),
        Repeat(30, "envelope.campaign.v1", 1),
        Submit(5, 0),
    ],
    "a topic that is lost after its first messages were dropped": [
        Submit(0, 0),
        CutTopic(20, "intake.register.v1"),
        TakeOver(0, "envelope"),
        Submit(20, 1),
        LoseTopic(0, "intake.register.v1"),
        Submit(20, 2),
    ],
    "deposits that overtake each other on the bus and come twice": [
        Overtake(0, "intake.register.v1"),
        Submit(0, 0),
        Submit(0, 1),
        Repeat(5, "intake.register.v1", 0),
        Repeat(0, "intake.register.v1", 1),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_known_histories_end_well(name):
    assert play(0, HISTORIES[name]) == []


def test_a_history_that_goes_wrong_is_shrunk_to_the_steps_it_takes(monkeypatch):
    async def forgetful(self):
        return ["withdrawn"] if len(self.acknowledged) > 1 else []

    monkeypatch.setattr(world.World, "wrong", forgetful)
    steps = [Kill(0, "intake", 1), Submit(0, 0), Overtake(0, "intake.register.v1"), Submit(0, 1), Submit(0, 1)]
    assert [type(step) for step in shortest(0, steps)] == [Submit, Submit]
