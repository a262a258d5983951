"""What every object store promises (docs/adr/0008)."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Protocol

from shared.errors import NotFound, Refusal

CHUNK_BYTES = 256 * 1024
MAX_READ_BYTES = 64 * 1024 * 1024


class ObjectMissing(NotFound):
    type = "object-missing"
    title = "Document introuvable"


class TooLarge(Refusal):
    type = "file-too-large"
    title = "Fichier trop volumineux"
    status = 413


class KeyTaken(Refusal):
    """Keys are written once: other bytes never replace what a journal refers to."""

    type = "object-key-taken"
    title = "Document déjà enregistré avec un autre contenu"


class Retained(Refusal):
    """Nobody removes a document before its date; `retain_until` says which."""

    type = "object-retained"
    title = "Document sous conservation"

    def __init__(self, until: datetime) -> None:
        super().__init__("Il ne peut pas être supprimé avant son terme.", retain_until=until.isoformat())


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was stored: key, SHA-256 (hex), number of bytes."""

    key: str
    sha256: str
    size_bytes: int


class ObjectStore(Protocol):
    """Every method raises shared.errors.Unavailable("objects") when the store does not answer."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str, limit_bytes: int) -> StoredObject:
        """Store a stream under a new key; the same bytes again are fine.

        Nothing remains when the stream breaks. Raises: TooLarge, KeyTaken.
        """
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The bytes, in chunks. Raises: ObjectMissing."""
        ...

    async def read(self, key: str) -> bytes:
        """The bytes at once, at most MAX_READ_BYTES. Raises: ObjectMissing, TooLarge."""
        ...

    async def retain(self, key: str, until: datetime) -> None:
        """Lock an object until a moment; a lock is only ever prolonged. Raises: ObjectMissing.

        A store that offers no lock keeps the object without one and says so in the log.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; none is fine. Raises: Retained."""
        ...

    async def check(self) -> None:
        """Raises: Unavailable."""
        ...


async def spool(key: str, chunks: AsyncIterator[bytes], into: IO[bytes], limit_bytes: int) -> StoredObject:
    """Copy a stream into a file, hashed and bounded. Raises: TooLarge."""
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit_bytes:
            raise TooLarge(f"Le fichier dépasse {limit_bytes // (1024 * 1024)} Mio.", limit_bytes=limit_bytes)
        digest.update(chunk)
        into.write(chunk)
    into.flush()
    return StoredObject(key, digest.hexdigest(), size)


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > MAX_READ_BYTES:
            raise TooLarge("Le document est trop volumineux pour être lu d'un coup.")
    return bytes(data)


def refuse_retained(held: datetime | None) -> None:
    """Locks run on the machine's clock, as an S3 store's do. Raises: Retained."""
    if held is not None and held > datetime.now(UTC):
        raise Retained(held)
