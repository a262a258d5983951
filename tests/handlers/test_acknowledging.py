"""What was handled is acknowledged beside what comes next: in order, and never more than was handled."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from faststream.kafka.message import KafkaAckableMessage

from shared.acknowledging import Acknowledging
from shared.origins import KafkaReader

PLACE = ("intake.register.v1", 0)
PARTITION = TopicPartition(*PLACE)


class Consumer:
    """As aiokafka's: what is committed is how far was read when that began; the broker answers when it is let."""

    def __init__(self) -> None:
        self.read = 0
        self.asked = list[int]()
        self.committed = list[int]()
        self.failure: Exception | None = None
        self.answering = asyncio.Event()
        self.answering.set()

    def fetch(self) -> KafkaAckableMessage:
        self.read += 1
        return KafkaAckableMessage(raw_message=(), body=b"", consumer=self)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.read = offset

    async def commit(self, offsets: dict[TopicPartition, int] | None = None) -> None:
        told = self.read if offsets is None else offsets[PARTITION]
        self.asked.append(told)
        await self.answering.wait()
        if self.failure is not None:
            raise self.failure
        self.committed.append(told)


class Group:
    """One consumer and what tells the broker of it; `tidied` counts what is done beside."""

    def __init__(self) -> None:
        self.consumer = Consumer()
        self.tidied = 0
        self.acknowledging = Acknowledging("a.group", self._tidy)

    async def _tidy(self) -> None:
        self.tidied += 1

    async def handled(self) -> None:
        await self.acknowledging.begin(self.consumer.fetch())

    @property
    def reader(self) -> KafkaReader:
        subscriber: Any = SimpleNamespace(consumer=self.consumer)
        return KafkaReader(subscriber, self.acknowledging.turn)


async def turns() -> None:
    """Let everything go as far as it can without an answer."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_acknowledged_was_read_before_more_is_and_nobody_waits_for_the_answer():
    group = Group()
    group.consumer.answering.clear()
    await group.handled()
    assert (group.consumer.asked, group.consumer.committed, group.tidied) == ([1], [], 1)
    group.consumer.fetch()
    group.consumer.answering.set()
    await group.acknowledging.settle()
    assert group.consumer.committed == [1]


async def test_one_is_acknowledged_after_the_other():
    group = Group()
    group.consumer.answering.clear()
    await group.handled()
    second = asyncio.create_task(group.handled())
    await turns()
    assert (group.consumer.asked, second.done()) == ([1], False)
    group.consumer.answering.set()
    await second
    await group.acknowledging.settle()
    assert group.consumer.committed == [1, 2]


@pytest.mark.parametrize("failure", [CommitFailedError(), RuntimeError("closed")])
async def test_what_cannot_be_acknowledged_holds_nothing_up(failure):
    group = Group()
    group.consumer.failure = failure
    await group.handled()
    await turns()
    group.consumer.failure = None
    await group.handled()
    await group.acknowledging.settle()
    assert group.consumer.committed == [2]


async def test_who_is_about_to_leave_waits_for_each():
    group = Group()
    await group.acknowledging.settle()
    group.consumer.answering.clear()
    last = asyncio.create_task(group.handled())
    await turns()
    assert not last.done()
    group.consumer.answering.set()
    await last
    assert group.consumer.committed == [1]


async def test_who_leaves_a_broker_that_is_away_does_so_all_the_same(monkeypatch):
    monkeypatch.setattr("shared.acknowledging.SETTLE_SECONDS", 0)
    group = Group()
    group.consumer.answering.clear()
    await group.handled()
    await group.acknowledging.settle()
    assert group.consumer.committed == []


async def test_who_has_messages_read_again_is_not_undone_by_an_acknowledgement_under_way():
    group = Group()
    group.consumer.answering.clear()
    await group.handled()
    again = asyncio.create_task(group.reader.rewind([PLACE]))
    await turns()
    assert group.consumer.asked == [1]
    group.consumer.answering.set()
    await again
    assert group.consumer.committed == [1, 0]
    # Nor by the next: what it tells of is read once more.
    await group.acknowledging.begin(KafkaAckableMessage(raw_message=(), body=b"", consumer=group.consumer))
    await group.acknowledging.settle()
    assert group.consumer.committed == [1, 0, 0]
