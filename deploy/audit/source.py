"""Where an audit reads: the services' databases, or a bundle made from them. The same rows from both."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from deploy.audit.knowledge import Knowledge
from shared.documents import Database, Document, Documents
from shared.journal import bundle
from shared.journal.bundle import Bundle
from shared.journal.commit import commit_key
from shared.journal.verify import in_order

PARTS = ("views", "snapshots", "stamps", "journal")  # the journal last: it then holds whatever the others speak of
LOOKS_AT_A_VIEW_BEHIND = 3


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
    """A row a stream that has a view: `view`, `key`, `document` (None when missing) and whether it is `behind`."""
    for name, documents in views.items():
        seen = set[str]()
        async for document in documents.find({}, sort=[("_id", 1)]):
            seen.add(document["_id"])
            yield await _view_row(commits, outbox, documents, name, document)
        async for first in commits.find({"version": 1}):
            kind, key = first["stream"].split(":", 1)
            if kind == name and key not in seen:
                there = await documents.get(key)  # it may have come since
                yield {"view": name, "key": key, "document": there, "behind": False}


async def _view_row(
    commits: Documents, outbox: Documents, documents: Documents, name: str, document: Document
) -> Document:
    """A view follows its stream while that is announced in the outbox; one that stays behind later is behind."""
    key, behind = document["_id"], False
    for _ in range(LOOKS_AT_A_VIEW_BEHIND):
        newer = await commits.get(commit_key(f"{name}:{key}", document["stream_version"] + 1))
        if newer is None or f"{name}:{key}" in {row["stream"] async for row in outbox.find({})}:
            return {"view": name, "key": key, "document": document, "behind": False}
        again = await documents.get(key)
        behind = again is not None and again["stream_version"] == document["stream_version"]
        document = again or document
    return {"view": name, "key": key, "document": document, "behind": behind}
