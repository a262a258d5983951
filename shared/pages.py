"""The page of a service's messages: what it publishes and reads, drawn from the event classes; it fetches nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.events import Event
from shared.topics import TOPICS

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    name: str
    about: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class TopicRow:
    name: str
    key: str
    group: str
    events: list[EventRow]


def bus_page(title: str, published: Iterable[type[Event]], read: Iterable[type[Event]], group: str) -> str:
    """HTML; `group` is the consumer group that reads."""
    return TEMPLATES.get_template("bus.html").render(
        title=title, published=_topics(published, ""), read=_topics(read, group)
    )


def _topics(classes: Iterable[type[Event]], group: str) -> list[TopicRow]:
    by_topic: dict[str, list[EventRow]] = {}
    for cls in sorted(classes, key=lambda cls: cls.__name__):
        assert cls.topic is not None, "a public event"
        by_topic.setdefault(cls.topic, []).append(_row(cls))
    return [TopicRow(name, TOPICS[name].key, group, by_topic[name]) for name in sorted(by_topic)]


def _row(cls: type[Event]) -> EventRow:
    schema = cls.model_json_schema()
    required = schema.get("required", [])
    fields = [Field(name, _type(one), name in required) for name, one in schema.get("properties", {}).items()]
    return EventRow(cls.__name__, (cls.__doc__ or "").strip() if "__doc__" in cls.__dict__ else "", fields)


def _type(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words: `string date-time`, `Loan[]`, `integer | null`."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}[]"
    return " ".join(str(part) for part in (schema.get("type"), schema.get("format")) if part) or "?"
