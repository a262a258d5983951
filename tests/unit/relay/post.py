"""One process's relay on memory, for the tests of this package."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit, Journal
from shared.journal.filled import Filled, Held, Place, Span
from shared.journal.outbox import Outbox, told
from shared.journal.relay import Outgoing, Relay
from tests.counter import KIND, FixedClock, cause, count

(TOPIC,) = KIND.topics


class Topic:
    """A topic of one partition, which may lose what it held. `lives` counts how often it was made, and `beside` is
    what another partition holds that nobody here sends to; `cut` when its first messages are gone.
    """

    def __init__(self) -> None:
        self.end = 0
        self.lives = 1
        self.beside = 0
        self.cut = False

    def lose(self) -> None:
        self.end, self.beside, self.lives = 0, 0, self.lives + 1


class Post:
    """One process: a journal in memory and its relay, what it sent, and whose views it renewed.

    Its commits wait in `mine` until they are enqueued.
    """

    def __init__(self, beside: "Post | None" = None) -> None:
        self.commits = beside.commits if beside else MemoryDocuments()
        self.announced = beside.announced if beside else MemoryDocuments()
        self.abandoned = beside.abandoned if beside else MemoryDocuments()
        self.kept = beside.kept if beside else MemoryDocuments()
        self.topic = beside.topic if beside else Topic()
        self.sent: list[str] = []
        self.rounds: list[int] = []
        self.recovered: list[str] = []
        self.outages = 0
        self.lose_at = 0
        self.views_fail: type[Exception] | None = None
        self.changed = asyncio.Event()
        self.outbox = Outbox(self.announced)
        filled, topics = Filled(self.kept, self.held), {KIND.name: KIND.topics}
        self.relay = Relay(self.commits, self.outbox, self.abandoned, filled, topics, self.publish, self.recover)
        self.mine: list[Commit] = []
        self.journal = Journal(KIND, self.commits, FixedClock(), self.committed, None, self.outbox)

    async def publish(self, outgoing: list[Outgoing]) -> dict[Place, Span]:
        if self.outages:
            self.outages -= 1
            raise Unavailable("broker")
        self.sent += [meta.id for _, meta in outgoing]
        self.rounds.append(len(outgoing))
        first, self.topic.end = self.topic.end, self.topic.end + len(outgoing)
        self.changed.set()
        span = (first, self.topic.end)
        if self.lose_at == self.topic.end:
            self.topic.lose()
            self.lose_at = 0
        return {(TOPIC, 0): span}

    async def held(self, _: set[str]) -> Held:
        ends = {(TOPIC, 0): self.topic.end, (TOPIC, 1): self.topic.beside}
        lives = None if self.topic.cut else self.topic.lives
        return {place: (lives, end) for place, end in ends.items() if end}

    async def recover(self, commit: Commit) -> None:
        if self.views_fail is not None and commit.stream == "counter:a":
            raise self.views_fail("view")
        self.recovered.append(commit.key)

    async def committed(self, commit: Commit, _: object) -> None:
        """As a service does: what has no view is left for later."""
        if self.views_fail is not None:
            self.outbox.abandon(commit.stream, commit.version, inserted=True)
        else:
            self.mine.append(commit)

    async def append(self, *keys: str) -> None:
        for key in keys:
            await self.journal.append(key, lambda _, key=key: count(1, key), cause())

    async def append_together(self, *keys: str) -> None:
        """Announced in one document."""
        await asyncio.gather(*[self.append(key) for key in keys])

    def enqueue(self) -> None:
        while self.mine:
            self.relay.enqueue(self.mine.pop(0))

    async def sweep(self, times: int = 1) -> None:
        """One look and what follows from it."""
        for _ in range(times):
            await self.relay._look()
            await self.relay._follow_what_is_left()

    async def announcements(self) -> list[tuple[str, int]]:
        return sorted([one async for row in self.announced.find({}) for one in told(row).items()])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until_sent(self, *ids: str) -> None:
        async with asyncio.timeout(10):
            while not set(ids) <= set(self.sent):
                self.changed.clear()
                await self.changed.wait()
