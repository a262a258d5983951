"""The broker: one log a topic, consumer groups with one owner, and what brokers and rebalances do to order."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import CommitFailedError, KafkaConnectionError

from shared.errors import Unavailable
from shared.journal.filled import Place
from tests.simulation.faults import TIMEOUT_SECONDS, Effect, Network

Record = ConsumerRecord[bytes, bytes]


def record_of(topic: str, key: bytes | None, body: bytes, headers: dict[str, str]) -> Record:
    """As aiokafka gives it, as far as the inbox looks."""
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=0,
        timestamp=int(asyncio.get_running_loop().time() * 1000),
        timestamp_type=0,
        key=key,
        value=body,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple((name, value.encode()) for name, value in headers.items()),
    )


class Bus:
    def __init__(self) -> None:
        self.logs: dict[str, list[Record]] = defaultdict(list)
        self.committed: dict[tuple[str, str], int] = defaultdict(int)
        self.owners: dict[str, Any] = {}
        # How far the members themselves remember to have come, whatever happened to the topic or the group.
        self.places: dict[tuple[str, Any], dict[str, int]] = {}
        self.handling = set[tuple[str, Any]]()
        # Topics whose first messages are gone.
        self.cut = set[str]()
        self._held: dict[str, list[Record]] = defaultdict(list)
        self._holding: set[str] = set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Until something is published or assigned."""
        await self._changed.wait()

    def announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def append(self, record: Record) -> None:
        """At the end of its topic; a record that is held back comes after the next one."""
        if record.topic in self._holding:
            self._holding.remove(record.topic)
            self._held[record.topic].append(record)
            return
        self.logs[record.topic] += [record, *self._held.pop(record.topic, [])]
        self.announce()

    def hold(self, topic: str) -> None:
        """Let the next record be overtaken, as when two relays publish one stream."""
        self._holding.add(topic)

    def repeat(self, topic: str, place: int) -> None:
        """Deliver an old record again, as after an offset that was not committed."""
        if self.logs[topic]:
            self.append(self.logs[topic][place % len(self.logs[topic])])

    def lose(self, topic: str) -> None:
        """Deleted and made again, empty; with it goes how far groups had come, but for what members remember."""
        self.logs[topic].clear()
        self.cut.discard(topic)
        for place in [one for one in self.committed if one[1] == topic]:
            self.committed[place] = 0
        self.announce()

    def began(self, topics: Iterable[str]) -> dict[Place, int | None]:
        """When each topic got its first message, None where that is gone; empty ones are left out."""
        logs = {topic: self.logs[topic] for topic in topics}
        return {(topic, 0): None if topic in self.cut else log[0].timestamp for topic, log in logs.items() if log}

    def rewind(self, group: str, owner: Any, topic: str) -> None:
        """Raises: Unavailable when the group has given the topic to somebody else."""
        if self.owners[group] is not owner:
            raise Unavailable("broker")
        self.places[group, owner][topic] = self.committed[group, topic] = 0
        self.announce()

    def calm(self) -> None:
        self._holding.clear()
        for topic, records in self._held.items():
            self.logs[topic] += records
        self._held.clear()
        self.announce()

    def assign(self, group: str, owner: Any) -> None:
        self.owners[group] = owner
        self.announce()

    def unread(self, group: str, topics: tuple[str, ...]) -> int:
        """What its owner is still to fetch, or handles now."""
        owner = self.owners[group]
        unread = sum(len(self.logs[topic]) - self.place(group, owner, topic) for topic in topics)
        return unread + ((group, owner) in self.handling)

    def place(self, group: str, owner: Any, topic: str) -> int:
        """Where a member reads on; from a place that is out of range it goes back to the earliest."""
        places = self.places[group, owner]
        place = places.get(topic, self.committed[group, topic])
        places[topic] = place if place <= len(self.logs[topic]) else 0
        return places[topic]


class Broker:
    """What the real Publisher publishes through, from one node."""

    def __init__(self, bus: Bus, network: Network) -> None:
        self._bus = bus
        self._network = network

    async def publish(self, body: bytes, topic: str, *, key: bytes | None, headers: dict[str, str], **options: Any):
        try:
            await self._network.latency("broker")
        except Unavailable as away:
            raise KafkaConnectionError from away
        record = record_of(topic, key, body, headers)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        effect = self._network.next_effect("publish")
        if effect is not Effect.LOST:
            self._bus.append(record)
        if effect is None:
            answer.set_result(None)
        else:
            await asyncio.sleep(TIMEOUT_SECONDS)
            answer.set_exception(KafkaConnectionError())
        return answer if options.get("no_confirm") else await answer


class Batch:
    """What one publication sends to one topic."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def append(self, **message: Any) -> bool:
        self.messages.append(message)
        return True

    def record_count(self) -> int:
        return len(self.messages)


class SimulatedProducer:
    """What the real Producer sends its batches through, from one node; each message may be lost on its own."""

    def __init__(self, bus: Bus, network: Network) -> None:
        self._bus = bus
        self._broker = Broker(bus, network)

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to leave."""

    async def partitions_for(self, topic: str) -> set[int]:
        return {0}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        for message in batch.messages:
            named = {name: value.decode() for name, value in message["headers"]}
            await self._broker.publish(message["value"], topic, key=message["key"], headers=named)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.set_result(Reached(len(self._bus.logs[topic]) - batch.record_count()))
        return answer


@dataclass(frozen=True, slots=True)
class Reached:
    offset: int


class Fetched:
    """A message, or a batch, as FastStream hands it to the inbox; acknowledging commits where its reader is."""

    def __init__(self, bus: Bus, group: str, owner: Any, records: tuple[Record, ...], single: bool) -> None:
        self.raw_message = records[0] if single else records
        self._bus, self._group, self._owner = bus, group, owner

    async def ack(self) -> None:
        """Raises: CommitFailedError when the group has given the topics to somebody else, KafkaConnectionError."""
        reached = dict(self._bus.places[self._group, self._owner])
        try:
            await self._owner.network.latency("broker")
        except Unavailable as away:
            raise KafkaConnectionError from away
        if self._bus.owners[self._group] is not self._owner:
            raise CommitFailedError("the group has rebalanced")
        for topic, place in reached.items():
            self._bus.committed[self._group, topic] = place
