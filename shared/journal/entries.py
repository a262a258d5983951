"""What a commit says, as JSON text (docs/adr/0019).

A list of decisions, each `{"cause", "events"}`. Decisions of one event that are alike and follow each other are written
by column instead: `{"alike": how many, "cause", "type", "data"}`, where each field is the list of its values, or one
value that all of them have. A batch of a thousand is read as a few lists.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby, islice, repeat
from json.encoder import encode_basestring as quoted
from types import NoneType
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from shared.events import Cause, Event, decode_all, event_class

# Fewer are not worth a form of their own; more are written in several pieces, so that what two columns repeat of each
# other stays within what zlib looks back (32 KB).
MIN_ALIKE = 8
MAX_ALIKE = 256
# Types of which equal values are the same text.
PLAIN = (str, int, datetime, NoneType)

Columns = Mapping[str, Sequence[Any]]


class Entry(NamedTuple):
    """One decision inside a commit: its events and why they were decided."""

    cause: Cause
    events: tuple[Event, ...]


class Alike(NamedTuple):
    """Events of one class that follow each other, by column as they are written."""

    cls: type[Event]
    many: int
    written: Columns

    def events(self) -> list[Event]:
        """Each by itself. Raises: ValueError."""
        return decode_all([{"type": self.cls.__name__, "data": row} for row in rows(self.written, self.many)])

    def columns(self, *names: str) -> Columns:
        """The values of these fields, validated, in the order of the events. Raises: ValueError."""
        valid = _by_column(self.cls, names).validate_python(self.written, extra="ignore")
        for name in names:
            if name not in valid:
                valid[name] = [_default(self.cls, name)]
        return {name: spread(column, self.many) for name, column in valid.items()}


def _default(cls: type[Event], name: str) -> Any:
    """What a field is that an older version did not write. Raises: ValueError."""
    field = cls.model_fields[name]
    if field.is_required():
        raise ValueError(f"{cls.__name__} without {name}")
    return field.get_default(call_default_factory=True)


Piece = Event | Alike


class Said(NamedTuple):
    """What a fold needs of a commit: its events, and the ids of those it answers."""

    pieces: Sequence[Piece]
    causes: Sequence[str]

    def counts(self) -> Mapping[type[Event], int]:
        """How many events of which class."""
        counted = Counter[Any](map(type, self.pieces))
        if counted.pop(Alike, 0):
            for piece in self.pieces:
                if isinstance(piece, Alike):
                    counted[piece.cls] += piece.many
        return counted


def encoded(entries: Sequence[Entry]) -> str:
    """JSON: what is absent is left out, fields come in the order their classes declare them."""
    texts = list[str]()
    for cls, run in groupby(entries, key=_alike):
        while piece := list(islice(run, MAX_ALIKE)):
            if cls is None or len(piece) < MIN_ALIKE:
                texts += map(_one, piece)
            else:
                texts.append(_many(cls[0], piece))
    return f"[{','.join(texts)}]"


def decoded(text: str) -> tuple[Entry, ...]:
    """The decisions. Raises: KeyError for an event type this version does not know, ValueError."""
    entries = list[Entry]()
    for item in from_json(text):
        if "alike" in item:
            piece, causes = _read_alike(item), rows(item["cause"], item["alike"])
            told = zip(causes, piece.events(), strict=True)
            entries += [Entry(Cause(**said), (event,)) for said, event in told]
        else:
            entries.append(Entry(Cause(**item["cause"]), tuple(decode_all(item["events"]))))
    return tuple(entries)


def said(text: str) -> Said:
    """As `decoded`, for a fold: what is alike stays together. Raises: KeyError, ValueError."""
    pieces, causes = list[Piece](), list[str | None]()
    for item in from_json(text):
        if "alike" in item:
            pieces.append(_read_alike(item))
            causes += spread(item["cause"].get("causation", [None]), item["alike"])
        else:
            pieces += decode_all(item["events"])
            causes.append(item["cause"].get("causation"))
    return Said(pieces, [cause for cause in causes if cause is not None])


def said_of(entries: Sequence[Entry]) -> Said:
    """The same of what this process wrote."""
    causes = [entry.cause.causation for entry in entries if entry.cause.causation is not None]
    return Said([event for entry in entries for event in entry.events], causes)


def size(text: str) -> int:
    """How many events; without decoding them: whoever counts need not know every service's."""
    return sum(item["alike"] if "alike" in item else len(item["events"]) for item in from_json(text))


def rows(columns: Columns, count: int) -> list[dict[str, Any]]:
    """Columns as rows. Raises: ValueError when one is not as long as it should be."""
    names = tuple(columns)
    whole = [spread(column, count) for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*whole, strict=True)]


def spread(column: Sequence[Any], count: int) -> Sequence[Any]:
    """A column's values, one an event. Raises: ValueError."""
    if len(column) == 1:
        return list(repeat(column[0], count))
    if len(column) != count:
        raise ValueError(f"a column of {len(column)} for {count}")
    return column


def _alike(entry: Entry) -> "tuple[type[Event], bool, bool] | None":
    """What entries have in common that are written together; None for one that stands alone."""
    cause, events = entry
    if len(events) != 1 or not _has_fields(type(events[0])):
        return None
    return type(events[0]), cause.causation is None, cause.traceparent is None


@cache
def _has_fields(cls: type[Event]) -> bool:
    return bool(cls.model_fields)


def _one(entry: Entry) -> str:
    told = zip(Cause._fields, entry.cause, strict=True)
    cause = ",".join([f'"{name}":{quoted(value)}' for name, value in told if value is not None])
    events = ",".join(f'{{"type":"{type(event).__name__}","data":{event.model_dump_json()}}}' for event in entry.events)
    return f'{{"cause":{{{cause}}},"events":[{events}]}}'


def _many(cls: type[Event], entries: Sequence[Entry]) -> str:
    told = zip(Cause._fields, zip(*[entry.cause for entry in entries], strict=True), strict=True)
    cause = to_json({name: _once(values) for name, values in told if values[0] is not None}).decode()
    values = [entry.events[0].__dict__ for entry in entries]
    columns = {name: _once([one[name] for one in values]) for name in cls.model_fields}
    data = _by_column(cls, tuple(cls.model_fields)).dump_json(columns).decode()
    return f'{{"alike":{len(entries)},"cause":{cause},"type":"{cls.__name__}","data":{data}}}'


def _once(column: Sequence[Any]) -> Sequence[Any]:
    """A column, or its one value."""
    first = column[0]
    kind = type(first)
    equal = kind in PLAIN and column[-1] == first and column.count(first) == len(column)
    return [first] if equal and set(map(type, column)) == {kind} else list(column)


def _read_alike(item: Mapping[str, Any]) -> Alike:
    cls, count, data = event_class(item["type"]), item["alike"], item["data"]
    if cls is None:
        raise KeyError(item["type"])
    if not (type(count) is int and count > 1 and data):
        raise ValueError("columns without rows")
    return Alike(cls, count, data)


@cache
def _by_column(cls: type[Event], names: tuple[str, ...]) -> TypeAdapter[Any]:
    """Lists of the values of these fields, held to what the field is held to."""
    fields = {name: list[cls.model_fields[name].rebuild_annotation()] for name in names}
    return TypeAdapter(TypedDict(cls.__name__, fields, total=False))  # pyright: ignore (made at run time)
