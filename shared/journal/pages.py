"""The documents a table is stored in: pages of rows, by column, and pieces of its index (docs/adr/0018)."""

import base64
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, Self, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json

# Row pages a table keeps in memory between two uses; its index stays, at 8 bytes a row.
MAX_ROW_PAGES = 128
# Little effort: keys are random, and this runs beside decisions.
COMPRESSION = 1


class Row(Protocol):
    """What a table holds: a tuple of JSON values."""

    def __iter__(self) -> Iterator[Any]: ...

    @classmethod
    def of(cls, values: Sequence[Any], /) -> Self: ...


# A page of rows: their keys, then the values of each field.
Columns = Sequence[Sequence[Any]]


class Pages:
    """The documents of one table that are in memory; each is written once, so what is here is right."""

    def __init__(self) -> None:
        self.rows: OrderedDict[str, Columns] = OrderedDict()
        self.index: dict[str, array[int]] = {}

    def take(self, name: str, document: Mapping[str, Any]) -> None:
        """Raises: KeyError, TypeError, ValueError, zlib.error for a document that is no page."""
        if "rows" in document:
            columns: Columns = from_json(unpacked(document["rows"]))
            if len({len(column) for column in columns}) != 1 or not all(isinstance(one, list) for one in columns):
                raise ValueError("columns of one length")
            self.rows[name] = columns
        else:
            self.index[name] = array("Q", unpacked(document["index"]))

    def trim(self) -> None:
        """Forget the row pages not looked at for longest."""
        while len(self.rows) > MAX_ROW_PAGES:
            self.rows.popitem(last=False)

    def keep_only(self, names: frozenset[str]) -> None:
        """Forget what a newer directory does not name."""
        for held in (self.rows, self.index):
            for name in held.keys() - names:
                del held[name]


class PageNeeded(Exception):
    """A table was asked for what is not in memory: its documents `names`, to be taken into `pages`."""

    def __init__(self, pages: Pages, prefix: str, names: Sequence[str]) -> None:
        super().__init__(f"{prefix}: {', '.join(names)}")
        self.pages = pages
        self.prefix = prefix
        self.names = tuple(names)


@cache
def text_of(shape: type[Row]) -> Callable[[Columns], bytes]:
    """How a page of such rows is written, held to their types: finding out each value's own is slow."""
    types = tuple(list[one] for one in (str, *get_type_hints(shape).values()))
    written = TypeAdapter(tuple[types]).serializer.to_json  # pyright: ignore[reportInvalidTypeForm] (made at run time)
    return lambda columns: written(tuple(columns), warnings="error")


def packed(content: bytes, effort: int = COMPRESSION) -> str:
    return base64.b64encode(zlib.compress(content, effort)).decode()


def unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
