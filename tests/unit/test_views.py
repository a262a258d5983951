"""A view is a pure function of its stream, and ends on the newest version whoever writes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from shared.documents import MemoryDocuments
from shared.journal import Commit, Journal
from shared.views import View
from tests.counter import KIND, Counter, FixedClock, cause, count


def render(key: str, counter: Counter) -> dict:
    return {"name": key, "total": counter.total}


class Shelf:
    """A journal with a view that is kept in step."""

    def __init__(self, views: MemoryDocuments | None = None) -> None:
        self.commits = MemoryDocuments()
        self.view = View(views or MemoryDocuments(), render)
        self.journal = Journal(KIND, self.commits, FixedClock(), self.project)

    async def project(self, commit: Commit, state: Counter) -> None:
        await self.view.put(self.journal, self.commits, "a", state, commit.version)

    async def append(self, amount: int) -> None:
        await self.journal.append("a", lambda _: count(amount), cause())


async def test_a_view_follows_its_stream():
    shelf = Shelf()
    assert await shelf.view.get("a") is None
    await shelf.append(1)
    await shelf.append(2)
    assert await shelf.view.get("a") == {"_id": "a", "stream_version": 2, "name": "a", "total": 3}


async def test_a_writer_that_comes_late_leaves_the_newest_version():
    shelf = Shelf()
    await shelf.append(1)
    behind = (await shelf.journal.load("a")).state
    await shelf.append(2)
    await shelf.view.put(shelf.journal, shelf.commits, "a", behind, 1)
    assert await shelf.view.get("a") == {"_id": "a", "stream_version": 2, "name": "a", "total": 3}


class Overtaken(MemoryDocuments):
    """While a view is written, somebody appends, once."""

    def __init__(self) -> None:
        super().__init__()
        self.append: Callable[[], Awaitable[Any]] | None = None

    async def put(self, document):
        await super().put(document)
        if self.append is not None:
            overtake, self.append = self.append, None
            await overtake()


async def test_what_is_appended_while_the_view_is_written_is_in_it():
    views = Overtaken()
    shelf = Shelf(views)
    others = Journal(KIND, shelf.commits, FixedClock(), _nothing)
    views.append = lambda: others.append("a", lambda _: count(5), cause())
    async with asyncio.timeout(10):
        await shelf.append(1)
    assert await shelf.view.get("a") == {"_id": "a", "stream_version": 2, "name": "a", "total": 6}


async def test_views_that_are_dropped_are_made_again_the_same():
    shelf = Shelf()
    await shelf.append(1)
    await shelf.append(2)
    before = await shelf.view.get("a")
    await shelf.view.documents.clear()
    current = await shelf.journal.load("a")
    await shelf.view.put(shelf.journal, shelf.commits, "a", current.state, current.version)
    assert await shelf.view.get("a") == before


async def _nothing(*_) -> None:
    return None
