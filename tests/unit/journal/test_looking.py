"""Who knows a stream appends to it without a look first; who asks shares a look."""

import asyncio
import gc

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.together import let_go
from tests.counter import Counter, cause, count, make_journal


class Watched(MemoryDocuments):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.gets: list[str] = []

    async def get(self, key):
        self.gets.append(key)
        return await super().get(key)


async def test_who_knows_a_stream_appends_to_it_without_a_look():
    store = Watched()
    journal = make_journal(store)
    await journal.append("a", lambda _: count(1), cause())
    store.gets.clear()
    await journal.append("a", lambda _: count(1), cause())
    assert store.gets == []


async def test_who_is_refused_is_refused_on_what_the_database_holds():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)

    def once_it_is_ten(state: Counter):
        if state.total < 10:
            raise Refusal("pas encore")
        return count(1)

    await mine.append("a", lambda _: count(1), cause())
    with pytest.raises(Refusal):
        await mine.append("a", once_it_is_ten, cause())
    await other.append("a", lambda _: count(9), cause())
    assert (await mine.append("a", once_it_is_ten, cause())).state.total == 11


async def test_nothing_is_decided_only_on_what_the_database_holds():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)
    await mine.append("a", lambda _: count(1), cause())
    await other.append("a", lambda _: count(9), cause())
    done = await mine.append("a", lambda state: count(1) if state.total == 10 else [], cause())
    assert (done.state.total, done.version) == (11, 3)


async def test_what_another_process_handled_is_not_handled_again_by_who_did_not_look():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)
    await mine.append("a", lambda _: count(1), cause("x#1.1"))
    await other.append("a", lambda _: count(2), cause("x#2.1"))
    done = await mine.append("a", lambda _: count(5), cause("x#2.1"))
    assert (done.events, done.state.total, done.version) == ((), 3, 2)


class Paused(Watched):
    """A look-up waits for its answer until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def get(self, key):
        found = await super().get(key)
        self.asked.set()
        await self.open.wait()
        return found


async def test_who_asks_while_a_look_up_waits_its_turn_shares_it():
    store = Paused()
    journal = make_journal(store)
    store.open.clear()
    loads = [asyncio.ensure_future(journal.load("a"))]
    await store.asked.wait()
    loads += [asyncio.ensure_future(journal.load("a")) for _ in range(9)]
    await asyncio.sleep(0)
    store.open.set()
    await asyncio.gather(*loads)
    assert store.gets == ["counter:a#1", "counter:a#1"]


async def test_who_asks_after_a_commit_of_another_process_sees_it_though_a_look_up_is_under_way():
    store = Paused()
    journal, other = make_journal(store), make_journal(store)
    await other.append("a", lambda _: count(1), cause())
    await journal.load("a")
    store.asked.clear()
    store.open.clear()
    early = asyncio.ensure_future(journal.load("a"))
    await store.asked.wait()  # it has its answer: nothing new
    await other.append("a", lambda _: count(9), cause())
    late = asyncio.ensure_future(journal.load("a"))
    await asyncio.sleep(0)
    store.open.set()
    assert [(await one).state.total for one in (early, late)] == [1, 10]


async def test_who_stops_waiting_for_a_shared_look_up_takes_it_from_nobody():
    store = Paused()
    journal = make_journal(store)
    await journal.append("a", lambda _: count(1), cause())
    store.asked.clear()
    store.open.clear()
    under_way = asyncio.ensure_future(journal.load("a"))
    await store.asked.wait()
    shared = [asyncio.ensure_future(journal.load("a")) for _ in range(2)]
    await asyncio.sleep(0)
    shared[0].cancel()
    store.open.set()
    assert ((await under_way).version, (await shared[1]).version) == (1, 1)
    assert (await asyncio.gather(shared[0], return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_a_stream_that_is_looked_at_is_not_forgotten_for_another(monkeypatch):
    monkeypatch.setattr("shared.journal.lane.MAX_CACHED_STREAMS", 1)
    store = Paused()
    journal, other = make_journal(store), make_journal(store)
    await other.append("a", lambda _: count(1), cause())
    store.asked.clear()
    store.open.clear()
    looked = journal.load("a")
    await store.asked.wait()
    beside = journal.load("b")
    store.open.set()
    assert [(await one).version for one in (looked, beside)] == [1, 0]
    assert journal.seen("a").total == 1
    await journal.load("c")
    assert journal.seen("a").total == 0


async def test_what_nobody_waits_for_any_more_is_no_failure_of_anybody(caplog):
    class Down(MemoryDocuments):
        async def get(self, key):
            raise Unavailable("database")

    journal = make_journal(Down())
    asked = asyncio.gather(journal.load("a"), journal.load("b"))
    await asyncio.wait([asked])
    let_go(asked)
    cancelled = asyncio.gather(journal.load("a"), journal.load("b"))
    let_go(cancelled)
    await asyncio.wait([cancelled])
    del asked, cancelled
    gc.collect()
    assert caplog.records == []
