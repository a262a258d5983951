"""A mapping that only grows, kept in pages beside the journal: what a state knows of a million dossiers, of which a
decision looks at one (docs/adr/0018).

Rows keep the order they were first set in. What changed since the last snapshot is in memory; what was stored is read
when it is looked at: a page that is not there raises PageNeeded, whoever may read loads it and asks again. Every
method only reads, so asking again is harmless.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from immutables import Map

from shared.journal.directory import MAX_PLACE, Directory, mark_of, marks_of
from shared.journal.pages import Columns, PageNeeded, Pages, Row

V = TypeVar("V", bound=Row)


class _Grown(Generic[V]):
    """Rows from place `first` on, shared by tables that came one from the other: each looks at those below its count.
    Only the one that has them all adds to them; another goes on with a copy.
    """

    __slots__ = ("first", "places", "rows")

    def __init__(self, first: int, rows: list[tuple[str, V]]) -> None:
        self.first = first
        self.rows = rows
        self.places = {key: place for place, (key, _) in enumerate(rows, start=first)}

    def until(self, count: int) -> "_Grown[V]":
        """These rows, to be added to from place `count` on."""
        if self.first + len(self.rows) == count > self.first:
            return self
        return _Grown(self.first, self.rows[: count - self.first])


@dataclass(slots=True, eq=False)
class Table(Generic[V]):
    """In memory are the rows that are not stored yet, `grown`, and by place those `changed` since they came.

    Nobody changes a table: each step makes a new one.
    """

    shape: type[V]
    changed: Map[int, tuple[str, V]] = field(default_factory=Map)
    grown: _Grown[V] = field(default_factory=lambda: _Grown(0, []))
    count: int = 0
    directory: Directory = field(default_factory=Directory)
    pages: Pages = field(default_factory=Pages)

    def __len__(self) -> int:
        return self.count

    def __contains__(self, key: str) -> bool:
        return self.place(key) is not None

    def __getitem__(self, key: str) -> V:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def has_any(self, keys: Collection[str]) -> bool:
        """Whether any of these is here; what all of them need is asked for at once."""
        place, needed = self.place, dict[str, None]()
        for key in self._perhaps(keys):
            try:
                if place(key) is not None:
                    return True
            except PageNeeded as missing:
                needed |= dict.fromkeys(missing.names)
        if needed:
            raise PageNeeded(self.pages, self.directory.prefix, tuple(needed))
        return False

    def get(self, key: str) -> V | None:
        place = self.place(key)
        return None if place is None else self._at(place)[1]

    def set(self, key: str, value: V) -> "Table[V]":
        """The table with one row more, or one changed."""
        place = self.place(key)
        if place is None:
            return self.add(key, value)
        return self._with(self.changed.set(place, (key, value)), self.grown, self.count)

    def add(self, key: str, value: V) -> "Table[V]":
        """The table with a row more. Whoever decided on it looked: what is stored is not looked through again."""
        grown = self.grown.until(self.count)
        assert key not in grown.places, "a key is added once"
        assert self.count < MAX_PLACE, "a place has 32 bits"
        grown.places[key] = self.count
        grown.rows.append((key, value))
        return self._with(self.changed, grown, self.count + 1)

    def add_all(self, rows: Mapping[str, V]) -> "Table[V]":
        """The same for many."""
        grown, count = self.grown.until(self.count), self.count + len(rows)
        assert rows.keys().isdisjoint(grown.places.keys()), "a key is added once"
        assert count <= MAX_PLACE, "a place has 32 bits"
        grown.places.update(zip(rows, range(self.count, count), strict=True))
        grown.rows += rows.items()
        return self._with(self.changed, grown, count)

    @property
    def recent(self) -> int:
        """Rows in memory whatever their pages."""
        return len(self.changed) + max(self.count - self.grown.first, 0)

    def slice(self, skip: int, limit: int) -> list[tuple[str, V]]:
        """At most `limit` rows in the order of their keys' first coming, without the first `skip`."""
        places = range(min(skip, self.count), min(skip + limit, self.count))
        stored = [place for place in places if self._in_memory(place) is None]
        self._require(dict.fromkeys(self.directory.rows[place // self.directory.page_rows] for place in stored))
        return [self._at(place) for place in places]

    def items(self) -> list[tuple[str, V]]:
        """Every row, which takes every page: for audits and tests."""
        return self.slice(0, self.count)

    def values(self) -> list[V]:
        return [value for _, value in self.items()]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.count == other.count and self.items() == other.items()

    __hash__ = None  # pyright: ignore[reportAssignmentType]  (equal by content, which may have to be read)

    def place(self, key: str) -> int | None:
        """Where a key's row is; None when the table does not have it."""
        found = self.grown.places.get(key)
        if found is not None and found < self.count:
            return found
        if not self.directory.count:
            return None
        mark = mark_of(key)
        last, index = mark | MAX_PLACE, self.pages.index
        missing: list[str] = []
        places: list[int] = []
        for run in self.directory.runs:
            for name in run.around(mark):
                entries = index.get(name)
                if entries is None:
                    missing.append(name)
                    continue
                at = bisect_left(entries, mark)
                while at < len(entries) and entries[at] <= last:
                    places.append(entries[at] & MAX_PLACE)
                    at += 1
        if missing:
            raise PageNeeded(self.pages, self.directory.prefix, missing)
        return next((place for place in places if self._at(place)[0] == key), None) if places else None

    def _perhaps(self, keys: Collection[str]) -> list[str]:
        """Those that have to be looked for: one way along a sorted index is shorter than a search a key."""
        grown, marks = self.grown.places, marks_of(keys) if self.directory.count else []
        if not marks:
            return [key for key in keys if key in grown]
        there, sought = set[int](), sorted(marks)
        for run in self.directory.runs:
            for name, since, until in run.spans(sought):
                entries, at = self.pages.index.get(name), 0
                if entries is None:
                    there.update(sought[since:until])
                    continue
                for mark in sought[since:until]:
                    at = bisect_left(entries, mark, at)
                    if at == len(entries):
                        break
                    if entries[at] - mark <= MAX_PLACE:
                        there.add(mark)
        if not there and grown.keys().isdisjoint(keys):
            return []
        return [key for key, mark in zip(keys, marks, strict=True) if mark in there or key in grown]

    def _at(self, place: int) -> tuple[str, V]:
        row = self._in_memory(place)
        if row is not None:
            return row
        number, line = divmod(place, self.directory.page_rows)
        return self._read(self._page(number), line)

    def _read(self, page: Columns, line: int) -> tuple[str, V]:
        key, *values = [column[line] for column in page]
        return key, self.shape.of(values)

    def _in_memory(self, place: int) -> tuple[str, V] | None:
        changed = self.changed.get(place)
        if changed is None and place >= self.grown.first:
            return self.grown.rows[place - self.grown.first]
        return changed

    def _page(self, number: int) -> Columns:
        name = self.directory.rows[number]
        self._require((name,))
        self.pages.rows.move_to_end(name)
        return self.pages.rows[name]

    def _require(self, names: Iterable[str]) -> None:
        missing = [name for name in names if name not in self.pages.rows]
        if missing:
            raise PageNeeded(self.pages, self.directory.prefix, missing)

    def _with(self, changed: Map[int, tuple[str, V]], grown: _Grown[V], count: int) -> "Table[V]":
        return Table(self.shape, changed, grown, count, self.directory, self.pages)

    # -- what a snapshot needs (shared/journal/paging.py) ------------------------------------------------------

    @classmethod
    def stored(cls, shape: type[V], directory: Directory, pages: Pages) -> "Table[V]":
        """Nothing but what the directory says."""
        grown = _Grown[V](directory.count, [])
        return cls(shape, grown=grown, count=directory.count, directory=directory, pages=pages)

    def changed_pages(self) -> list[int]:
        size = self.directory.page_rows
        grown = range(self.directory.count // size, -(-self.count // size)) if self.count > self.directory.count else ()
        return sorted({*grown, *[place // size for place in self.changed]})

    def columns(self, number: int) -> Columns:
        """A page as it is stored."""
        first = number * self.directory.page_rows
        end = min(first + self.directory.page_rows, self.count)
        known = range(first, end) if self.changed else range(first, min(self.grown.first, end))
        found = [self._in_memory(place) for place in known]
        found += self.grown.rows[first + len(found) - self.grown.first : end - self.grown.first]
        old = self._page(number) if None in found else []
        rows = [self._read(old, line) if row is None else row for line, row in enumerate(found)]
        keys, values = zip(*rows, strict=True)
        return [list(keys), *map(list, zip(*values, strict=True))]

    def new_entries(self) -> "array[int]":
        """The index of what the directory does not have yet."""
        stored, first = self.directory.count, self.grown.first
        marks = marks_of(key for key, _ in self.grown.rows[stored - first : self.count - first])
        return array("Q", sorted([mark | place for place, mark in enumerate(marks, start=stored)]))

    def over(self, directory: Directory, pages: Pages) -> "Table[V]":
        """The same rows over what somebody stored since; it holds nothing this table does not have."""
        return Table(self.shape, self.changed, self.grown, self.count, directory, pages)

    def without(self, kept: "Table[V]", base: "Table[V]") -> "Table[V]":
        """The same rows over `base`, in which `kept`, an earlier state of this table, was stored wholly."""
        changed = {place: row for place, row in self.changed.items() if kept.changed.get(place) is not row}
        first = self.grown.first
        rows = self.grown.rows[base.count - first : self.count - first]
        return Table(self.shape, Map(changed), _Grown(base.count, rows), self.count, base.directory, base.pages)
