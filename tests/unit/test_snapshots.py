"""Snapshots: a restart costs what came since, and a bad snapshot costs nothing but time."""

import asyncio
import json
from dataclasses import dataclass
from datetime import date

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.ledger import KIND as LEDGER
from services.envelope.domain.ledger import Ledger, Standing
from services.intake.domain import register
from services.intake.domain.register import KIND as REGISTER
from services.intake.domain.register import Register
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit, Entry, Journal, StreamKind
from shared.journal.attempts import SLOTS
from shared.journal.codec import UnknownShape, decode, encode, format_of
from shared.journal.commit import GENESIS_HASH, seal
from shared.journal.directory import Directory
from shared.journal.head import HANDLED, Handled, Head
from shared.journal.paging import paged
from shared.journal.snapshots import Snapshots, version_of
from shared.journal.table import PageNeeded, Pages, Table
from tests import facts
from tests.counter import KIND, START, Counted, Counter, FixedClock, cause, count
from tests.unit.envelope.test_ledger import NOW, Book, rules

EVERY = 5


class Counting(MemoryDocuments):
    """Knows how many documents were read."""

    read = 0

    async def get(self, key):
        self.read += 1
        return await super().get(key)

    async def find(self, query, *, sort=(), skip=0, limit=0):
        async for document in super().find(query, sort=sort, skip=skip, limit=limit):
            self.read += 1
            yield document


class Process:
    """A journal with snapshots, as one process has it."""

    def __init__(self, commits, snapshots, seen=None) -> None:
        async def on_commit(commit, _) -> None:
            if seen is not None:
                seen.append(commit)

        self.snapshots = Snapshots(KIND, snapshots, commits, EVERY, page_rows=2)
        self.journal = Journal(KIND, commits, FixedClock(), on_commit, self.snapshots)

    async def add(self, *numbers: int) -> int:
        """Returns the version the stream has then; what was to be stored by then is."""
        for number in numbers:
            await self.journal.append("a", lambda _, number=number: count(number), cause(f"x#{number}.1"))
            await self.snapshots.settled()
        return (await self.journal.load("a")).version


async def twelve() -> tuple[Counting, MemoryDocuments]:
    commits, snapshots = Counting(), MemoryDocuments()
    await Process(commits, snapshots).add(*range(1, 13))
    commits.read = 0
    return commits, snapshots


async def test_a_restart_reads_only_what_came_after_the_snapshot():
    commits, snapshots = await twelve()
    loaded = await Process(commits, snapshots).journal.load("a")
    assert (loaded.version, loaded.state.total) == (12, sum(range(1, 13)))
    assert commits.read <= 4  # the snapshot's own commit, two newer ones, and nothing after them


async def test_what_was_handled_before_the_snapshot_is_not_handled_again():
    commits, snapshots = await twelve()
    assert (await Process(commits, snapshots).add(3, 12)) == 12


async def test_sequences_go_on_without_a_gap():
    commits, snapshots = await twelve()
    seen = []
    await Process(commits, snapshots, seen).add(13)
    assert json.loads(seen[0].sequences) == {"intake.dossier.v1": 12}


async def root_of(snapshots) -> dict:
    found = await snapshots.get("counter:a")
    assert found is not None
    return found


async def spoilt(snapshots, **changes) -> None:
    await snapshots.put(await root_of(snapshots) | changes)


def head_with(**changes) -> str:
    head = {"state": {"total": 1, "steps": [1]}, "version": 10, "hash": "f" * 64, "sequences": {}}
    head |= {"handled": Directory("counter:a/handled").described(), "generation": "10-x", "retired": []}
    return json.dumps(head | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "of another version"},
        {"head": "not json"},
        {"head": "{}"},
        {"head": head_with(state={"total": "many", "steps": []})},
        {"head": head_with()},  # not the hash of this journal's commit
        {"head": head_with(version=99)},
    ],
)
async def test_a_snapshot_that_is_wrong_is_ignored_and_the_stream_folded(changes):
    commits, snapshots = await twelve()
    await spoilt(snapshots, **changes)
    assert (await Process(commits, snapshots).journal.load("a")).state.total == sum(range(1, 13))


async def test_without_snapshots_the_stream_is_folded():
    commits, _ = await twelve()
    assert (await Process(commits, MemoryDocuments()).journal.load("a")).version == 12


async def test_an_outage_of_the_snapshots_costs_no_append():
    class Down(MemoryDocuments):
        async def put(self, document):
            raise Unavailable("database")

    assert (await Process(MemoryDocuments(), Down()).add(*range(1, 11))) == 10


async def test_a_snapshot_too_large_to_store_is_not_stored(monkeypatch):
    monkeypatch.setattr("shared.journal.snapshots.MAX_LIVE_CHARACTERS", 10)
    _, snapshots = await twelve()
    assert await snapshots.count({}) == 0


async def test_a_snapshot_that_says_something_else_than_the_fold_is_a_fault():
    commits, snapshots = await twelve()
    cache = Snapshots(KIND, snapshots, commits, EVERY)
    found, pages = await root_of(snapshots), snapshots._documents
    assert version_of(found) == 10
    head = Head(Counter())
    async for document in commits.find({"version": {"$lte": 10}}, sort=[("version", 1)]):
        head.apply(Commit.from_document(document), KIND)
    assert cache.fault(found, pages, head) is None
    assert cache.fault(found | {"head": found["head"].replace('"total":55', '"total":56')}, pages, head)
    assert cache.fault({"_id": "x", "format": "of another version", "head": ""}, pages, head) is None
    assert cache.fault(found, {}, head) is None
    assert version_of({"head": "[]"}) is None


def ledger() -> Ledger:
    book = Book()
    for number, (name, amount) in enumerate([("a", 600), ("b", 300), ("c", 500), ("d", 20)], start=1):
        book.submit(name, number, amount)
    book.submit("f", 6, 10)
    book.release("z")
    book.do(decisions.commit, "a", NOW)
    book.do(decisions.adopt, rules(2_000, 2, effective_at=START.replace(year=2030)), NOW)
    return book.ledger


def deposits() -> Register:
    content = register.Content(
        facts.submitted().bailleur,
        facts.submitted().operation,
        facts.submitted().loans,
        facts.submitted().financing,
        (),
    )
    state = Register()
    for name in ("a", "b"):
        for event in register.deposit(state, "c", name, content, NOW):
            state = state.fold(event)
    return state


@pytest.mark.parametrize(("kind", "state"), [(LEDGER, ledger()), (REGISTER, deposits()), (LEDGER, Ledger())])
async def test_the_ledger_and_the_register_come_back_as_they_were(kind, state):
    documents, commits = MemoryDocuments(), MemoryDocuments()
    await commits.insert({"_id": f"{kind.name}:c#3", "hash": "h"})
    before = Head(state, 3, "h", Table(Handled).set("x", HANDLED), {"t": 1})
    writing, reading = (Snapshots(kind, documents, commits, 3, page_rows=2) for _ in range(2))
    await writing.keep(before, "c")
    await writing.settled()
    after = Head(kind.initial)
    await reading.restore(after, "c")
    assert await paged(lambda: after.state == state, reading.fetch)
    assert await paged(lambda: after.handled == before.handled, reading.fetch)
    assert (after.version, after.hash, after.sequences) == (3, "h", {"t": 1})


# -- tables in a state -------------------------------------------------------------------------------------------


class Opened:
    """A ledger as one process has it, its pages of two rows."""

    def __init__(self, commits, snapshots) -> None:
        async def on_commit(*_) -> None:
            """No view, no relay."""

        self.snapshots = Snapshots(LEDGER, snapshots, commits, EVERY, page_rows=2)
        self.journal = Journal(LEDGER, commits, FixedClock(), on_commit, self.snapshots)

    async def do(self, decide, *arguments) -> Ledger:
        done = await self.journal.append("c", lambda ledger: decide(ledger, *arguments, NOW), cause())
        await self.snapshots.settled()
        return done.state

    async def standing(self, name: str) -> Standing:
        return await self.journal.read("c", lambda ledger: ledger.reservations[name].standing)


async def decided(count: int) -> tuple[Counting, Counting]:
    """A ledger that reserved for `count` dossiers, named by their numbers."""
    commits, snapshots = Counting(), Counting()
    process = Opened(commits, snapshots)
    await process.do(decisions.adopt, rules(10**9))
    for number in range(1, count + 1):
        await process.do(decisions.submit, str(number), number, 10)
    commits.read = snapshots.read = 0
    return commits, snapshots


async def folded_from(commits) -> Ledger:
    head = Head(LEDGER.initial)
    async for document in commits.find({}, sort=[("version", 1)]):
        head.apply(Commit.from_document(document), LEDGER)
    return head.state


async def test_what_is_decided_on_pages_is_what_is_decided_on_the_whole_fold():
    commits, snapshots = await decided(60)
    process = Opened(commits, snapshots)
    for number in (3, 58, 31, 3, 44):
        await process.do(decisions.commit, str(number))
    for number in (44, 7):
        await process.do(decisions.release, str(number), "DossierWithdrawn")
    await process.do(decisions.submit, "61", 61, 10)
    whole = await folded_from(commits)
    assert await process.journal.read("c", lambda ledger: ledger == whole)
    assert await process.standing("44") is Standing.RELEASED
    assert (whole.reserved_cents, whole.committed_cents) == (560, 30)


async def test_a_restart_reads_as_many_documents_whatever_the_history():
    counted = []
    for length in (40, 80, 400):
        commits, snapshots = await decided(length)
        await Opened(commits, snapshots).do(decisions.submit, "new", length + 1, 10)
        counted.append(commits.read + snapshots.read)
    assert max(counted) <= 20


async def test_a_page_of_the_list_reads_the_pages_it_is_on():
    commits, snapshots = await decided(200)
    process = Opened(commits, snapshots)
    await process.journal.load("c")
    snapshots.read = 0
    rows = await process.journal.read("c", lambda ledger: ledger.reservations.slice(100, 10))
    assert [line.number for _, line in rows] == list(range(101, 111))
    assert snapshots.read == 5


async def test_memory_holds_what_is_new_and_not_the_history():
    commits, snapshots = await decided(200)
    state = (await Opened(commits, snapshots).journal.load("c")).state
    assert len(state.reservations) == 200
    assert state.reservations.recent <= EVERY


@pytest.mark.parametrize("kind", ["rows", "index"])
async def test_a_lost_page_of_the_ledger_is_folded_anew_whoever_needs_it(kind):
    for ask in (
        lambda process: process.do(decisions.commit, "3"),
        lambda process: process.standing("3"),
    ):
        commits, snapshots = await decided(20)
        process = Opened(commits, snapshots)
        await process.journal.load("c")
        for key in [key for key, one in snapshots._documents.items() if kind in one and "/reservations/" in key]:
            await snapshots.remove(key)
        await ask(process)
        whole = await folded_from(commits)
        assert await process.journal.read("c", lambda ledger, whole=whole: ledger == whole)


# -- while others write ------------------------------------------------------------------------------------------


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


async def nothing_but_what_is_named(snapshots) -> None:
    held = json.loads((await root_of(snapshots))["head"])
    named = {f"counter:a/handled/{name}" for name in Directory.of(held["handled"]).names}
    assert set(snapshots._documents) <= {"counter:a"} | named | set(held["retired"])


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


# -- pages that are wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rows", "index"])
@pytest.mark.parametrize("damage", [None, {}, {"rows": "bm90IGEgcGFnZQ=="}, {"index": "?"}])
async def test_a_page_that_is_missing_or_damaged_is_not_missed(kind, damage):
    commits, snapshots = await twelve()
    for key in [key for key, document in snapshots._documents.items() if kind in document]:
        await (snapshots.remove(key) if damage is None else snapshots.put({"_id": key} | damage))
    process = Process(commits, snapshots)
    assert await process.add(1, 10, 12) == 12
    assert await snapshots.get("counter:a") is not None  # the fold was stored anew
    assert await Process(commits, snapshots).add(1, 10, 12, 13) == 13


async def test_an_outage_while_a_page_is_read_decides_nothing():
    class Flaky(MemoryDocuments):
        down = False

        async def get(self, key):
            if self.down and "/" in key:
                raise Unavailable("database")
            return await super().get(key)

    commits, snapshots = MemoryDocuments(), Flaky()
    await Process(commits, snapshots).add(*range(1, 13))
    snapshots.down = True
    restarted = Process(commits, snapshots)
    with pytest.raises(Unavailable):
        await restarted.add(3)
    snapshots.down = False
    assert await restarted.add(3, 13) == 13


# -- shapes ------------------------------------------------------------------------------------------------------


def test_another_shape_is_another_format():
    @dataclass(frozen=True)
    class Counter:  # the same name with one field more
        total: int = 0
        steps: tuple[int, ...] = ()
        more: bool = False

    assert len({format_of(shape) for shape in (Counter, type(KIND.initial), Ledger, Register)}) == 4


def test_a_shape_the_codec_does_not_know_is_said():
    with pytest.raises(UnknownShape):
        encode(date(2024, 1, 1))
    with pytest.raises(UnknownShape):
        decode(date, "2024-01-01")


def test_a_commit_that_needs_a_page_an_event_folds_each_event_twice_and_no_oftener():
    looked: list[int] = []

    class Paging:
        """Each event needs a page of its own, which is there when it is asked for again."""

        def fold(self, event: Counted) -> "Paging":
            looked.append(event.amount)
            if looked.count(event.amount) == 1:
                raise PageNeeded(Pages(), "p", [str(event.amount)])
            return self

    events = [event for number in range(50) for event in count(number)]
    commit = seal("counter:a", 1, GENESIS_HASH, [Entry(cause(), tuple(events))], {}, START)
    head = Head(Paging())
    needed = [one.names for one in head.applying(commit, StreamKind("counter", Paging()))]
    assert head.version == 1
    assert len(needed) == 49  # the first came while the commit was tried as a whole
    assert len(looked) == 2 * len(events)
