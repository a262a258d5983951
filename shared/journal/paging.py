"""How tables are stored: changed pages anew, what is new in the index as one more sorted run, runs merged as they grow.

Documents are written once, under a name nobody had: a snapshot that is cut short changes nothing of the one before.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from shared.documents import Document
from shared.journal.directory import Directory, Run
from shared.journal.pages import COMPRESSION, PageNeeded, Pages, packed, text_of
from shared.journal.table import Table

# Entries in one document of an index; of two pieces that meet one is half of it at least.
MAX_ENTRIES = 8_192
# A run stays while it is larger than this many of the next, so there are few and each entry moves few times.
RUN_RATIO = 4
# An index is of random numbers: compressing it takes as long as all else of it and saves a sixth.
EFFORT = {"rows": COMPRESSION, "index": 0}

# Documents that are stored at once: each by itself would sync the disk, for which decisions wait too.
DOCUMENTS_TOGETHER = 16

T = TypeVar("T")
Put = Callable[[Sequence[Document]], Awaitable[None]]
Fetch = Callable[[PageNeeded], Awaitable[None]]


async def paged(work: Callable[[], T], fetch: Fetch) -> T:
    """What `work` makes of tables; it only reads, and runs again when a page it needs has come."""
    needed: PageNeeded | None = None
    while True:
        try:
            done = work()
        except PageNeeded as missing:
            needed = missing
            await fetch(missing)
            continue
        if needed is not None:
            needed.pages.trim()
        return done


@dataclass(slots=True)
class Store:
    """Stores the tables of one snapshot under `generation`, a name no snapshot had."""

    put: Put
    fetch: Fetch
    generation: str
    page_rows: int
    written: int = 0
    waiting: list[Document] = field(default_factory=list)

    async def __call__(self, table: Table[Any], prefix: str) -> Table[Any]:
        """The same table with nothing in memory that is not stored. What it replaces is left where it is."""
        if not table.directory.count:
            table = table.over(Directory(prefix, page_rows=self.page_rows), Pages())
        rows = list(table.directory.rows)
        for number in table.changed_pages():
            columns = await paged(lambda number=number: table.columns(number), self.fetch)
            name = await self._write(table, "rows", text_of(table.shape)(columns))
            rows[number : number + 1] = [name]
            table.pages.rows[name] = columns
            table.pages.trim()
        runs = await self._with_new(table)
        await self._put_waiting()
        directory = replace(table.directory, count=table.count, rows=tuple(rows), runs=tuple(runs))
        return Table.stored(table.shape, directory, table.pages)

    async def _write(self, table: Table[Any], kind: str, content: bytes) -> str:
        self.written += 1
        name = f"{self.generation}.{self.written}"
        self.waiting.append({"_id": f"{table.directory.prefix}/{name}", kind: packed(content, EFFORT[kind])})
        if len(self.waiting) == DOCUMENTS_TOGETHER:
            await self._put_waiting()
        await asyncio.sleep(0)  # decisions go on between two documents
        return name

    async def _put_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        await self.put(waiting)

    async def _with_new(self, table: Table[Any]) -> list[Run]:
        """The runs with one of what is new; the smallest are merged first, so that each stays well above the next."""
        runs, fresh = list(table.directory.runs), table.new_entries()
        if not fresh:
            return runs
        merged = [fresh]
        size = len(fresh)
        while runs and runs[-1].count <= RUN_RATIO * size:
            larger = runs.pop()
            size += larger.count
            merged = [piece async for piece in self._merged(table, larger, merged)]
        names = [await self._written_piece(table, piece) for piece in pieces(merged)]
        return [*runs, Run(tuple(first for first, _ in names), tuple(name for _, name in names), size)]

    async def _written_piece(self, table: Table[Any], piece: "array[int]") -> tuple[int, str]:
        name = await self._write(table, "index", piece.tobytes())
        table.pages.index[name] = piece
        return piece[0], name

    async def _merged(self, table: Table[Any], larger: Run, smaller: "list[array[int]]") -> "AsyncIterator[array[int]]":
        """A document of the larger run after another, with what of the smaller one falls before the next."""
        ends = [*larger.firsts[1:], None]
        rest = array("Q", [entry for piece in smaller for entry in piece])
        begin = 0
        for name, end in zip(larger.names, ends, strict=True):
            if name not in table.pages.index:
                await self.fetch(PageNeeded(table.pages, table.directory.prefix, (name,)))
            stop = len(rest) if end is None else bisect_left(rest, end)
            yield array("Q", sorted(table.pages.index[name] + rest[begin:stop]))
            begin = stop
            await asyncio.sleep(0)


def pieces(merged: "list[array[int]]") -> "Iterator[array[int]]":
    """What fits a document each."""
    for one in merged:
        if len(one) <= MAX_ENTRIES:
            yield one
            continue
        parts = -(-len(one) // (MAX_ENTRIES // 2))
        size = -(-len(one) // parts)
        for start in range(0, len(one), size):
            yield one[start : start + size]
