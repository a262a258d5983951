"""Processes that keep snapshots in memory: of a stream that counts, and of a ledger."""

import json

from services.envelope.domain import decisions
from services.envelope.domain.ledger import KIND as LEDGER
from services.envelope.domain.ledger import Ledger, Standing
from shared.documents import MemoryDocuments
from shared.journal import Commit, Journal
from shared.journal.directory import Directory
from shared.journal.head import Head
from shared.journal.snapshots import Snapshots
from tests.counter import KIND, FixedClock, cause, count
from tests.unit.envelope.book import NOW, rules

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


async def root_of(snapshots) -> dict:
    found = await snapshots.get("counter:a")
    assert found is not None
    return found


async def spoilt(snapshots, **changes) -> None:
    await snapshots.put(await root_of(snapshots) | changes)


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


async def nothing_but_what_is_named(snapshots) -> None:
    held = json.loads((await root_of(snapshots))["head"])
    named = {f"counter:a/handled/{name}" for name in Directory.of(held["handled"]).names}
    assert set(snapshots._documents) <= {"counter:a"} | named | set(held["retired"])
