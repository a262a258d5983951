"""Which snapshots were begun and not ended: the pages of one that was cut short are removed by a later one.

A few numbered documents a stream, beside its pages: who begins inserts the first that is free, who ends removes it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.documents import Document, Documents, Duplicate

SLOTS = 8
# So many pages are written before it is said again how many there may be.
PAGES_AT_ONCE = 256


@dataclass(slots=True)
class Attempt:
    """A snapshot being written. Its pages are named `{generation}.{n}`, n from 1 on, one after the other."""

    documents: Documents
    slot: str
    generation: str
    version: int
    pages: int = PAGES_AT_ONCE
    written: int = 0

    def document(self) -> Document:
        told: dict[str, Any] = {"generation": self.generation, "version": self.version, "pages": self.pages}
        return {"_id": self.slot} | told

    async def put(self, pages: Sequence[Document]) -> None:
        """The next ones, at once."""
        if self.written + len(pages) > self.pages:
            self.pages += max(PAGES_AT_ONCE, len(pages))
            await self.documents.put(self.document())
        self.written += len(pages)
        await asyncio.gather(*[self.documents.insert(page) for page in pages])

    async def end(self) -> None:
        await self.documents.remove(self.slot)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Of one stream, whose tables' pages have an `_id` of `{prefix}/{name}`."""

    documents: Documents
    stream: str
    prefixes: tuple[str, ...]

    async def begin(self, generation: str, version: int) -> Attempt:
        """Where nothing is free, the oldest is given up: whoever writes it stands still, or died."""
        while True:
            begun = await self._begun()
            free = set(self._slots) - {one["_id"] for one in begun}
            if not free:
                await self._clear(min(begun, key=lambda one: one["version"]), frozenset())
                continue
            attempt = Attempt(self.documents, min(free), generation, version)
            with suppress(Duplicate):
                await self.documents.insert(attempt.document())
                return attempt

    async def settle(self, version: int, kept: frozenset[str]) -> None:
        """A snapshot of `version` is there, which names `kept`: what was begun before and names nothing is removed.

        Its writer, should it still be at it, will find that it has been overtaken.
        """
        for one in await self._begun():
            if one["version"] <= version:
                await self._clear(one, kept)

    async def _begun(self) -> list[Document]:
        found = await asyncio.gather(*[self.documents.get(slot) for slot in self._slots])
        return [one for one in found if one is not None]

    async def _clear(self, begun: Document, kept: frozenset[str]) -> None:
        names = [f"{begun['generation']}.{number}" for number in range(1, begun["pages"] + 1)]
        pages = {f"{prefix}/{name}" for prefix in self.prefixes for name in names}
        await removed(self.documents, pages - kept)
        await self.documents.remove(begun["_id"])

    @property
    def _slots(self) -> list[str]:
        return [f"{self.stream}/begun/{number}" for number in range(SLOTS)]


async def removed(documents: Documents, keys: Iterable[str]) -> None:
    await asyncio.gather(*[documents.remove(key) for key in keys])
