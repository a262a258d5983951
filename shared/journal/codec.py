"""States as JSON values and back, by their types: what snapshots are written in.

Knows what states are made of: dataclasses, pydantic models, enums, moments, tuples, optional values, immutable maps,
and tables, of which it says where their pages are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from immutables import Map
from pydantic import BaseModel

from shared.journal.directory import Directory
from shared.journal.pages import Pages
from shared.journal.table import Table


class UnknownShape(TypeError):
    """A type no snapshot can hold: give it a case here."""


def encode(value: Any) -> Any:
    """A JSON value. Raises: UnknownShape."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case datetime():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json")
        case Map():
            # In an order of its own: the same map is the same text, whatever its history.
            return sorted(([encode(key), encode(one)] for key, one in value.items()), key=lambda pair: pair[0])
        case Table():
            assert value.recent == 0, "a table is stored before its state is"
            return value.directory.described()
        case tuple() if not hasattr(value, "_fields"):
            return [encode(one) for one in value]
    if is_dataclass(value) or isinstance(value, tuple):
        return {name: encode(getattr(value, name)) for name in names_of(value)}
    raise UnknownShape(type(value).__name__)


def decode(shape: Any, value: Any) -> Any:
    """The value of a type from its JSON value. Raises: UnknownShape; TypeError, ValueError, KeyError on a misfit."""
    origin, inner = get_origin(shape), get_args(shape)
    if origin in (Union, UnionType):
        (only,) = [one for one in inner if one is not NoneType]
        return None if value is None else decode(only, value)
    if origin is Map:
        return Map({decode(inner[0], key): decode(inner[1], one) for key, one in value})
    if origin is Table:
        return Table.stored(inner[0], Directory.of(value), Pages())
    if origin is tuple:
        return tuple(decode(inner[0], one) for one in value)
    if issubclass(shape, BaseModel):
        return shape.model_validate(value)
    if _is_record(shape):
        hints = get_type_hints(shape)
        return shape(**{name: decode(hints[name], value[name]) for name in names_of(shape)})
    if issubclass(shape, datetime):
        return datetime.fromisoformat(value)
    if issubclass(shape, Enum):
        return shape(value)
    if shape in (bool, int, str) and type(value) is shape:
        return value
    raise UnknownShape(f"{shape!r} from {type(value).__name__}")


def _is_record(shape: Any) -> bool:
    """A dataclass or a named tuple."""
    return isinstance(shape, type) and (is_dataclass(shape) or hasattr(shape, "_fields"))


def names_of(record: Any) -> tuple[str, ...]:
    """The fields of a record, or of a type of records."""
    return tuple(one.name for one in fields(record)) if is_dataclass(record) else record._fields


def changed(record: Any, changes: Mapping[str, Any]) -> Any:
    """A record with other values in some fields."""
    return replace(record, **changes) if is_dataclass(record) else record._replace(**changes)  # pyright: ignore[reportArgumentType]


def format_of(shape: Any) -> str:
    """A short hash of everything a type holds, so that a snapshot of another shape is recognised."""
    return hashlib.sha256(_described(shape).encode()).hexdigest()[:16]


def _described(shape: Any) -> str:
    inner = get_args(shape)
    if inner:
        # Tables: how their pages are written is part of it.
        by = "by column " if get_origin(shape) is Table else ""
        return f"{by}{get_origin(shape)}[{', '.join(_described(one) for one in inner)}]"
    if _is_record(shape):
        hints = get_type_hints(shape)
        return f"{shape.__name__}({', '.join(f'{name}: {_described(hints[name])}' for name in names_of(shape))})"
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return f"{shape.__name__}{shape.model_json_schema()}"
    if isinstance(shape, type) and issubclass(shape, Enum):
        return f"{shape.__name__}{[one.value for one in shape]}"
    return repr(shape)
