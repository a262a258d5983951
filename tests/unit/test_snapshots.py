"""Snapshots: a restart costs what came since, and a bad snapshot costs nothing but time."""

import json
from dataclasses import dataclass
from datetime import date

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.ledger import KIND as LEDGER
from services.envelope.domain.ledger import Ledger
from services.intake.domain import register
from services.intake.domain.register import KIND as REGISTER
from services.intake.domain.register import Register
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit, Journal
from shared.journal.codec import UnknownShape, decode, encode, format_of
from shared.journal.head import Head
from shared.journal.snapshots import Snapshots, text_of, version_of
from tests import facts
from tests.counter import KIND, START, Counter, FixedClock, cause, count
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

        self.journal = Journal(KIND, commits, FixedClock(), on_commit, Snapshots(KIND, snapshots, commits, EVERY))

    async def add(self, *numbers: int) -> int:
        """Returns the version the stream has then."""
        for number in numbers:
            await self.journal.append("a", lambda _, number=number: count(number), cause(f"x#{number}.1"))
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


async def spoilt(snapshots, **changes) -> None:
    (found,) = [one async for one in snapshots.find({})]
    await snapshots.put(found | changes)


def head_with(**changes) -> str:
    head = {"state": {"total": 1, "steps": [1]}, "version": 10, "hash": "f" * 64, "handled": [], "sequences": {}}
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
    monkeypatch.setattr("shared.journal.snapshots.MAX_SNAPSHOT_CHARACTERS", 10)
    _, snapshots = await twelve()
    assert await snapshots.count({}) == 0


async def test_a_snapshot_that_says_something_else_than_the_fold_is_a_fault():
    commits, snapshots = await twelve()
    cache = Snapshots(KIND, snapshots, commits, EVERY)
    (found,) = [one async for one in snapshots.find({})]
    assert version_of(found) == 10
    head = Head(Counter())
    async for document in commits.find({"version": {"$lte": 10}}, sort=[("version", 1)]):
        head.apply(Commit.from_document(document), KIND)
    assert cache.fault(found, head) is None
    assert cache.fault(found | {"head": found["head"].replace('"total":55', '"total":56')}, head)
    assert cache.fault({"_id": "x", "format": "of another version", "head": ""}, head) is None
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
def test_the_ledger_and_the_register_come_back_as_they_were(kind, state):
    text = text_of(Head(state, 3, "h", {"x"}, {"t": 1}))
    assert decode(type(kind.initial), json.loads(text)["state"]) == state


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
