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
    """Store a printed document, as `keep`."""
    document = described(key, pdf, PDF, document_id=document_id, kind=kind, filename=filename)
    await keep(objects, document, pdf, retain_until)
    return document


def described(
    key: str, content: bytes, media_type: str, *, document_id: str, kind: str, filename: str
) -> StoredDocument:
    """The reference of a document that is about to be kept under a write-once key."""
    return StoredDocument(
        document_id=document_id,
        kind=kind,
        filename=filename,
        object_key=key,
        media_type=media_type,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


async def keep(
    objects: ObjectStore, document: StoredDocument, content: bytes, retain_until: datetime | None = None
) -> None:
    """Store the bytes of a document; repeating it with the same is harmless.

    With `retain_until` nobody can remove it before, where the store offers that. Raises: KeyTaken, TooLarge,
    Unavailable.
    """

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    key = document.object_key
    await objects.put(key, chunks(), content_type=document.media_type, limit_bytes=MAX_PRINTED_BYTES)
    if retain_until is not None:
        await objects.retain(key, retain_until)


async def read_kept(objects: ObjectStore, document: StoredDocument) -> bytes:
    """The bytes of a document, those whose hash was recorded. Raises: DocumentAltered, ObjectMissing, Unavailable."""
    content = await objects.read(document.object_key)
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise DocumentAltered
    return content
