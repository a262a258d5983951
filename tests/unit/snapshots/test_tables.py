"""Tables in a state come back by pages, read as they are needed, and folded anew where one is lost."""

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.ledger import KIND as LEDGER
from services.envelope.domain.ledger import Ledger, Standing
from services.intake.domain import register
from services.intake.domain.register import KIND as REGISTER
from services.intake.domain.register import Register
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.head import HANDLED, Handled, Head
from shared.journal.pages import packed
from shared.journal.paging import paged
from shared.journal.snapshots import Snapshots
from shared.journal.table import Table
from tests import facts
from tests.counter import START
from tests.unit.envelope.book import NOW, Book, rules
from tests.unit.snapshots.processes import EVERY, Opened, Process, decided, folded_from, twelve


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


# -- pages that are wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rows", "index"])
@pytest.mark.parametrize(
    "damage",
    [
        None,
        {},
        {"rows": "bm90IGEgcGFnZQ=="},
        {"rows": packed(b"[")},
        {"rows": packed(b"[1]")},
        {"rows": packed(b'["a key"]')},
        {"rows": packed(b'[["a","b"],[1]]')},
        {"rows": None},
        {"index": "?"},
    ],
)
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
