"""Tables: a dictionary that keeps its order, whatever of it is in memory."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.documents import Document, MemoryDocuments
from shared.journal import pages as stored_pages
from shared.journal.codec import decode, encode, format_of
from shared.journal.directory import MAX_PLACE, PLACE_BITS, Run
from shared.journal.pages import PageNeeded
from shared.journal.paging import MAX_ENTRIES, Store, pieces
from shared.journal.table import Table


class Amount(NamedTuple):
    cents: int
    label: str = ""

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Amount":
        cents, label = values
        return cls(cents, label)


EMPTY = Table(Amount)
# Few enough to meet again, more than a page holds; two of them have the same CRC-32.
KEYS = [f"k{number}" for number in range(40)] + ["é\n«", "plumless", "buckeroo"]


class Shelf:
    """Where pages are stored; knows how many were read."""

    def __init__(self) -> None:
        self.documents = MemoryDocuments()
        self.generation = 0
        self.read = 0

    def run(self, coroutine):
        """Memory never waits but for the turn of others."""
        while True:
            try:
                coroutine.send(None)
            except StopIteration as done:
                return done.value

    async def put(self, pages: Sequence[Document]) -> None:
        for page in pages:
            await self.documents.insert(page)

    async def fetch(self, needed: PageNeeded) -> None:
        for name in needed.names:
            self.read += 1
            found = await self.documents.get(f"{needed.prefix}/{name}")
            assert found is not None
            needed.pages.take(name, found)

    def stored(self, table: Table[Any], page_rows: int = 4) -> Table[Any]:
        self.generation += 1
        return self.run(Store(self.put, self.fetch, str(self.generation), page_rows)(table, "t"))

    def ask(self, work):
        while True:
            try:
                return work()
            except PageNeeded as needed:
                self.run(self.fetch(needed))


def restarted(table: Table[Any]) -> Table[Any]:
    """The table as another process finds it: a directory and nothing in memory."""
    return decode(Table[Amount], encode(table))


class TableMachine(RuleBasedStateMachine):
    """Against a dictionary: set, snapshot, restart, and a snapshot that ends after other rows were set."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.table = EMPTY
        self.model = dict[str, Amount]()

    def put(self, key: str, cents: int) -> None:
        self.table = self.shelf.ask(lambda: self.table.set(key, Amount(cents, key)))
        self.model[key] = Amount(cents, key)

    @rule(rows=st.dictionaries(st.sampled_from(KEYS), st.integers(), max_size=12))
    def set_rows(self, rows):
        for key, cents in rows.items():
            self.put(key, cents)

    @rule(rows=st.dictionaries(st.sampled_from(KEYS), st.integers(), max_size=5))
    def set_rows_while_a_snapshot_is_written(self, rows):
        begun = self.table
        stored = self.shelf.stored(begun)
        self.set_rows(rows)
        self.table = self.table.without(begun, stored)
        assert self.table.recent <= len(rows)

    @rule()
    def restart_on_a_snapshot(self):
        self.table = restarted(self.shelf.stored(self.table))

    @rule(skip=st.integers(0, 50), limit=st.integers(0, 50))
    def list_some(self, skip, limit):
        found = self.shelf.ask(lambda: self.table.slice(skip, limit))
        assert found == list(self.model.items())[skip : skip + limit]

    @rule(key=st.sampled_from(KEYS))
    def look_up(self, key):
        assert self.shelf.ask(lambda: self.table.get(key)) == self.model.get(key)
        assert self.shelf.ask(lambda: key in self.table) == (key in self.model)

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=6))
    def look_up_several(self, keys):
        assert self.shelf.ask(lambda: self.table.has_any(keys)) == any(key in self.model for key in keys)

    @invariant()
    def as_many_rows(self):
        assert len(self.table) == len(self.model)

    def teardown(self):
        assert self.shelf.ask(lambda: self.table.items()) == list(self.model.items())
        assert self.shelf.ask(lambda: self.table.values()) == list(self.model.values())


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=60, stateful_step_count=30)


def filled(count: int, first: int = 0, table: Table[Amount] = EMPTY) -> Table[Amount]:
    for number in range(first, first + count):
        table = table.set(f"{number:032x}", Amount(number))
    return table


def test_tables_are_equal_by_content_in_the_same_order_wherever_it_is():
    shelf = Shelf()
    ten = filled(10)
    again = restarted(shelf.stored(ten))
    assert shelf.ask(lambda: again == ten)
    assert ten != filled(9)
    assert ten != ten.set(f"{3:032x}", Amount(4))
    assert EMPTY.set("a", Amount(1)).set("b", Amount(1)) != EMPTY.set("b", Amount(1)).set("a", Amount(1))
    assert EMPTY != {}
    with pytest.raises(TypeError):
        hash(EMPTY)


def test_what_several_keys_need_is_asked_for_at_once():
    shelf = Shelf()
    table = restarted(shelf.stored(filled(2 * MAX_ENTRIES)))
    assert len(table.directory.runs[0].names) > 1
    others = [f"nobody {number}" for number in range(50)]
    with pytest.raises(PageNeeded) as needed:
        table.has_any(others)
    assert set(needed.value.names) == set(table.directory.runs[0].names)
    shelf.run(shelf.fetch(needed.value))
    assert not table.has_any(others)
    assert shelf.ask(lambda: table.has_any([*others, f"{7:032x}"]))


def test_what_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="nobody"):
        _ = EMPTY["nobody"]


# -- what it costs -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_documents(monkeypatch):
    monkeypatch.setattr("shared.journal.paging.MAX_ENTRIES", 16)


@pytest.mark.parametrize("count", [100, 1_000, 10_000])
def test_whether_a_key_is_new_takes_a_handful_of_documents_whatever_the_history(small_documents, count):
    shelf = Shelf()
    table = EMPTY
    for first in range(0, count, 50):
        table = shelf.stored(filled(50, first, table), page_rows=20)
    shelf.read = 0
    fresh = restarted(table)
    assert shelf.ask(lambda: "new" not in fresh)
    assert shelf.read <= 6


def test_one_known_key_among_many_new_ones_is_found_wherever_it_is(small_documents):
    shelf, table = Shelf(), EMPTY
    for first, count in ((0, 400), (400, 80), (480, 15)):
        table = shelf.stored(filled(count, first, table))
    assert [len(run.names) > 1 for run in table.directory.runs] == [True, True, False]
    others = [f"nobody {number}" for number in range(300)]
    again = restarted(table)
    for where in (filled(5, 495, table), restarted(table), shelf.ask(lambda: filled(5, 495, again))):
        assert not shelf.ask(lambda where=where: where.has_any(others))
        for key, _ in shelf.ask(where.items):
            assert shelf.ask(lambda where=where, key=key: where.has_any([*others, key]))


@given(
    starts=st.sets(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1),
    sought=st.lists(st.integers(0, 10)),
)
def test_the_documents_of_many_marks_are_those_of_each(starts, sought):
    firsts = [crc << PLACE_BITS | place for crc, place in sorted(starts)]
    run = Run(tuple(firsts), tuple(str(number) for number in range(len(firsts))), 0)
    marks = sorted(crc << PLACE_BITS for crc in sought)
    spans = [(name, mark) for name, since, until in run.spans(marks) for mark in marks[since:until]]
    assert sorted(spans) == sorted((name, mark) for mark in marks for name in run.around(mark))


def test_a_page_of_a_list_takes_the_pages_it_is_on(small_documents):
    shelf = Shelf()
    table = restarted(shelf.stored(filled(2_000), page_rows=20))
    rows = shelf.ask(lambda: table.slice(1_010, 20))
    assert [row.cents for _, row in rows] == list(range(1_010, 1_030))
    assert shelf.read == 2


def test_a_snapshot_writes_what_is_new_and_not_what_was_stored(small_documents):
    shelf = Shelf()
    table = shelf.stored(filled(5_000), page_rows=20)
    before = set(shelf.documents._documents)
    table = shelf.stored(filled(40, 5_000, table), page_rows=20)
    new = set(shelf.documents._documents) - before
    assert len([name for name in new if "rows" in shelf.documents._documents[name]]) == 2
    assert len(new) == 2 + 40 // 8
    assert len(table) == 5_040


def test_runs_of_an_index_stay_few_and_hold_every_row_once(small_documents):
    shelf = Shelf()
    table = EMPTY
    for first in range(0, 3_000, 30):
        table = shelf.stored(filled(30, first, table), page_rows=20)
        sizes = [run.count for run in table.directory.runs]
        assert all(larger > 4 * smaller for larger, smaller in pairwise(sizes))
    entries = [entry for name in table.directory.names & table.pages.index.keys() for entry in table.pages.index[name]]
    assert sorted(entry & MAX_PLACE for entry in entries) == list(range(3_000))


def test_pieces_hold_what_they_were_cut_from_and_fit_a_document():
    long = EMPTY.new_entries()
    long.extend(range(3 * MAX_ENTRIES + 1))
    short = long[:10]
    cut = list(pieces([short, long]))
    assert all(len(piece) <= MAX_ENTRIES for piece in cut)
    assert [entry for piece in cut for entry in piece] == [*short, *long]


def test_row_pages_leave_memory_and_come_back(monkeypatch):
    monkeypatch.setattr(stored_pages, "MAX_ROW_PAGES", 2)
    shelf = Shelf()
    table = restarted(shelf.stored(filled(100), page_rows=10))
    for number in (5, 95, 45, 5):
        assert shelf.ask(lambda number=number: table.slice(number, 1))[0][1].cents == number
        table.pages.trim()
        assert len(table.pages.rows) <= 2


def test_another_row_is_another_format():
    class Other(NamedTuple):
        cents: int

        @classmethod
        def of(cls, values: Sequence[Any]) -> "Other":
            return cls(values[0])

    assert format_of(Table[Amount]) != format_of(Table[Other])
