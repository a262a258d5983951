"""Origins: a partition that is no longer the one a group was reading is read from its beginning."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaConnectionError
from aiokafka.structs import OffsetAndTimestamp

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.filled import Place
from shared.origins import KafkaReader, Origins

TOPIC = "intake.register.v1"
PLACE = (TOPIC, 0)
PARTITION = TopicPartition(*PLACE)
EMPTY, CUT = TopicPartition(TOPIC, 1), TopicPartition(TOPIC, 2)
RECORD: Any = SimpleNamespace(topic=TOPIC, partition=0)


class Member:
    """A reader of one partition."""

    def __init__(self) -> None:
        self.origin: int | None = None
        self.rewound = 0
        self.looked = 0
        self.cut = False

    async def began(self) -> dict[Place, int | None]:
        self.looked += 1
        if self.cut:
            return {PLACE: None}
        return {} if self.origin is None else {PLACE: self.origin}

    async def rewind(self, places):
        self.rewound += list(places) == [PLACE]


async def test_a_partition_that_stays_what_it_was_is_read_on():
    member, documents = Member(), MemoryDocuments()
    origins = Origins("a.group", documents, member)
    for member.origin in (None, 5, 5):
        await origins.look()
    await Origins("a.group", documents, member).look()
    assert member.rewound == 0


async def test_a_partition_that_was_lost_and_filled_again_is_read_from_its_beginning_once():
    member, documents = Member(), MemoryDocuments()
    for member.origin in (5, 7, 7):
        await Origins("a.group", documents, member).look()
    assert member.rewound == 1


async def test_groups_know_their_own():
    member, documents = Member(), MemoryDocuments()
    member.origin = 5
    await Origins("a.group", documents, member).look()
    member.origin = 7
    await Origins("another.group", documents, member).look()
    assert member.rewound == 0


async def test_who_dies_before_it_reads_again_leaves_that_to_the_next():
    class Dying(Member):
        async def rewind(self, places):
            raise Unavailable("broker")

    documents = MemoryDocuments()
    dying, member = Dying(), Member()
    dying.origin = 5
    await Origins("a.group", documents, dying).look()
    dying.origin = member.origin = 7
    with pytest.raises(Unavailable):
        await Origins("a.group", documents, dying).look()
    await Origins("a.group", documents, member).look()
    assert member.rewound == 1


async def test_the_origin_is_kept_before_the_first_message_is_handled_and_once():
    member, documents = Member(), MemoryDocuments()
    member.origin = 5
    origins = Origins("a.group", documents, member)
    await origins.before([RECORD])
    assert await documents.count({}) == 1
    await origins.before([RECORD, RECORD])
    assert member.looked == 1


async def test_a_partition_whose_first_messages_are_gone_is_read_on_and_told_again_when_it_was_filled_again():
    member, documents = Member(), MemoryDocuments()
    member.origin = 5
    await Origins("a.group", documents, member).look()
    member.cut = True
    origins = Origins("a.group", documents, member)
    for _ in range(2):
        await origins.before([RECORD])
    assert (member.rewound, member.looked) == (0, 2)
    member.cut, member.origin = False, 7
    await origins.look()
    assert member.rewound == 1


class Consumer:
    """What aiokafka's does."""

    def __init__(self, given=frozenset({PARTITION}), failure: Exception | None = None) -> None:
        self.given, self.failure = given, failure
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}

    def assignment(self):
        return self.given

    async def offsets_for_times(self, times):
        if self.failure:
            raise self.failure
        return {one: OffsetAndTimestamp(0, 5) if one.partition != EMPTY.partition else None for one in times}

    async def beginning_offsets(self, partitions):
        return {one: 3 if one == CUT else 0 for one in partitions}

    def seek(self, partition, offset):
        self.positions[partition] = offset

    async def commit(self, offsets):
        if self.failure:
            raise self.failure
        self.committed |= offsets


def reader(consumer) -> KafkaReader:
    return KafkaReader(SimpleNamespace(consumer=consumer), asyncio.Lock())


async def test_a_member_says_when_what_it_was_given_began():
    assert await reader(Consumer(frozenset({PARTITION, EMPTY, CUT}))).began() == {PLACE: 5, (TOPIC, 2): None}


@pytest.mark.parametrize("one", [KafkaReader(None, asyncio.Lock()), reader(None), reader(Consumer(frozenset()))])
async def test_a_member_that_was_given_nothing_says_nothing(one):
    assert await one.began() == {}


def test_a_member_knows_whether_the_group_gave_it_anything_to_read():
    assert not KafkaReader(None, asyncio.Lock()).assigned
    assert not reader(None).assigned
    assert not reader(Consumer(frozenset())).assigned
    assert reader(Consumer()).assigned == {PARTITION}


async def test_a_member_goes_back_for_itself_and_for_whoever_comes_next():
    consumer = Consumer()
    await reader(consumer).rewind([PLACE])
    assert consumer.positions == consumer.committed == {PARTITION: 0}


@pytest.mark.parametrize("failure", [KafkaConnectionError(), CommitFailedError(), OSError()])
async def test_a_broker_that_does_not_answer_or_gave_the_partition_away_is_asked_again_later(failure):
    one = reader(Consumer(failure=failure))
    with pytest.raises(Unavailable):
        await one.began()
    with pytest.raises(Unavailable):
        await one.rewind([PLACE])
    with pytest.raises(Unavailable):
        await reader(None).rewind([PLACE])
