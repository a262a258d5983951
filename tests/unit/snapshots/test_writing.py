"""Snapshots are written while others write: no stop leaves a page behind, and none costs an append."""

import asyncio

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.attempts import SLOTS
from shared.journal.snapshots import version_of
from tests.counter import cause, count
from tests.unit.snapshots.processes import EVERY, Process, nothing_but_what_is_named, root_of, spoilt, twelve


async def test_deciding_goes_on_while_a_snapshot_is_written():
    released = asyncio.Event()

    class Slow(MemoryDocuments):
        async def put(self, document):
            await released.wait()
            await super().put(document)

    commits, snapshots = MemoryDocuments(), Slow()
    process = Process(commits, snapshots)
    for number in range(1, 8):
        await process.journal.append("a", lambda _, number=number: count(number), cause(f"x#{number}.1"))
    assert await snapshots.get("counter:a") is None
    released.set()
    await process.snapshots.settled()
    assert version_of(await root_of(snapshots)) == 5
    assert await process.add(3, 8) == 8


class Dying(MemoryDocuments):
    """Of a process that dies after so many writes."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def _write(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("database")

    async def insert(self, document):
        self._write()
        await super().insert(document)

    async def put(self, document):
        self._write()
        await super().put(document)

    async def remove(self, key):
        self._write()
        await super().remove(key)


# The third snapshot removes what the first named; each takes fewer writes than this.
WRITES = range(3 * 12)


@pytest.mark.parametrize("writes", WRITES)
async def test_a_crash_while_snapshots_are_written_leaves_no_page_behind(writes):
    commits, snapshots = MemoryDocuments(), Dying(writes)
    assert await Process(commits, snapshots).add(*range(1, 4 * EVERY)) == 4 * EVERY - 1
    snapshots.left = 10_000
    assert await Process(commits, snapshots).add(*range(4 * EVERY, 8 * EVERY)) == 8 * EVERY - 1
    await nothing_but_what_is_named(snapshots)
    assert await Process(commits, snapshots).add(1, 2 * EVERY, 8 * EVERY - 1, 8 * EVERY) == 8 * EVERY


async def test_the_crashes_are_at_every_step():
    commits, snapshots = MemoryDocuments(), Dying(10_000)
    await Process(commits, snapshots).add(*range(1, 3 * EVERY + 1))
    assert 10_000 - snapshots.left < len(WRITES)


async def test_a_page_is_announced_however_many_there_are(monkeypatch):
    monkeypatch.setattr("shared.journal.attempts.PAGES_AT_ONCE", 1)
    for writes in WRITES:
        await test_a_crash_while_snapshots_are_written_leaves_no_page_behind(writes)


async def test_more_crashes_than_there_is_room_for_give_up_the_oldest():
    commits, snapshots = MemoryDocuments(), Dying(0)
    process = Process(commits, snapshots)
    for number in range(1, (SLOTS + 3) * EVERY):
        snapshots.left = 2  # the announcement and a page
        await process.add(number)
    assert sum("/begun/" in key for key in snapshots._documents) == SLOTS
    snapshots.left = 10_000
    end = (SLOTS + 6) * EVERY
    assert await process.add(*range((SLOTS + 3) * EVERY, end)) == end - 1
    await nothing_but_what_is_named(snapshots)


async def test_pages_of_a_snapshot_of_another_version_of_the_product_are_removed_too():
    commits, snapshots = await twelve()
    old = {key for key in snapshots._documents if "/" in key}
    await spoilt(snapshots, format="of another version")
    await Process(commits, snapshots).add(*range(13, 12 + 3 * EVERY))
    assert not old & set(snapshots._documents)
    await nothing_but_what_is_named(snapshots)


@pytest.mark.parametrize("head", ["not json", "[]", "{}", '{"handled": 1, "state": {}, "retired": []}'])
async def test_a_snapshot_nobody_can_read_is_written_over(head):
    commits, snapshots = await twelve()
    await spoilt(snapshots, head=head)
    assert await Process(commits, snapshots).add(*range(13, 13 + EVERY)) == 12 + EVERY
    assert (version_of(await root_of(snapshots)) or 0) > 12


async def test_two_processes_build_on_each_others_snapshots_and_leave_no_page_behind():
    commits, snapshots = MemoryDocuments(), MemoryDocuments()
    one, other = Process(commits, snapshots), Process(commits, snapshots)
    for number in range(1, 61):
        await (one if number % 3 else other).add(number)
    await nothing_but_what_is_named(snapshots)
    restarted = Process(commits, snapshots)
    assert await restarted.add(*range(1, 61)) == 60
    assert (await restarted.journal.load("a")).state.total == sum(range(1, 61))


async def test_a_process_whose_pages_were_removed_by_another_reads_the_newer_snapshot():
    commits, snapshots = MemoryDocuments(), MemoryDocuments()
    await Process(commits, snapshots).add(*range(1, 11))
    idle = Process(commits, snapshots)
    await idle.journal.load("a")
    await Process(commits, snapshots).add(*range(11, 61))
    assert await idle.add(1, 10, 60) == 60
