"""The inbox on FastStream's test broker: what every consumer is promised."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from faststream.kafka import TestKafkaBroker
from prometheus_client import REGISTRY

from shared.bus import Publisher, make_broker
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.events import MessageMeta
from shared.inbox import REDRIVEN, Inbox
from shared.places import Places
from shared.telemetry import Metrics
from shared.topics import dead_letter_topic
from tests.counter import Counted
from tests.headers import headers

TOPIC = "intake.dossier.v1"
GROUP = "test.counter"


def meta(sequence: int, **changes) -> MessageMeta:
    given = {
        "id": f"counter:a#{sequence}.1",
        "type": "Counted",
        "schema_version": 1,
        "stream": "counter:a",
        "version": sequence,
        "sequence": sequence,
        "time": datetime(2024, 5, 2, tzinfo=UTC),
        "correlation": "c0ffee",
    } | changes
    return MessageMeta(**given)


class Bench:
    """An inbox under test, what it handled and what it put aside."""

    def __init__(self, handler=None) -> None:
        self.handled: list[int] = []
        self.parked = MemoryDocuments()
        self.positions = MemoryDocuments()
        self.broker = make_broker("localhost:9092")
        self.dead: list[dict] = []
        self.inbox = Inbox(GROUP, {Counted: handler or self.note}, self.positions, self.parked, Publisher(self.broker))
        self.inbox.attach(self.broker)

        async def bury(message) -> None:
            self.dead.append(dict(message.headers))

        self.broker.subscriber(dead_letter_topic(TOPIC, GROUP), decoder=self._undecoded)(bury)

    @staticmethod
    async def _undecoded(message):
        return message

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What is handled is acknowledged, and what was passed removed, before the next message comes."""
        async with TestKafkaBroker(self.broker):
            await self.inbox.acknowledging.settle()
            yield

    async def note(self, event: Counted, _: MessageMeta) -> None:
        self.handled.append(event.amount)

    async def send(self, sequence: int, body: bytes | None = None, **changes) -> None:
        extra = changes.pop("extra", {})
        payload = body if body is not None else json.dumps({"dossier_id": "a", "amount": sequence}).encode()
        await self.broker.publish(payload, TOPIC, key=b"a", headers=headers(meta(sequence, **changes)) | extra)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("shared.inbox.RETRY_SECONDS", 0)
    monkeypatch.setattr("shared.inbox.OUTAGE_RETRY_SECONDS", 0)


async def test_messages_are_handled_in_order_and_duplicates_dropped():
    bench = Bench()
    async with bench.running():
        for sequence in (1, 1, 2, 1, 2, 3):
            await bench.send(sequence)
    assert bench.handled == [1, 2, 3]


@pytest.mark.parametrize("failure", [Unavailable("database"), RuntimeError("another")])
async def test_passed_places_are_removed_and_tried_again_when_that_failed(monkeypatch, failure):
    bench = Bench()
    remove, failures = bench.positions.remove, [failure]

    async def failing(key: str) -> None:
        if failures:
            raise failures.pop()
        await remove(key)

    monkeypatch.setattr(bench.positions, "remove", failing)
    async with bench.running():
        await bench.send(1)
        await bench.send(2)
        assert await bench.positions.count({}) == 2
        await bench.send(3)
    assert bench.handled == [1, 2, 3]
    assert [row["sequence"] async for row in bench.positions.find({})] == [3]


async def test_an_early_message_waits_for_the_missing_ones():
    bench = Bench()
    async with bench.running():
        for sequence in (3, 2, 3):
            await bench.send(sequence)
        assert bench.handled == []
        assert await bench.parked.count({}) == 2
        await bench.send(1)
    assert bench.handled == [1, 2, 3]
    assert await bench.parked.count({}) == 0


def missing() -> float | None:
    return REGISTRY.get_sample_value("als_messages_missing", {"group": GROUP})


async def test_it_is_told_that_a_message_is_missing_until_it_comes():
    bench = Bench()
    async with bench.running():
        told = []
        for sequence in (1, 3, 2):
            await bench.send(sequence)
            await bench.inbox.tell_missing()
            told.append(missing())
    assert told == [0, 1, 0]


async def test_a_member_that_starts_tells_what_was_missing_before_it():
    before, after = Bench(), Bench()
    after.inbox._places = Places(GROUP, before.positions, before.parked)
    async with before.running():
        await before.send(3)
    await after.inbox.tell_missing()
    assert missing() == 1


async def test_a_message_that_was_parked_after_it_had_been_handled_waits_for_nothing():
    bench, late = Bench(), Bench()
    async with late.running():
        await late.send(2)
    bench.inbox._places = Places(GROUP, bench.positions, late.parked)
    await bench.inbox._places.advance(f"{TOPIC}|counter:a", 2)
    await bench.inbox.tell_missing()
    assert (missing(), await late.parked.count({})) == (0, 0)


async def test_a_long_row_of_early_messages_is_handled_once_the_first_comes():
    bench = Bench()
    async with bench.running():
        for sequence in range(2, 502):
            await bench.send(sequence)
        await bench.send(1)
    assert bench.handled == list(range(1, 502))


async def test_what_was_parked_is_handled_although_the_one_before_died_with_its_process(monkeypatch):
    before, after = Bench(), Bench()
    after.inbox._places = Places(GROUP, before.positions, before.parked)

    class Died(BaseException):
        pass

    async def die(*_):
        raise Died

    monkeypatch.setattr(before.inbox, "_unpark", die)
    async with before.running():
        await before.send(2)
        with pytest.raises(Died):
            await before.send(1)
    async with after.running():
        await after.send(1)
        await after.send(3)
    assert (before.handled, after.handled) == ([1], [1, 2, 3])  # the journal knows that 1 was handled


async def test_a_restart_remembers_what_was_handled():
    before, after = Bench(), Bench()
    async with before.running():
        await before.send(1)
        await before.send(2)
    after.inbox._places = Places(GROUP, before.positions, after.parked)
    async with after.running():
        await after.send(2)
        await after.send(3)
    assert (before.handled, after.handled) == ([1, 2], [3])


async def test_a_member_that_stood_still_does_not_put_the_group_back():
    before, after = Bench(), Bench()
    after.inbox._places = Places(GROUP, before.positions, after.parked)
    async with before.running():
        await before.send(1)
    async with after.running():
        for sequence in (2, 3):
            await after.send(sequence)
    async with before.running():
        await before.send(2)  # fetched before it was stopped; handled by the other meanwhile
    restarted = Bench()
    restarted.inbox._places = Places(GROUP, before.positions, restarted.parked)
    async with restarted.running():
        await restarted.send(4)
    assert restarted.handled == [4]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": b"not json"}, "bad-payload"),
        ({"body": b'{"dossier_id": "a"}'}, "bad-payload"),
        ({"body": b"\xff\xfe"}, "bad-payload"),
        ({"type": "NeverHeardOf"}, "unknown-type"),
        ({"schema_version": 2}, "future-version"),
        ({"extra": {"ce_sequence": "many"}}, "bad-headers"),
    ],
)
async def test_an_unreadable_message_goes_to_the_dead_letters_at_once(changes, reason):
    bench = Bench()
    async with bench.running():
        await bench.send(1, **changes)
    assert bench.handled == []
    assert [dead["als_reason"] for dead in bench.dead] == [reason]


async def test_the_stream_goes_on_after_a_dead_letter():
    bench = Bench()
    async with bench.running():
        await bench.send(1, schema_version=9)
        await bench.send(2)
    assert bench.handled == [2]


async def test_fields_of_a_newer_minor_version_are_ignored():
    bench = Bench()
    async with bench.running():
        await bench.send(1, body=b'{"dossier_id": "a", "amount": 7, "colour": "blue"}')
    assert bench.handled == [7]


async def test_a_handler_that_fails_is_tried_again_then_dead_lettered(quick):
    tries = []

    async def fail(event, _):
        tries.append(event.amount)
        raise ValueError("never works")

    bench = Bench(fail)
    async with bench.running():
        await bench.send(1)
    assert tries == [1] * 5
    assert bench.dead[0]["als_reason"] == "handler-failed"
    assert bench.dead[0]["als_group"] == GROUP


async def test_an_outage_is_waited_for_and_costs_no_message(quick):
    outages = iter(range(20))
    done = []

    async def later(event, _):
        if next(outages, None) is not None:
            raise Unavailable("database")
        done.append(event.amount)

    bench = Bench(later)
    async with bench.running():
        await bench.send(1)
    assert done == [1]
    assert bench.dead == []


async def test_a_redriven_message_reaches_its_group_only():
    bench = Bench()
    async with bench.running():
        await bench.send(1)
        await bench.send(1, extra={REDRIVEN: "another.group"})
        assert bench.handled == [1]
        await bench.send(1, extra={REDRIVEN: GROUP})
    assert bench.handled == [1, 1]


async def test_a_dead_letter_without_a_topic_is_waited_for_and_told(quick, monkeypatch):
    """What follows waits too, so it shows on the metric the alert asks for."""
    stuck = Metrics.consumer_stuck.labels(GROUP)._value
    before, bench = stuck.get(), Bench()
    send, missing = bench.inbox._publisher.send, iter(range(3))

    async def no_topic_yet(*arguments):
        if next(missing, None) is not None:
            raise Unavailable("broker")
        await send(*arguments)

    monkeypatch.setattr(bench.inbox._publisher, "send", no_topic_yet)
    async with bench.running():
        await bench.send(1, schema_version=9)
        await bench.send(2)
    assert [dead["als_reason"] for dead in bench.dead] == ["future-version"]
    assert bench.handled == [2]
    assert stuck.get() == before + 3
