"""Snapshots keep restarts short. A snapshot is a cache: whatever is wrong with it, the stream is folded instead.

One document a stream holds what is small and says which pages hold its tables (docs/adr/0018). It is written last, so
what it names is there; what the one before named and it does not is removed one snapshot later, and what one that was
cut short had written by the next (shared/journal/attempts.py).
"""

import asyncio
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from shared.documents import Document, Documents
from shared.ids import new_id
from shared.journal.attempts import Attempts, removed
from shared.journal.codec import changed, decode, encode, format_of, names_of
from shared.journal.commit import canonical_json, commit_key
from shared.journal.directory import PAGE_ROWS, Directory
from shared.journal.faults import Fault
from shared.journal.head import Handled, Head, PageLost, StreamKind
from shared.journal.pages import PageNeeded
from shared.journal.paging import Store
from shared.journal.table import Table

log = structlog.get_logger(__name__)

# What a restart has to read and to fold at most, with what came while a snapshot was being written.
SNAPSHOT_EVERY = 200
MAX_TAIL_EVENTS = 16_384
# What is not in tables; with where their pages are, below the 16 MB a document may have.
MAX_LIVE_CHARACTERS = 8_000_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A snapshot as it was read; `retired` are documents of the one before, which nobody needs any more."""

    head: Head[Any]
    retired: frozenset[str]


class _Overtaken:
    """Another process has stored as much, or more."""


@dataclass(frozen=True, slots=True)
class _Writing:
    """A head on its way to the database: what it was, and what it is when it is stored."""

    head: Head[Any]
    task: "asyncio.Task[Head[Any] | _Overtaken | None]"


class Snapshots:
    """The newest snapshot of each stream of a kind: what a head holds, its tables in pages."""

    def __init__(
        self,
        kind: StreamKind[Any],
        documents: Documents,
        commits: Documents,
        every: int = SNAPSHOT_EVERY,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        """`every`: in commits."""
        self._kind = kind
        self._commits = commits
        self._documents = documents
        self._every = every
        self._page_rows = page_rows
        self._format = format_of(tuple[type(kind.initial), Table[Handled]])  # pyright: ignore[reportInvalidTypeArguments] (made at run time)
        self._writing: dict[str, _Writing] = {}

    async def keep(self, head: Head[Any], key: str) -> bool:
        """Begin to store the head when its turn has come, beside whatever is decided next.

        What is stored leaves memory at the first call after. Where another process has stored more, the head is
        forgotten, to lean on that: True.
        """
        writing = self._writing.get(key)
        if writing is not None:
            if not writing.task.done():
                return False
            del self._writing[key]
            stored = None if writing.task.cancelled() else writing.task.result()
            if isinstance(stored, _Overtaken):
                head.forget(self._kind)
                return True
            _lean_on(head, writing, stored)
        if head.version - head.begun >= self._every or head.fresh >= MAX_TAIL_EVENTS:
            head.begun, head.fresh = head.version, 0
            copied = replace(head, sequences=dict(head.sequences))
            self._writing[key] = _Writing(copied, asyncio.create_task(self._write(copied, key)))
        return False

    async def settled(self) -> None:
        """Wait until nothing is being written."""
        await asyncio.gather(*[writing.task for writing in self._writing.values()], return_exceptions=True)

    async def restore(self, head: Head[Any], key: str) -> None:
        """Bring an empty head to its snapshot, when there is one and the journal holds its commit."""
        kept = await self._read_checked(self._kind.stream(key))
        if kept is not None:
            for name in Head.__dataclass_fields__:
                setattr(head, name, getattr(kept.head, name))

    async def fetch(self, needed: PageNeeded) -> None:
        """Bring pages to memory. Raises: PageLost, after which the stream's snapshot no longer names the page."""
        ids = [f"{needed.prefix}/{name}" for name in needed.names]
        found = await asyncio.gather(*[self._documents.get(one) for one in ids])
        for name, document in zip(needed.names, found, strict=True):
            try:
                needed.pages.take(name, document or {})
            except (KeyError, TypeError, ValueError, zlib.error) as error:
                await self._give_up(needed.prefix.rpartition("/")[0], name)
                raise PageLost(f"{needed.prefix}/{name}") from error

    def fault(self, document: Document, pages: Mapping[str, Document], head: Head[Any]) -> Fault | None:
        """Compare a snapshot, `pages` by `_id`, with the fold of the same version.

        One of another format is nobody's, and one with pages missing is ignored by everybody.
        """
        try:
            kept = self._read(document).head
            for table in tables_of(kept).values():
                for name in table.directory.names:
                    table.pages.take(name, pages[f"{table.directory.prefix}/{name}"])
        except Exception:  # a cache that cannot be read, for whatever reason, is not there
            return None
        if _same(kept, head):
            return None
        return Fault(f"{document['_id']}#{head.version}", "instantané", "le repli du flux", "un autre état")

    async def _give_up(self, stream: str, name: str) -> None:
        log.warning("snapshot_page_lost", stream=stream, page=name)
        found = await self._documents.get(stream)
        if found is not None and f'"{name}"' in found["head"]:
            await removed(self._documents, _ids_in(found))
            await self._documents.remove(stream)

    async def _read_checked(self, stream: str) -> _Kept | None:
        return await self._checked(await self._documents.get(stream), stream)

    async def _checked(self, found: Document | None, stream: str) -> _Kept | None:
        if found is None:
            return None
        try:
            kept = self._read(found)
        except Exception as error:  # a cache that cannot be read, for whatever reason, is not there
            log.warning("snapshot_ignored", stream=stream, error=type(error).__name__)
            return None
        commit = await self._commits.get(commit_key(stream, kept.head.version))
        if commit is None or commit["hash"] != kept.head.hash:
            log.warning("snapshot_ignored", stream=stream, error="not this journal's")
            return None
        return kept

    def _read(self, document: Document) -> _Kept:
        if document["format"] != self._format:
            raise ValueError("another format")
        held = json.loads(document["head"])
        handled = decode(Table[Handled], held["handled"])
        state, version = decode(type(self._kind.initial), held["state"]), held["version"]
        head = Head(state, version, held["hash"], handled, held["sequences"], held["generation"], version, version)
        return _Kept(head, frozenset(held["retired"]))

    async def _write(self, head: Head[Any], key: str) -> "Head[Any] | _Overtaken | None":
        """Store a head and return it as it is then. Nothing that befalls a cache is a reason to fail what was
        recorded.
        """
        stream = self._kind.stream(key)
        try:
            return await self._write_over(await self._documents.get(stream), head, stream)
        except Exception as error:
            log.warning("snapshot_not_kept", stream=stream, version=head.version, error=type(error).__name__)
            return None

    async def _write_over(
        self, found: Document | None, head: Head[Any], stream: str
    ) -> "Head[Any] | _Overtaken | None":
        last = await self._checked(found, stream)
        if last is not None and last.head.version >= head.version:
            return _Overtaken()
        live = text_of(_with_tables(head, {name: Table(table.shape) for name, table in tables_of(head).items()}))
        if len(live) > MAX_LIVE_CHARACTERS:
            log.warning("snapshot_too_large", stream=stream, characters=len(live))
            return None
        generation = f"{head.version}-{new_id()[:8]}"
        attempts = Attempts(self._documents, stream, tuple(f"{stream}/{name}" for name in tables_of(head)))
        attempt = await attempts.begin(generation, head.version)
        store = Store(attempt.put, self.fetch, generation, self._page_rows)
        stored = dict[str, Table[Any]]()
        for name, table in tables_of(head).items():
            # Another process stored what it read of the same stream: its pages are as good as ours, and newer.
            theirs = tables_of(last.head)[name] if last is not None and last.head.kept > head.kept else None
            over = table.over(theirs.directory, theirs.pages) if theirs is not None else table
            stored[name] = await store(over, f"{stream}/{name}")
        done = _with_tables(replace(head, generation=generation, kept=head.version), stored)
        named = _ids_of(done)
        doomed = last.retired - named if last is not None else frozenset()
        retired = (_ids_of(head) | (_ids_in(found) if found is not None else frozenset())) - named - doomed
        newest = await self._read_checked(stream)
        if newest is not None and newest.head.version >= head.version:
            # This process stood still meanwhile: what it wrote is nobody's.
            await removed(self._documents, named - _ids_of(newest.head) - newest.retired - _ids_of(head))
            await attempt.end()
            return _Overtaken()
        await removed(self._documents, doomed)  # before the last document that knows of them is replaced
        await self._documents.put({"_id": stream, "format": self._format, "head": text_of(done, retired)})
        await attempt.end()
        await attempts.settle(head.version, named | retired)
        return done


def _lean_on(head: Head[Any], writing: _Writing, stored: Head[Any] | None) -> None:
    """Take out of a head's memory what was stored of it; a head that was read anew meanwhile stays as it is."""
    if stored is None or head.generation != writing.head.generation or head.version < stored.version:
        return
    ours, kept, base = tables_of(head), tables_of(writing.head), tables_of(stored)
    for table in base.values():
        table.pages.keep_only(table.directory.names)
    leaning = {name: table.without(kept[name], base[name]) for name, table in ours.items()}
    leant = _with_tables(head, leaning)
    head.state, head.handled = leant.state, leant.handled
    head.generation, head.kept = stored.generation, stored.kept


def tables_of(head: Head[Any]) -> dict[str, Table[Any]]:
    """By name; the state's under their fields' names."""
    held = {name: getattr(head.state, name) for name in names_of(head.state)}
    return {"handled": head.handled} | {name: one for name, one in held.items() if isinstance(one, Table)}


def _with_tables(head: Head[Any], tables: Mapping[str, Table[Any]]) -> Head[Any]:
    state = changed(head.state, {name: table for name, table in tables.items() if name != "handled"})
    return replace(head, state=state, handled=tables["handled"])


def _ids_of(head: Head[Any]) -> frozenset[str]:
    directories = [table.directory for table in tables_of(head).values()]
    return frozenset(f"{one.prefix}/{name}" for one in directories for name in one.names)


def _ids_in(document: Document) -> frozenset[str]:
    """The pages a snapshot names, whatever version of the product wrote it; those it had retired among them."""
    try:
        held = json.loads(document["head"])
        tables = [one for one in [held["handled"], *held["state"].values()] if isinstance(one, dict) and "runs" in one]
        directories = [Directory.of(one) for one in tables]
        return frozenset(f"{one.prefix}/{name}" for one in directories for name in one.names) | {*held["retired"]}
    except (AttributeError, KeyError, TypeError, ValueError):  # nobody's
        return frozenset()


def _same(kept: Head[Any], head: Head[Any]) -> bool:
    """Whether a snapshot says what the fold says, row by row, and finds each row by its key."""
    try:
        alike = all(getattr(kept, name) == getattr(head, name) for name in ("version", "hash", "sequences", "handled"))
        ours = tables_of(kept)
        return (
            alike
            and kept.state == head.state
            and all(ours[name].get(key) == row for name, table in tables_of(head).items() for key, row in table.items())
        )
    except Exception:  # pages that do not go together
        return False


def text_of(head: Head[Any], retired: frozenset[str] = frozenset()) -> str:
    """Everything a head holds whose tables are stored; the same head is the same text."""
    return canonical_json(
        {
            "state": encode(head.state),
            "version": head.version,
            "hash": head.hash,
            "handled": encode(head.handled),
            "sequences": head.sequences,
            "generation": head.generation,
            "retired": sorted(retired),
        }
    )


def version_of(document: Document) -> int | None:
    """The version a snapshot is of; None when it cannot be read."""
    try:
        return int(json.loads(document["head"])["version"])
    except (KeyError, TypeError, ValueError):
        return None
