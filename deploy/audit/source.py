"""Where an audit reads: the services' databases, or a bundle made from them. The same rows from both."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from deploy.audit.knowledge import Knowledge
from shared.documents import Database, Document, Documents
from shared.journal import bundle
from shared.journal.bundle import Bundle
from shared.journal.commit import commit_key
from shared.journal.outbox import SWEEP_SECONDS, told
from shared.journal.verify import in_order

PARTS = ("views", "snapshots", "stamps", "journal")  # the journal last: it then holds whatever the others speak of
LOOKS_AT_WHAT_IS_ANNOUNCED = 8


class Source(Protocol):
    """`rows(service, part)`, part of PARTS. `started_at`: everything recorded before is in every journal read."""

    @property
    def started_at(self) -> datetime: ...

    def rows(self, service: str, part: str) -> AsyncIterator[Document]: ...


class Databases:
    """The services' databases, read only."""

    def __init__(self, url: str, knowledge: dict[str, Knowledge]) -> None:
        self.started_at = datetime.now(UTC)
        self._opened = {name: Database(url, name) for name in knowledge}
        self._knowledge = knowledge

    async def rows(self, service: str, part: str) -> AsyncIterator[Document]:
        database = self._opened[service]
        commits = database.collection("journal")
        match part:
            case "journal":
                rows = in_order(commits)
            case "views":
                views = {name: database.collection(f"view_{name}") for name in self._knowledge[service].renders}
                rows = view_rows(commits, views, database.collection("outbox"))
            case _:
                rows = database.collection(part).find({}, sort=[("_id", 1)])
        async for row in rows:
            yield row

    def close(self) -> None:
        for database in self._opened.values():
            database.close()


class Exported:
    """A bundle."""

    def __init__(self, directory: Path) -> None:
        """Raises: shared.journal.bundle.BundleError."""
        self._bundle = Bundle(directory)
        self.started_at = self._bundle.exported_at

    async def rows(self, service: str, part: str) -> AsyncIterator[Document]:
        for row in self._bundle.rows(file_name(service, part)):
            yield row


def file_name(service: str, part: str) -> str:
    return f"{service}.{part}.jsonl"


async def export(source: Source, services: Iterable[str], directory: Path) -> None:
    """Write a bundle of everything a verification needs. Raises: shared.journal.bundle.BundleExists."""
    files = {file_name(service, part): source.rows(service, part) for service in services for part in PARTS}
    await bundle.write(directory, files, source.started_at)


async def view_rows(commits: Documents, views: Mapping[str, Documents], outbox: Documents) -> AsyncIterator[Document]:
    """A row a stream that has a view: `view`, `key`, `document` (None when missing) and whether it is `behind`.

    A view follows its stream while that is announced in the outbox. One that is announced and does not follow comes
    last, after some looks: a process that takes over needs a few of its sweeps, one that cannot draw it never will.
    """
    unsure = list[tuple[str, str, Document | None]]()
    for name, documents in views.items():
        seen = set[str]()
        async for document in documents.find({}, sort=[("_id", 1)]):
            seen.add(document["_id"])
            if row := await _view_row(commits, outbox, documents, name, document["_id"], document):
                yield row
            else:
                unsure.append((name, document["_id"], document))
        async for first in commits.find({"version": 1}):
            kind, key = first["stream"].split(":", 1)
            if kind != name or key in seen:
                continue
            there = await documents.get(key)  # it may have come since
            if row := await _view_row(commits, outbox, documents, name, key, there):
                yield row
            else:
                unsure.append((name, key, there))
    for left in reversed(range(LOOKS_AT_WHAT_IS_ANNOUNCED)):
        if not unsure:
            return
        await asyncio.sleep(SWEEP_SECONDS)
        waiting, unsure = unsure, []
        for name, key, document in waiting:
            if row := await _view_row(commits, outbox, views[name], name, key, document, last=not left):
                yield row
            else:
                unsure.append((name, key, document))


async def _view_row(
    commits: Documents,
    outbox: Documents,
    documents: Documents,
    name: str,
    key: str,
    document: Document | None,
    *,
    last: bool = False,
) -> Document | None:
    """The row of a stream whose view was read; None when another look may tell more, and this is not the `last`."""
    newer = await commits.get(commit_key(f"{name}:{key}", _version(document) + 1))
    if newer is None:
        return {"view": name, "key": key, "document": document, "behind": False}
    announced = f"{name}:{key}" in {stream async for row in outbox.find({}) for stream in told(row)}
    again = await documents.get(key)
    behind = _version(again) == _version(document)
    if behind and announced and not last:
        return None
    return {"view": name, "key": key, "document": again, "behind": behind}


def _version(document: Document | None) -> int:
    return document["stream_version"] if document else 0
