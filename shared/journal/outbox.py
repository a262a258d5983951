"""Which streams may hold commits that were not published: a small collection, so that nobody searches the journal.

A process announces a stream before it inserts into it and takes the announcement back some seconds after everything
was published. What a process that died had announced, another one publishes (docs/adr/0019).
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shared.documents import Document, Documents, Duplicate
from shared.ids import new_id

SWEEP_SECONDS = 2.0
# A request whose outcome is unknown may still arrive: an insert is looked for in so many sweeps, and a view that it may
# have replaced is renewed in them.
LOOKS_FOR_A_COMMIT = 8


@dataclass(slots=True)
class Announced:
    """A stream of this process. `since` is the first version that may be unpublished; `under_way` counts commits on
    their way into the journal or out of it; `left` are those that have to be looked for, with the looks they have left,
    and `sent` is the first version of them that was not published yet.
    """

    key: str
    stream: str
    since: int
    stored: bool = False
    under_way: int = 0
    left: dict[int, int] = field(default_factory=dict)
    sent: int = 0
    beat: int = 0

    def document(self, owner: str) -> Document:
        since = min(self.since, *self.left) if self.left else self.since
        return {"_id": self.key, "owner": owner, "stream": self.stream, "since": since, "beat": self.beat}


class Outbox:
    """The announcements of this process, and what it has seen of the others'."""

    def __init__(self, documents: Documents) -> None:
        self.owner = new_id()
        self._documents = documents
        self._mine: dict[str, Announced] = {}
        self._count = 0
        self._swept: float | None = None

    @property
    def left(self) -> list[Announced]:
        """Streams of this process with commits that nothing will enqueue."""
        return [one for one in self._mine.values() if one.left]

    @property
    def behind(self) -> set[str]:
        """Streams of this process with commits that nothing will enqueue and nothing has published yet."""
        return {one.stream for one in list(self._mine.values()) if one.left and max(one.left) >= one.sent}

    async def begin(self, stream: str, version: int) -> None:
        """Announce a stream before `version` is inserted. Raises: Unavailable."""
        found = self._mine.get(stream)
        if found is None:
            found = self._mine[stream] = Announced(self._key(stream), stream, version)
        found.under_way += 1  # from here on no sweep takes it back
        try:
            if self._stood_still():
                # It may have been taken for dead: somebody may be about to remove what it announced.
                found.key, found.stored = self._key(stream), False
            if not found.stored:
                with suppress(Duplicate):  # stored by a try whose answer was lost, or by a sweep meanwhile
                    await self._documents.insert(found.document(self.owner))
                found.stored = True
        except BaseException:
            found.under_way -= 1
            raise

    def abandon(self, stream: str, version: int, *, inserted: bool) -> None:
        """This process will enqueue nothing for it; `inserted` when it has, or may have, put it into the journal."""
        found = self._mine[stream]
        found.under_way -= 1
        if inserted:
            found.left[version] = LOOKS_FOR_A_COMMIT

    def doubt(self, stream: str, version: int) -> None:
        """A view was to be renewed as of `version`, and whether and when that happens is unknown."""
        found = self._mine.setdefault(stream, Announced(self._key(stream), stream, version))
        found.left[version] = LOOKS_FOR_A_COMMIT

    def looked(self, one: Announced, versions: Iterable[int], end: int) -> None:
        """A stream was looked for `versions` and published; `end` is the first version that is not there."""
        one.sent = end
        for version in versions:
            one.left[version] -= 1
            if not one.left[version]:
                del one.left[version]

    def published(self, stream: str, version: int) -> None:
        """A commit of this process is out."""
        found = self._mine.get(stream)
        if found is not None:
            found.under_way -= 1
            found.since = max(found.since, version + 1)

    async def sweep(self) -> list[Document]:
        """Take back what is done, renew what is not; the announcements of others. Raises: Unavailable."""
        began = asyncio.get_running_loop().time()
        done = [one for one in self._mine.values() if not one.under_way and not one.left]
        for one in done:
            del self._mine[one.stream]
        await asyncio.gather(*[self._documents.remove(one.key) for one in done])
        stood_still = self._stood_still()
        for one in self._mine.values():
            one.beat += 1
            if stood_still:
                one.key = self._key(one.stream)
        await asyncio.gather(*[self._documents.put(one.document(self.owner)) for one in list(self._mine.values())])
        rows = [row async for row in self._documents.find({})]
        # Only now: what was announced while the rows were read is among them.
        mine = {one.key for one in self._mine.values()}
        orphans = [row for row in rows if row["owner"] == self.owner and row["_id"] not in mine]
        await asyncio.gather(*[self.remove(row) for row in orphans])
        self._swept = began  # others have seen no later sign than this
        return [row for row in rows if row["owner"] != self.owner]

    async def remove(self, row: Mapping[str, Any]) -> None:
        await self._documents.remove(row["_id"])

    def _key(self, stream: str) -> str:
        self._count += 1
        return f"{stream}|{self.owner}|{self._count}"

    def _stood_still(self) -> bool:
        """Whether others may have seen two sweeps go by without a sign of this process."""
        return self._swept is not None and asyncio.get_running_loop().time() - self._swept > 2 * SWEEP_SECONDS
