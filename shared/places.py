"""How far a consumer group has come in each stream, and what waits for a message that is missing."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from enum import StrEnum

import structlog

from shared.delivery import Delivery
from shared.documents import Documents, Duplicate
from shared.errors import Unavailable
from shared.events import MessageMeta

log = structlog.get_logger(__name__)

MAX_STREAMS_KNOWN = 100_000


class Order(StrEnum):
    """Where a message stands in its stream, seen from a consumer."""

    DUPLICATE = "duplicate"
    NEXT = "next"
    EARLY = "early"


class Places:
    """Of one group: the `sequence` of the last message handled, a source stream and topic, and parked messages.

    Places are inserted, never changed, and the furthest counts: a member that stood still while another went on
    cannot put an older one back, which would park what comes next for ever.
    """

    def __init__(self, group: str, positions: Documents, parked: Documents) -> None:
        self._group = group
        self._positions = positions
        self._parked = parked
        self._known: OrderedDict[str, int] = OrderedDict()
        self._passed: list[str] = []

    def known(self, stream: str) -> int:
        """As far as this member has heard."""
        return self._known.get(stream, 0)

    async def order(self, stream: str, sequence: int) -> Order:
        """Where a message stands."""
        position = await self.reached(stream, sequence)
        if sequence <= position:
            return Order.DUPLICATE
        return Order.NEXT if sequence == position + 1 else Order.EARLY

    async def reached(self, stream: str, sequence: int) -> int:
        """How far the group has come, as far as it matters for a message. A first one is handled without asking:
        when it was handled before, the journal knows.
        """
        known = self._known.get(stream, 0)
        if sequence == known + 1 or (sequence <= known and stream in self._known):
            return known
        # Another member may have gone on meanwhile: only the database says what is missing. The place just before is
        # looked up by its name; a search is for what is out of order.
        if await self._positions.get(f"{self._group}|{stream}|{sequence - 1}") is not None:
            self._know(stream, sequence - 1)
            return sequence - 1
        return await self._furthest(stream)

    async def advance(self, stream: str, sequence: int) -> None:
        """Remember that a message was handled."""
        key = f"{self._group}|{stream}"
        with suppress(Duplicate):
            await self._positions.insert({"_id": f"{key}|{sequence}", "stream": key, "sequence": sequence})
        passed = self._known.get(stream, 0)
        if 0 < passed < sequence:
            self._passed.append(f"{key}|{passed}")
        self._know(stream, sequence)

    async def tidy(self) -> None:
        """Remove the places that were passed; nothing waits for it, and what could not be removed is tried again."""
        passed, self._passed = self._passed, []
        try:
            await asyncio.gather(*[self._positions.remove(key) for key in passed])
        except Exception as error:
            self._passed += passed
            if not isinstance(error, Unavailable):
                log.error("places_not_removed", group=self._group, error=type(error).__name__, exc_info=True)

    async def park(self, stream: str, sequence: int, delivery: Delivery) -> None:
        with suppress(Duplicate):
            await self._parked.insert({"_id": f"{self._group}|{stream}|{sequence}"} | delivery.document())

    async def parked(self, stream: str, sequence: int) -> Delivery | None:
        found = await self._parked.get(f"{self._group}|{stream}|{sequence}")
        return None if found is None else Delivery.from_document(found)

    async def unparked(self, stream: str, sequence: int) -> None:
        await self._parked.remove(f"{self._group}|{stream}|{sequence}")

    async def anything_parked(self) -> bool:
        """Whether anybody's message waits at all, which is rare."""
        async for _ in self._parked.find({}, limit=1):
            return True
        return False

    async def anything_missing(self) -> bool:
        """Whether a message waits for one before it that has not come. One that was parked although it had been
        handled is removed.
        """
        while first := [row["_id"] async for row in self._parked.find({}, limit=1)]:
            key, _, sequence = first[0].rpartition("|")
            if int(sequence) > max(await self._places_of(key), default=0):
                return True
            await self._parked.remove(first[0])
        return False

    async def _places_of(self, key: str) -> list[int]:
        return [row["sequence"] async for row in self._positions.find({"stream": key})]

    async def _furthest(self, stream: str) -> int:
        """How far anybody of the group has come."""
        key = f"{self._group}|{stream}"
        places = sorted(await self._places_of(key))
        for passed in places[:-1]:
            await self._positions.remove(f"{key}|{passed}")
        self._know(stream, places[-1] if places else 0)
        return self._known[stream]

    def _know(self, stream: str, sequence: int) -> None:
        """The streams heard of longest ago are forgotten: the database is asked again."""
        self._known[stream] = sequence
        self._known.move_to_end(stream)
        if len(self._known) > MAX_STREAMS_KNOWN:
            self._known.popitem(last=False)


def stream_of(topic: str, meta: MessageMeta) -> str:
    """What positions are kept by: a stream feeds each of its topics in its own sequence."""
    return f"{topic}|{meta.stream}"
