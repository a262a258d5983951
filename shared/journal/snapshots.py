"""Snapshots keep restarts short. A snapshot is a cache: whatever is wrong with it, the stream is folded instead."""

import json
from typing import Any

import structlog

from shared.documents import Documents
from shared.errors import Unavailable
from shared.journal.codec import decode, encode, format_of
from shared.journal.commit import canonical_json, commit_key
from shared.journal.faults import Fault
from shared.journal.journal import Head, StreamKind

log = structlog.get_logger(__name__)

SNAPSHOT_EVERY = 500
# Below the 16 MB a document may have.
MAX_SNAPSHOT_CHARACTERS = 12_000_000


class Snapshots:
    """The newest snapshot of each stream of a kind: what a head holds, as canonical JSON text."""

    def __init__(
        self, kind: StreamKind[Any], documents: Documents, commits: Documents, every: int = SNAPSHOT_EVERY
    ) -> None:
        self._kind = kind
        self._commits = commits
        self._documents = documents
        self._every = every
        self._format = format_of(type(kind.initial))

    async def keep(self, head: Head[Any], key: str) -> None:
        """Store the head when its turn has come. An outage is no reason to fail what was recorded."""
        if head.version % self._every:
            return
        text = text_of(head)
        if len(text) > MAX_SNAPSHOT_CHARACTERS:
            log.warning("snapshot_too_large", stream=self._kind.stream(key), characters=len(text))
            return
        try:
            await self._documents.put({"_id": self._kind.stream(key), "format": self._format, "head": text})
        except Unavailable:
            log.warning("snapshot_not_kept", stream=self._kind.stream(key), version=head.version)

    async def restore(self, head: Head[Any], key: str) -> None:
        """Bring an empty head to its snapshot, when there is one and the journal holds its commit."""
        stream = self._kind.stream(key)
        found = await self._documents.get(stream)
        if found is None:
            return
        try:
            kept = self._read(found)
        except Exception as error:  # a cache that cannot be read, for whatever reason, is not there
            log.warning("snapshot_ignored", stream=stream, error=type(error).__name__)
            return
        commit = await self._commits.get(commit_key(stream, kept.version))
        if commit is None or commit["hash"] != kept.hash:
            log.warning("snapshot_ignored", stream=stream, error="not this journal's")
            return
        for name in Head.__dataclass_fields__:
            setattr(head, name, getattr(kept, name))

    def fault(self, document: dict[str, Any], head: Head[Any]) -> Fault | None:
        """Compare a snapshot with the fold of the same version; one of another format is nobody's."""
        if document.get("format") != self._format or document["head"] == text_of(head):
            return None
        return Fault(f"{document['_id']}#{head.version}", "instantané", "le repli du flux", "un autre état")

    def _read(self, document: dict[str, Any]) -> Head[Any]:
        if document["format"] != self._format:
            raise ValueError("another format")
        held = json.loads(document["head"])
        state = decode(type(self._kind.initial), held["state"])
        return Head(state, held["version"], held["hash"], set(held["handled"]), held["sequences"])


def text_of(head: Head[Any]) -> str:
    """Everything a head holds; the same head is the same text."""
    return canonical_json(
        {
            "state": encode(head.state),
            "version": head.version,
            "hash": head.hash,
            "handled": sorted(head.handled),
            "sequences": head.sequences,
        }
    )


def version_of(document: dict[str, Any]) -> int | None:
    """The version a snapshot is of; None when it cannot be read."""
    try:
        return int(json.loads(document["head"])["version"])
    except (KeyError, TypeError, ValueError):
        return None
