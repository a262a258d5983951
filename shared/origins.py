"""When each partition a group reads began: one that begins otherwise was lost and filled again, so what the group had
read of it tells nothing of what it holds now (docs/adr/0019). It is read again from its beginning, which handles
nothing twice.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.documents import Documents
from shared.errors import Unavailable
from shared.journal.filled import Place

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """A member of a group. Both raise Unavailable."""

    async def began(self) -> Mapping[Place, int | None]:
        """When the partitions it was given got their first message, in milliseconds; empty ones are left out. None
        where the first messages are gone: such a one is taken for the one it was, as its producer takes it.
        """
        ...

    async def rewind(self, places: Iterable[Place]) -> None:
        """Read from the beginning, also after a restart."""
        ...


class Origins:
    """What a group last knew of the partitions it reads."""

    def __init__(self, group: str, documents: Documents, reader: Reader) -> None:
        self._group = group
        self._documents = documents
        self._reader = reader
        self._known = set[Place]()

    async def before(self, records: "Sequence[ConsumerRecord[Any, Any]]") -> None:
        """What is handled is kept to be of a partition that began then. Raises: Unavailable."""
        if not {(record.topic, record.partition) for record in records} <= self._known:
            await self.look()

    async def look(self) -> None:
        """Have read again what is not what it was. Raises: Unavailable."""
        told = await self._reader.began()
        began = {place: moment for place, moment in told.items() if moment is not None}
        rows = {row["_id"]: row["began"] async for row in self._documents.find({})}
        kept = {place: rows.get(self._key(place)) for place in began}
        other = [place for place, known in kept.items() if known not in (None, began[place])]
        if other:
            log.warning("topics_read_again", group=self._group, topics=sorted({topic for topic, _ in other}))
            await self._reader.rewind(other)
        new = [place for place, known in kept.items() if known != began[place]]
        await asyncio.gather(*[self._documents.put({"_id": self._key(place), "began": began[place]}) for place in new])
        self._known |= told.keys()

    def _key(self, place: Place) -> str:
        return f"{self._group}|{place[0]}|{place[1]}"


class KafkaReader:
    """The member that FastStream runs; none before it has started. `turn`: no acknowledgement is under way."""

    def __init__(self, subscriber: Any, turn: asyncio.Lock) -> None:
        self._subscriber = subscriber
        self._turn = turn

    @property
    def _consumer(self) -> AIOKafkaConsumer | None:
        return self._subscriber.consumer if self._subscriber is not None else None

    @property
    def assigned(self) -> set[TopicPartition]:
        """What the group gave this member to read, as far as it has heard."""
        return set(self._consumer.assignment()) if self._consumer is not None else set()

    async def began(self) -> dict[Place, int | None]:
        if self._consumer is None or not self.assigned:
            return {}
        try:
            told = await self._consumer.offsets_for_times(dict.fromkeys(self.assigned, 0))
            first = {one: found.timestamp for one, found in told.items() if found is not None}
            # After that: what was cut between is seen to be cut.
            starts = await self._consumer.beginning_offsets(first)
        except (KafkaError, OSError) as error:
            raise Unavailable("broker") from error
        return {(one.topic, one.partition): None if starts[one] else moment for one, moment in first.items()}

    async def rewind(self, places: Iterable[Place]) -> None:
        if self._consumer is None:
            raise Unavailable("broker")
        consumer, partitions = self._consumer, [TopicPartition(topic, number) for topic, number in places]
        try:
            async with self._turn:
                for partition in partitions:
                    consumer.seek(partition, 0)
                await consumer.commit(dict.fromkeys(partitions, 0))
        except (KafkaError, OSError) as error:
            raise Unavailable("broker") from error
