"""Histories with faults: whatever happens, one number, one decision, and everybody sees the same in the end."""

import asyncio

import pytest

from services.envelope.domain.campaign import Action
from shared.documents import Document
from shared.places import Places
from tests.simulation import world
from tests.simulation.faults import Effect
from tests.simulation.nodes import Node
from tests.simulation.steps import (
    CutTopic,
    Forget,
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


FORGETTING: list[Step] = [
    Submit(0, 0),
    Forget(20, "envelope", 0, None),
    Submit(0, 1),
    Forget(20, "envelope", 0, 1),
    Submit(0, 2),
    Forget(20, "envelope", 0, None),
    Repeat(0, "intake.register.v1", 1),
    Overtake(0, "intake.register.v1"),
    Submit(0, 3),
    Submit(0, 4),
]


@pytest.fixture
def forgotten(monkeypatch) -> list[tuple[int | None, int]]:
    """What each step that forgets was to forget, and how many streams it did."""
    told = list[tuple[int | None, int]]()
    forget = Node.forget

    def telling(self: Node, which: int | None) -> list[str]:
        streams = forget(self, which)
        assert self.alive or not streams
        assert self.inbox is None or not any(self.inbox._places.known(stream) for stream in streams)
        told.append((which, len(streams)))
        return streams

    monkeypatch.setattr(Node, "forget", telling)
    return told


def test_an_inbox_that_forgets_how_far_it_had_come_asks_again(forgotten):
    assert play(0, FORGETTING) == []
    assert [which for which, _ in forgotten] == [None, 1, None]
    (_, first), (_, one), (_, rest) = forgotten
    assert (first > 0, one, rest > 0) == (True, 1, True)


def test_seeds_draw_inboxes_that_forget_one_stream_and_all(forgotten):
    for seed in SEEDS:
        steps = drawn(seed)
        if any(isinstance(step, Forget) for step in steps):
            play(seed, steps)
        if {which is None for which, streams in forgotten if streams} == {True, False}:
            break
    else:
        pytest.fail("nothing was forgotten")
    assert any(streams > 1 for which, streams in forgotten if which is None)
    assert all(streams <= 1 for which, streams in forgotten if which is not None)


@pytest.mark.parametrize("answer", ["nothing yet", "this one too"])
def test_a_forgotten_stream_that_is_told_a_wrong_place_is_noticed(monkeypatch, answer):
    """Too little parks what comes next for ever; too much drops it."""
    reached, heard = Places.reached, set[tuple[Places, str]]()

    async def wrong(self: Places, stream: str, sequence: int) -> int:
        if (self, stream) in heard and not self.known(stream):
            return 0 if answer == "nothing yet" else sequence
        heard.add((self, stream))
        return await reached(self, stream, sequence)

    monkeypatch.setattr(Places, "reached", wrong)
    assert play(0, FORGETTING)
    heard.clear()
    assert play(0, [step for step in FORGETTING if not isinstance(step, Forget)]) == []


def test_a_history_that_goes_wrong_is_shrunk_to_the_steps_it_takes(monkeypatch):
    async def forgetful(self):
        return ["withdrawn"] if len(self.acknowledged) > 1 else []

    monkeypatch.setattr(world.World, "wrong", forgetful)
    steps = [Kill(0, "intake", 1), Submit(0, 0), Overtake(0, "intake.register.v1"), Submit(0, 1), Submit(0, 1)]
    assert [type(step) for step in shortest(0, steps)] == [Submit, Submit]
