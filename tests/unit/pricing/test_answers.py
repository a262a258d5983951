"""Looks at the broker, on a broker that answers what the test says."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata

from services.pricing import answers
from services.pricing.answers import AnswersReading
from services.pricing.domain.reading import Reading
from tests.counter import FixedClock
from tests.unit.pricing.samples import NOW

TOPIC, GROUP = "intake.dossier.v1", "pricing.offer"


class Broker:
    """Stands in for both clients. `ends` and `committed` by partition; a look beyond `looks` finds it gone."""

    def __init__(self, ends: dict[int, int], committed: dict[int, int], looks: int = 1) -> None:
        self.ends, self.committed, self.looks = ends, committed, looks
        self.readings: list[Reading] = []
        self.open = 0
        self.watched: AnswersReading | None = None

    def client(self, *topics: str, bootstrap_servers: str) -> "Broker":
        return self

    async def start(self) -> None:
        self.open += 1

    async def stop(self) -> None:
        self.open -= 1

    close = stop

    def assignment(self) -> set[TopicPartition]:
        if self.watched is not None:
            self.readings.append(self.watched.reading)
        if self.looks == 0:
            raise KafkaConnectionError
        self.looks -= 1
        return {TopicPartition(TOPIC, number) for number in self.ends}

    def pause(self, *partitions: TopicPartition) -> None:
        assert partitions

    async def end_offsets(self, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends[partition.partition] for partition in partitions}

    async def list_consumer_group_offsets(
        self, group: str, *, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        assert group == GROUP
        return {one: OffsetAndMetadata(self.committed.get(one.partition, -1), "") for one in partitions}


async def watched(monkeypatch: pytest.MonkeyPatch, broker: Broker) -> Broker:
    """The broker after it was watched until it went away."""
    monkeypatch.setattr(answers, "AIOKafkaConsumer", broker.client)
    monkeypatch.setattr(answers, "AIOKafkaAdminClient", broker.client)
    monkeypatch.setattr(answers, "LOOK_SECONDS", 0)
    broker.watched = AnswersReading("broker:9092", TOPIC, GROUP, FixedClock(NOW))
    await asyncio.wait_for(broker.watched.watch(), 5)
    return broker


async def test_what_the_group_has_committed_is_read(monkeypatch):
    broker = await watched(monkeypatch, Broker({0: 2, 1: 3}, {0: 2, 1: 3}))
    assert broker.readings[-1].read_until == NOW


async def test_a_group_that_is_behind_or_has_committed_nothing_has_not_read(monkeypatch):
    for committed in ({0: 2, 1: 2}, {0: 2}):
        broker = await watched(monkeypatch, Broker({0: 2, 1: 3}, committed))
        assert (broker.readings[-1].reachable_since, broker.readings[-1].read_until) == (NOW, None)


async def test_an_empty_partition_needs_no_commit(monkeypatch):
    broker = await watched(monkeypatch, Broker({0: 2, 1: 0}, {0: 2}))
    assert broker.readings[-1].read_until == NOW


async def test_a_topic_that_is_not_known_yet_is_no_look(monkeypatch):
    broker = await watched(monkeypatch, Broker({}, {}))
    assert broker.readings[-1] == Reading()


async def test_when_the_broker_goes_away_nothing_is_known_and_everything_is_closed(monkeypatch):
    broker = await watched(monkeypatch, Broker({0: 1}, {0: 1}, looks=3))
    assert broker.readings[-1].read_until == NOW
    assert broker.watched
    assert (broker.watched.reading, broker.open) == (Reading(), 0)
