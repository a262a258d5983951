"""Views are made again while the service runs: nobody misses a row, and what is made is what the journal says."""

import asyncio

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.filled import Filled, Held, Place, Span
from shared.journal.outbox import LOOKS_FOR_A_COMMIT, Outbox, told
from shared.journal.relay import Relay
from shared.service import Service
from tests.counter import KIND, FixedClock, cause, count

STREAMS = [f"s{number}" for number in range(20)]


class Slow(MemoryDocuments):
    """Gives way to others at every step, as a server does."""

    async def get(self, key):
        await asyncio.sleep(0)
        return await super().get(key)

    async def put(self, document):
        await asyncio.sleep(0)
        await super().put(document)
        await asyncio.sleep(0)


class MemoryService(Service):
    """The real wiring on memory."""

    def __init__(self, stored: dict[str, MemoryDocuments]) -> None:
        async def publish(_) -> dict[Place, Span]:
            return {}

        self.name, self.clock, self._stored = "test", FixedClock(), stored
        self.commits = self.collection("journal")
        self._topics, self._journals, self._views = {}, {}, {}
        self.outbox = Outbox(self.collection("outbox"))

        async def look(_: set[str]) -> Held:
            return {}

        abandoned, filled = self.collection("abandoned"), Filled(self.collection("topics"), look)
        self.relay = Relay(self.commits, self.outbox, abandoned, filled, self._topics, publish, self._recover)
        self.counters = self.journal(KIND, lambda key, state: {"key": key, "total": state.total})

    def collection(self, name, *indexed):
        return self._stored.setdefault(name, Slow())

    async def add(self, stream: str, amount: int) -> None:
        await self.counters.append(stream, lambda _: count(amount), cause())

    async def totals(self) -> dict[str, int]:
        return {row["_id"]: row["total"] async for row in self.view(KIND).find({})}


async def running() -> tuple[MemoryService, MemoryService]:
    """A service with streams, and the process that rebuilds its views."""
    stored: dict[str, MemoryDocuments] = {}
    service = MemoryService(stored)
    for stream in STREAMS:
        await service.add(stream, 1)
    return service, MemoryService(stored)


async def test_views_that_were_dropped_come_back_and_progress_is_told():
    service, rebuilding = await running()
    before = await service.totals()
    await service.view(KIND).clear()
    await service.view(KIND).put({"_id": "nobody", "total": 7})
    told = []
    assert await rebuilding.rebuild_views(lambda *progress: told.append(progress)) == len(STREAMS)
    assert await service.totals() == before
    assert told == [(done, len(STREAMS)) for done in range(1, len(STREAMS) + 1)]


async def test_readers_find_every_row_while_views_are_made_again_and_writers_go_on():
    service, rebuilding = await running()
    for stream in STREAMS[:5]:  # rows drawn by an older version
        await service.view(KIND).mark(stream, {"total": -1})
    rebuilt = asyncio.create_task(rebuilding.rebuild_views(lambda *_: None))
    seen = []
    while not rebuilt.done():
        await service.add(STREAMS[len(seen) % len(STREAMS)], 10)
        seen.append(len(await service.totals()))
    await service.add("new", 3)
    assert len(seen) > 5
    assert set(seen) == {len(STREAMS)}
    expected = {stream: (await service.counters.load(stream)).state.total for stream in [*STREAMS, "new"]}
    assert await service.totals() == expected


async def test_a_commit_whose_view_could_not_be_renewed_stays_announced_until_it_is():
    class Away(Slow):
        away = False

        async def put(self, document):
            if self.away:
                raise Unavailable("database")
            await super().put(document)

    views = Away()
    service = MemoryService({"view_counter": views})
    views.away = True
    await service.add("a", 1)
    assert service.relay.backlog == 1
    announced = service.collection("outbox")
    assert [told(row) async for row in announced.find({})] == [{"counter:a": 1}]
    views.away = False
    await service.relay.flush()
    assert (await service.totals(), service.relay.backlog) == ({"a": 1}, 0)
    for _ in range(LOOKS_FOR_A_COMMIT - 1):  # what was asked for may still replace the view
        assert await announced.count({}) == 1
        await service.relay.flush()
    assert await announced.count({}) == 0


async def test_renewing_the_view_of_what_another_left_does_not_hide_what_waits_to_be_published():
    stored: dict[str, MemoryDocuments] = {}
    service, other = MemoryService(stored), MemoryService(stored)
    await service.add("a", 1)
    await other.add("a", 1)
    for _ in range(2):
        await service.relay._look()
        await service.relay._follow_what_is_left()
    announced = [row async for row in stored["outbox"].find({}) if row["owner"] == service.outbox.owner]
    assert (service.relay.backlog, [told(row) for row in announced]) == (1, [{"counter:a": 1}])
