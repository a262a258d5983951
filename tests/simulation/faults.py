"""What goes wrong, and when: latencies by seed, and faults that wait for the operation they spoil."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from enum import StrEnum
from random import Random
from typing import Any

from shared.documents import Document, Documents, Duplicate, MemoryDocuments
from shared.errors import Unavailable

TIMEOUT_SECONDS = 3.0

Write = Callable[[], Coroutine[Any, Any, None]]


class Effect(StrEnum):
    """What becomes of one request: it never arrives, its answer never does, it arrives long after, or it arrives when a
    process that stood still wakes, which dies of it.
    """

    LOST = "lost"
    UNANSWERED = "unanswered"
    LATE = "late"
    LAST = "last"


class Network:
    """How one node reaches the database and the broker."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._armed: dict[str, deque[Effect]] = {}
        self._away_until: dict[str, float] = {}
        self._stalled_until = 0.0
        self.dies: Callable[[], None] = lambda: None

    def arm(self, operation: str, effect: Effect) -> None:
        """Spoil the next `insert`, `put`, `remove` or `publish`."""
        self._armed.setdefault(operation, deque()).append(effect)

    def cut(self, component: str, seconds: float) -> None:
        self._away_until[component] = asyncio.get_running_loop().time() + seconds

    def stall(self, seconds: float) -> None:
        """The node stands still, as a paused process does, and knows nothing of it."""
        self._stalled_until = asyncio.get_running_loop().time() + seconds

    def calm(self) -> None:
        self._armed.clear()
        self._away_until.clear()
        self._stalled_until = 0.0

    async def latency(self, component: str) -> None:
        """Raises: Unavailable while the component is away."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(self._random.choice((0.001, 0.002, 0.005, 0.02)) + max(0.0, self._stalled_until - now))
        if self._away_until.get(component, 0.0) > now:
            raise Unavailable(component)

    def next_effect(self, operation: str) -> Effect | None:
        armed = self._armed.get(operation)
        return armed.popleft() if armed else None

    def delay(self) -> float:
        """How late a request arrives that arrives long after."""
        return self._random.uniform(1.0, 15.0)

    async def stand_still(self) -> None:
        """As long as others need to take the node for dead, and longer."""
        seconds = self._random.uniform(5.0, 30.0)
        self.stall(seconds)
        await asyncio.sleep(seconds)


class Connection(Documents):
    """One collection as one node sees it."""

    def __init__(self, stored: MemoryDocuments, network: Network) -> None:
        self._stored = stored
        self._network = network

    async def insert(self, document: Document) -> None:
        await self._asked("insert", lambda: self._stored.insert(document))

    async def put(self, document: Document) -> None:
        await self._asked("put", lambda: self._stored.put(document))

    async def remove(self, key: str) -> None:
        await self._asked("remove", lambda: self._stored.remove(key))

    async def _asked(self, operation: str, write: Write) -> None:
        network = self._network
        await network.latency("database")
        match network.next_effect(operation):
            case None:
                await write()
                await network.latency("database")
                return
            case Effect.LOST:
                pass
            case Effect.LATE:
                asyncio.get_running_loop().call_later(network.delay(), _arrive, write)
            case Effect.UNANSWERED:
                _arrive(write)
            case Effect.LAST:
                await network.stand_still()
                _arrive(write)
                network.dies()
        await asyncio.sleep(TIMEOUT_SECONDS)
        raise Unavailable("database")

    async def get(self, key):
        await self._network.latency("database")
        found = await self._stored.get(key)
        await self._network.latency("database")
        return found

    async def find(self, query, *, sort=(), skip=0, limit=0):
        await self._network.latency("database")
        for document in [one async for one in self._stored.find(query, sort=sort, skip=skip, limit=limit)]:
            yield document

    async def mark(self, key, fields):
        await self._network.latency("database")
        await self._stored.mark(key, fields)
        await self._network.latency("database")

    async def count(self, query):
        await self._network.latency("database")
        return await self._stored.count(query)

    async def clear(self):
        await self._network.latency("database")
        await self._stored.clear()

    async def index(self, field):
        """Memory needs none."""


def _arrive(write: Write) -> None:
    """The server does it, or refuses a taken `_id`; nobody hears which."""
    try:
        write().send(None)
    except (StopIteration, Duplicate):
        return
    raise AssertionError("memory does not wait")
