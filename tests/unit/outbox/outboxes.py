"""Outboxes whose database is away or slow to answer, or whose process stands still."""

import asyncio

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.outbox import SWEEP_SECONDS, Outbox, told


async def rows(documents: MemoryDocuments) -> list[tuple[str, int]]:
    return sorted([one async for row in documents.find({}) for one in told(row).items()])


async def begin_together(outbox: Outbox, *streams: str) -> None:
    await asyncio.gather(*[outbox.begin(stream, 1) for stream in streams])


class Gated(MemoryDocuments):
    """Stores at once what is inserted, and answers when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answer = asyncio.Event(), asyncio.Event()

    async def insert(self, document):
        await super().insert(document)
        self.asked.set()
        await self.answer.wait()


class Away(MemoryDocuments):
    """Takes no new document while it is away."""

    away = False

    async def insert(self, document):
        if self.away:
            raise Unavailable("database")
        await super().insert(document)


class Clocked(Outbox):
    """Time passes when it is told to, for what stood still."""

    def stand_still(self) -> None:
        assert self._swept is not None
        self._swept -= 3 * SWEEP_SECONDS
