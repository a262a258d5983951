"""A commit: the bytes that are hashed are the bytes that are stored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from shared.events import Cause, Event, decode

GENESIS_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision inside a commit: its events and why they were decided."""

    cause: Cause
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """One link of a stream's chain. `entries` is canonical JSON; `sequences` counts, for each topic the stream
    feeds, the messages before this commit, so that consumers can tell a gap from a duplicate.

    `published` is the relay's mark and is not hashed.
    """

    stream: str
    version: int
    recorded_at: str
    entries: str
    sequences: str
    prev_hash: str
    hash: str = ""
    published: bool = False

    @property
    def key(self) -> str:
        return commit_key(self.stream, self.version)

    def computed_hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON of everything but the hash and the mark."""
        content = asdict(self)
        del content["hash"], content["published"]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    def sealed(self) -> "Commit":
        return replace(self, hash=self.computed_hash())

    def decoded(self) -> tuple[Entry, ...]:
        """The decisions of this commit. Raises: KeyError for an event type this version does not know."""
        return tuple(
            Entry(Cause(**raw["cause"]), tuple(decode(event["type"], event["data"]) for event in raw["events"]))
            for raw in json.loads(self.entries)
        )

    def document(self) -> dict[str, Any]:
        return {"_id": self.key} | asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Commit":
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


def commit_key(stream: str, version: int) -> str:
    return f"{stream}#{version}"


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def encode_entries(entries: Sequence[Entry]) -> str:
    return canonical_json(
        [
            {
                "cause": {name: value for name, value in asdict(entry.cause).items() if value is not None},
                "events": [
                    {"type": type(event).__name__, "data": event.model_dump(mode="json")} for event in entry.events
                ],
            }
            for entry in entries
        ]
    )


def seal(
    stream: str,
    version: int,
    prev_hash: str,
    entries: Sequence[Entry],
    sequences: Mapping[str, int],
    recorded_at: datetime,
) -> Commit:
    """The next link of a chain, ready to insert."""
    return Commit(
        stream=stream,
        version=version,
        recorded_at=recorded_at.astimezone(UTC).isoformat(),
        entries=encode_entries(entries),
        sequences=canonical_json(dict(sequences)),
        prev_hash=prev_hash,
    ).sealed()
