"""A commit: the text that is hashed is the text that is stored, compressed where that saves room (docs/adr/0019)."""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from shared.journal import entries
from shared.journal.entries import Entry, Said

GENESIS_HASH = "0" * 64
# Below this, compressing saves nothing and a reader of the database sees the text.
COMPRESSED_FROM_CHARACTERS = 2_000
# More effort saves little of what is random by half, and runs beside decisions.
COMPRESSION_LEVEL = 1
# What a document that is no commit raises when it is read.
UNREADABLE = (KeyError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True)
class Commit:
    """One link of a stream's chain. `entries` is JSON text; `sequences` counts, for each topic the stream feeds, the
    messages before this commit, so that consumers can tell a gap from a duplicate.
    """

    stream: str
    version: int
    recorded_at: str
    entries: str
    sequences: str
    prev_hash: str
    hash: str = ""
    # Of the writer that recorded it, where one process at a time may write (docs/adr/0003); 0 where any may, and then
    # neither hashed nor stored.
    epoch: int = 0
    # What `entries` says, where this process wrote it.
    written: tuple[Entry, ...] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        return commit_key(self.stream, self.version)

    def computed_hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON of everything but the hash."""
        content = {name: value for name, value in sorted(self._stored().items()) if name != "hash"}
        # The text `canonical_json` makes of text and numbers by name, several times as fast where it is long.
        return hashlib.sha256(to_json(content)).hexdigest()

    def sealed(self) -> "Commit":
        return replace(self, hash=self.computed_hash())

    def decoded(self) -> tuple[Entry, ...]:
        """The decisions of this commit. Raises: KeyError for an event type this version does not know."""
        return entries.decoded(self.entries) if self.written is None else self.written

    def said(self) -> Said:
        """What a fold needs of this commit. Raises: KeyError."""
        return entries.said(self.entries) if self.written is None else entries.said_of(self.written)

    def document(self) -> dict[str, Any]:
        """As the database holds it: long entries are zlib's bytes."""
        document = {"_id": self.key} | self._stored()
        if len(self.entries) >= COMPRESSED_FROM_CHARACTERS:
            document["entries"] = zlib.compress(self.entries.encode(), COMPRESSION_LEVEL)
        return document

    def _stored(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in STORED if name != "epoch" or self.epoch}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Commit":
        """Raises: KeyError, zlib.error for a document that is no commit."""
        fields = {name: document[name] for name in STORED if name != "epoch" or name in document}
        if isinstance(fields["entries"], bytes):
            fields["entries"] = zlib.decompress(fields["entries"]).decode()
        return cls(**fields)


def readable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A commit's document with its text, for what is read without this module."""
    try:
        commit = Commit.from_document(document)
    except UNREADABLE:
        return dict(document)  # whoever verifies it says so
    return {"_id": document["_id"]} | commit._stored()


STORED = tuple(name for name in Commit.__dataclass_fields__ if name != "written")


def commit_key(stream: str, version: int) -> str:
    return f"{stream}#{version}"


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def seal(
    stream: str,
    version: int,
    prev_hash: str,
    decided: Sequence[Entry],
    sequences: Mapping[str, int],
    recorded_at: datetime,
    epoch: int = 0,
) -> Commit:
    """The next link of a chain, ready to insert."""
    return Commit(
        stream=stream,
        version=version,
        recorded_at=recorded_at.astimezone(UTC).isoformat(),
        entries=entries.encoded(decided),
        sequences=canonical_json(dict(sequences)),
        prev_hash=prev_hash,
        epoch=epoch,
        written=tuple(decided),
    ).sealed()
