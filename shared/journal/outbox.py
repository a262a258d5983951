"""Which streams may hold commits that were not published: a small collection, so that nobody searches the journal.

A process announces a stream before it inserts into it and takes the announcement back some seconds after everything
was published; streams announced at about the same time share a document. What a process that died had announced,
another one publishes (docs/adr/0019).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.documents import Document, Documents
from shared.ids import new_id
from shared.together import Together

SWEEP_SECONDS = 2.0
# A request whose outcome is unknown may still arrive: an insert is looked for in so many sweeps, and a view that it may
# have replaced is renewed in them.
LOOKS_FOR_A_COMMIT = 8
MAX_STREAMS_PER_DOCUMENT = 200


@dataclass(slots=True, eq=False)
class Row:
    """A stored document of this process; it tells others of the streams that name it."""

    key: str
    beat: int = 0


@dataclass(slots=True)
class Announced:
    """A stream of this process. `since` is the first version that may be unpublished; `under_way` counts commits on
    their way into the journal or out of it; `left` are those that have to be looked for, with the looks they have left,
    and `sent` is the first version of them that was not published yet. `row` is what tells others, once it is stored.
    """

    stream: str
    since: int
    row: Row | None = None
    under_way: int = 0
    left: dict[int, int] = field(default_factory=dict)
    sent: int = 0

    @property
    def first(self) -> int:
        """The first version that others would have to look for."""
        return min(self.since, *self.left) if self.left else self.since


def told(row: Mapping[str, Any]) -> dict[str, int]:
    """The streams that a document of the outbox tells of, and the first version of each that may be unpublished."""
    if "stream" in row:  # as it was before streams shared a document
        return {row["stream"]: row["since"]}
    return dict(zip(row["streams"], row["since"], strict=True))


class Outbox:
    """The announcements of this process, and what it has seen of the others'."""

    def __init__(self, documents: Documents) -> None:
        self.owner = new_id()
        self._documents = documents
        self._mine: dict[str, Announced] = {}
        # What comes while a document is being inserted goes into the next one.
        self._announcing = Together(self._announce, None, MAX_STREAMS_PER_DOCUMENT)
        self._coming: str | None = None
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
            found = self._mine[stream] = Announced(stream, version)
        found.under_way += 1  # from here on no sweep takes it out of what is announced
        try:
            if not self._stands(found):
                await self._announcing.add(found)
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
        found = self._mine.setdefault(stream, Announced(stream, version))
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
        # Forgotten before anything is removed: who begins one of them again finds nothing that stands and announces it
        # anew, in another document. Who has commits under way is not forgotten, and what tells of it is not removed.
        for one in done:
            del self._mine[one.stream]
        await self._renew()
        await asyncio.gather(*[self._announcing.add(one) for one in self.left if one.row is None])
        rows = [row async for row in self._documents.find({})]
        # Only now: what was announced while the rows were read is among them.
        mine = {one.row.key for one in self._mine.values() if one.row is not None} | {self._coming}
        over = [row for row in rows if row["owner"] == self.owner and row["_id"] not in mine]
        await asyncio.gather(*[self.remove(row) for row in over])
        self._swept = began  # others have seen no later sign than this
        return [row for row in rows if row["owner"] != self.owner]

    async def _renew(self) -> None:
        """Also what was announced a moment ago: others follow what stays the same between two of their looks, which are
        as far apart as two sweeps. What is done is no longer told.
        """
        streams = dict[Row, list[Announced]]()
        for one in self._mine.values():
            if one.row is not None:
                streams.setdefault(one.row, []).append(one)
        stood_still = self._stood_still()
        for row in streams:
            row.beat += 1
            if stood_still:
                row.key = self._key()
        await asyncio.gather(*[self._documents.put(self._document(row, ones)) for row, ones in streams.items()])

    async def remove(self, row: Mapping[str, Any]) -> None:
        await self._documents.remove(row["_id"])

    async def _announce(self, begun: list[Announced]) -> list[None]:
        """One document for those that were not announced since they came here. A stream leaves the document that told
        of it only when the new one is stored, so one that could not be stored takes nothing away.
        """
        streams = {one.stream: one for one in begun if not self._stands(one)}
        if streams:
            row = Row(self._key())
            self._coming = row.key  # not over, should a sweep read it before its answer is here
            try:
                await self._documents.insert(self._document(row, streams.values()))
            finally:
                self._coming = None
            for one in streams.values():
                one.row = row
        return [None] * len(begun)

    def _stands(self, one: Announced) -> bool:
        """Whether others know of it. A process that stood still may have been taken for dead: somebody may be about to
        remove what it announced.
        """
        return one.row is not None and not self._stood_still()

    def _document(self, row: Row, streams: Iterable[Announced]) -> Document:
        """Two lists: not every server takes any name as a key, or a list in a list."""
        since = {one.stream: one.first for one in streams}
        return {
            "_id": row.key,
            "owner": self.owner,
            "streams": list(since),
            "since": list(since.values()),
            "beat": row.beat,
        }

    def _key(self) -> str:
        self._count += 1
        return f"{self.owner}|{self._count}"

    def _stood_still(self) -> bool:
        """Whether others may have seen two sweeps go by without a sign of this process."""
        return self._swept is not None and asyncio.get_running_loop().time() - self._swept > 2 * SWEEP_SECONDS
