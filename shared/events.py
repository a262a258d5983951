"""What a fact is: the base of every event, public or private, and why it was recorded."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_utc)]


class Value(BaseModel):
    """An immutable value inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def fields_refused(error: ValueError) -> list[str]:
    """The JSON pointers of what was absent, unknown or of another form in a value; none of any other error."""
    if not isinstance(error, ValidationError):
        return []
    return ["/" + "/".join(str(name) for name in one["loc"]) for one in error.errors(include_input=False)]


class Event(Value):
    """A past-tense fact. With a topic it is public and the relay publishes it; without, it stays in its journal.

    Class names are the stable type names on the bus and in the journals, so they are unique in the product.
    """

    topic: ClassVar[str | None] = None
    schema_version: ClassVar[int] = 1
    _registry: ClassVar[dict[str, type["Event"]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        known = Event._registry.setdefault(cls.__name__, cls)
        # The same class seen twice (a module run as __main__ and imported) is fine; another class is not.
        assert known.__qualname__ == cls.__qualname__, f"two events are called {cls.__name__}"
        Event._registry[cls.__name__] = cls


class Reading(BaseModel):
    """What a consumer takes of a public event: some of its fields, under the same names; the rest it does not look at.

    For the busy readers of large messages. tests/contracts holds it to its event.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    of: ClassVar[type[Event]]


def announced(cls: type[Event] | type[Reading]) -> type[Event]:
    """The event class that a handler's class is, or reads."""
    return cls.of if issubclass(cls, Reading) else cls


def event_class(name: str) -> type[Event] | None:
    """The event class of a type name; None when this product version does not know it."""
    return Event._registry.get(name)


def public_events() -> list[type[Event]]:
    """Every public event of shared.contracts, by name."""
    contracts = (cls for cls in Event._registry.values() if cls.__module__.startswith("shared.contracts."))
    return sorted((cls for cls in contracts if cls.topic), key=lambda cls: cls.__name__)


def decode(name: str, data: Any) -> Event:
    """An event from its stored or received data; unknown fields are ignored (a newer minor added them).

    Raises: KeyError for an unknown type, pydantic.ValidationError for data that does not fit.
    """
    cls = Event._registry[name]
    return cls.model_validate(data, extra="ignore")


def decode_all(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    """The same for many stored events, each with its `type` and `data`; those alike that follow each other at once."""
    events = list[Event]()
    for name, run in groupby(rows, key=lambda row: row["type"]):
        many = _many(Event._registry[name])
        events += many.validate_python([row["data"] for row in run], extra="ignore")
    return events


@cache
def _many(cls: type[Event]) -> TypeAdapter[Any]:
    return TypeAdapter(list[cls])  # pyright: ignore[reportInvalidTypeForm] (made at run time)


class Cause(NamedTuple):
    """Why a decision is taken: who acts (`user:…` or `service:…`) and which event it follows.

    `causation` is the consumed event's id; a stream handles each id once.
    """

    actor: str
    correlation: str
    causation: str | None = None
    traceparent: str | None = None


class MessageMeta(NamedTuple):
    """What travels in a message's headers: CloudEvents attributes, stream position and trace."""

    id: str
    type: str
    schema_version: int
    stream: str
    version: int
    sequence: int
    time: datetime
    correlation: str
    causation: str | None = None
    traceparent: str | None = None

    def cause(self, service: str) -> Cause:
        """The cause of what `service` decides on this message."""
        return causes(service, [self])[0]


def causes(service: str, metas: Sequence[MessageMeta]) -> list[Cause]:
    """The causes of what `service` decides on each of these messages."""
    actor = f"service:{service}"
    return [Cause(actor, meta.correlation, meta.id, meta.traceparent) for meta in metas]
