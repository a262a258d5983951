"""Keeping what the services print: a PDF in the object store and its reference for an event."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from shared.contracts.values import StoredDocument
from shared.errors import Refusal
from shared.objects import ObjectStore

PDF = "application/pdf"
MAX_PRINTED_BYTES = 10 * 1024 * 1024


class DocumentAltered(Refusal):
    """The object store no longer holds the bytes whose hash is in a journal: a person has to look."""

    type = "document-altered"
    title = "Le document conservé n'est plus celui qui a été enregistré"


def retained_until(since: datetime, retention_days: int | None) -> datetime | None:
    """Until when a document of `since` is locked; None without a retention."""
    return None if retention_days is None else since + timedelta(days=retention_days)


async def keep_pdf(
    objects: ObjectStore,
    key: str,
    pdf: bytes,
    *,
    document_id: str,
    kind: str,
    filename: str,
    retain_until: datetime | None = None,
) -> StoredDocument:
    """Store a printed document under a write-once key; repeating it with the same bytes is harmless.

    With `retain_until` nobody can remove it before, where the store offers that.
    """

    async def chunks() -> AsyncIterator[bytes]:
        yield pdf

    stored = await objects.put(key, chunks(), content_type=PDF, limit_bytes=MAX_PRINTED_BYTES)
    if retain_until is not None:
        await objects.retain(key, retain_until)
    return StoredDocument(
        document_id=document_id,
        kind=kind,
        filename=filename,
        object_key=key,
        media_type=PDF,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
    )


async def read_kept(objects: ObjectStore, document: StoredDocument) -> bytes:
    """The bytes of a document, those whose hash was recorded. Raises: DocumentAltered, ObjectMissing, Unavailable."""
    content = await objects.read(document.object_key)
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise DocumentAltered
    return content
