"""Where the rows of a table are stored, and the index of their keys (docs/adr/0018)."""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Rows in one document: some 100 KB of text before it is compressed.
PAGE_ROWS = 1_024
PLACE_BITS = 32
MAX_PLACE = (1 << PLACE_BITS) - 1
# Above every entry.
END = 1 << 2 * PLACE_BITS


def mark_of(key: str) -> int:
    """Where a key stands in an index: 32 bits of it above, its row's place below."""
    return zlib.crc32(key.encode()) << PLACE_BITS


def marks_of(keys: Iterable[str]) -> list[int]:
    """The same for many."""
    return [zlib.crc32(key.encode()) << PLACE_BITS for key in keys]


@dataclass(frozen=True, slots=True)
class Run:
    """Some of the index: sorted entries, in documents; `firsts` are the first entry of each."""

    firsts: tuple[int, ...]
    names: tuple[str, ...]
    count: int

    def around(self, mark: int) -> tuple[str, ...]:
        """The documents that may hold entries of a mark: one, or two that meet there."""
        firsts, last = self.firsts, mark | MAX_PLACE
        after = bisect_right(firsts, mark)
        if after < len(firsts) and firsts[after] <= last:
            return self.names[max(after - 1, 0) : bisect_right(firsts, last)]
        return self.names[after - 1 : after]

    def spans(self, marks: Sequence[int]) -> Iterator[tuple[str, int, int]]:
        """The documents that may hold entries of these marks, which are sorted, and which marks: from, to."""
        for name, first, end in zip(self.names, self.firsts, (*self.firsts[1:], END), strict=True):
            since, until = bisect_left(marks, first - MAX_PLACE), bisect_left(marks, end)
            if since < until:
                yield name, since, until


@dataclass(frozen=True, slots=True)
class Directory:
    """Which documents hold the first `count` rows: pages of `page_rows` in their order, and runs of the index.

    A document's `_id` is `{prefix}/{name}`.
    """

    prefix: str = ""
    count: int = 0
    page_rows: int = PAGE_ROWS
    rows: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every document of the table."""
        return frozenset(self.rows).union(*[run.names for run in self.runs])

    def described(self) -> dict[str, Any]:
        runs = [[list(run.firsts), list(run.names), run.count] for run in self.runs]
        told = {"prefix": self.prefix, "count": self.count, "page_rows": self.page_rows}
        return told | {"rows": list(self.rows), "runs": runs}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Directory":
        runs = tuple(Run(tuple(firsts), tuple(names), count) for firsts, names, count in described["runs"])
        prefix, count, page_rows = described["prefix"], described["count"], described["page_rows"]
        return cls(prefix, count, page_rows, tuple(described["rows"]), runs)
