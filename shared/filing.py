"""Keeping what the services print: a PDF in the object store and its reference for an event."""

from collections.abc import AsyncIterator

from shared.contracts.values import StoredDocument
from shared.objects import ObjectStore

PDF = "application/pdf"
MAX_PRINTED_BYTES = 10 * 1024 * 1024


async def keep_pdf(
    objects: ObjectStore, key: str, pdf: bytes, *, document_id: str, kind: str, filename: str
) -> StoredDocument:
    """Store a printed document under a write-once key; repeating it with the same bytes is harmless."""

    async def chunks() -> AsyncIterator[bytes]:
        yield pdf

    stored = await objects.put(key, chunks(), content_type=PDF, limit_bytes=MAX_PRINTED_BYTES)
    return StoredDocument(
        document_id=document_id,
        kind=kind,
        filename=filename,
        object_key=key,
        media_type=PDF,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
    )
