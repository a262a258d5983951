"""The object store: write-once keys, streamed, hashed on the way in (docs/adr/0008)."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, TypeVar

import structlog
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException, S3Error
from minio.retention import Retention

from shared.errors import NotFound, Refusal, Unavailable

log = structlog.get_logger(__name__)

CHUNK_BYTES = 256 * 1024
MAX_READ_BYTES = 64 * 1024 * 1024
S3_THREADS = 16
S3_CONNECT_SECONDS = 2.0
S3_READ_SECONDS = 10.0
READ_ONLY = 0o444

Result = TypeVar("Result")


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


class DirectoryObjects:
    """Files below a directory, for the embedded stack."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        assert parts, "a key has a name"
        assert not {"..", "/", "."} & set(parts), "a key stays below the root"
        return self._root.joinpath(*parts)

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str, limit_bytes: int) -> StoredObject:
        target = self._path(key)
        with _directory_trouble():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-") as scratch:
                stored = await spool(key, chunks, scratch, limit_bytes)
                os.fsync(scratch.fileno())
                try:
                    os.link(scratch.name, target)
                except FileExistsError:
                    if hashlib.sha256(target.read_bytes()).hexdigest() != stored.sha256:
                        raise KeyTaken(key) from None
        return stored

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        path = self._path(key)
        with _directory_trouble():
            try:
                opened = path.open("rb")
            except FileNotFoundError:
                raise ObjectMissing from None
            with opened:
                while chunk := opened.read(CHUNK_BYTES):
                    yield chunk

    async def read(self, key: str) -> bytes:
        return await collect(self.stream(key))

    async def retain(self, key: str, until: datetime) -> None:
        path, held = self._path(key), self._held_until(key)
        with _directory_trouble():
            if not path.exists():
                raise ObjectMissing
            if held is None or held < until:
                path.chmod(READ_ONLY)
                _lock_of(path).write_text(until.isoformat())

    def _held_until(self, key: str) -> datetime | None:
        with _directory_trouble():
            lock = _lock_of(self._path(key))
            return datetime.fromisoformat(lock.read_text()) if lock.exists() else None

    async def delete(self, key: str) -> None:
        _refuse_retained(self._held_until(key))
        with _directory_trouble():
            for path in (self._path(key), _lock_of(self._path(key))):
                path.unlink(missing_ok=True)

    async def check(self) -> None:
        with _directory_trouble():
            self._root.mkdir(parents=True, exist_ok=True)


def _lock_of(path: Path) -> Path:
    """Where a directory keeps the date a file is locked until."""
    return path.with_name(f".{path.name}.retained")


def _refuse_retained(held: datetime | None) -> None:
    """Locks run on the machine's clock, as an S3 store's do. Raises: Retained."""
    if held is not None and held > datetime.now(UTC):
        raise Retained(held)


@contextmanager
def _directory_trouble() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("objects") from error


class MinioObjects:
    """Any S3 store, by the synchronous minio client on threads of its own."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, bucket: str, *, secure: bool) -> None:
        timeout = urllib3.Timeout(connect=S3_CONNECT_SECONDS, read=S3_READ_SECONDS)
        pool = urllib3.PoolManager(maxsize=S3_THREADS, timeout=timeout, retries=urllib3.Retry(total=1))
        self._client = Minio(endpoint, access_key, secret_key, secure=secure, http_client=pool)
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(S3_THREADS, thread_name_prefix="objects")
        self._bucket_known = False
        self._locks = False

    async def _call(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        def translated() -> Result:
            try:
                return work(*arguments, **named)
            except S3Error as error:
                if error.code in ("NoSuchKey", "NoSuchObject"):
                    raise ObjectMissing from error
                raise Unavailable("objects") from error
            except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
                raise Unavailable("objects") from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated)

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str, limit_bytes: int) -> StoredObject:
        await self._ensure_bucket()
        with tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES * 8) as scratch:
            stored = await spool(key, chunks, scratch, limit_bytes)
            taken = await self._sha256(key)
            if taken is None:
                scratch.seek(0)
                await self._call(
                    self._client.put_object,
                    self._bucket,
                    key,
                    scratch,
                    stored.size_bytes,
                    content_type=content_type,
                    metadata={"sha256": stored.sha256},
                )
            elif taken != stored.sha256:
                raise KeyTaken(key)
        return stored

    async def _sha256(self, key: str) -> str | None:
        """The hash kept with an object; None when the key is free."""
        try:
            found = await self._call(self._client.stat_object, self._bucket, key)
        except ObjectMissing:
            return None
        return (found.metadata or {}).get("x-amz-meta-sha256", "")

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        response = await self._call(self._client.get_object, self._bucket, key)
        try:
            while chunk := await self._call(response.read, CHUNK_BYTES):
                yield chunk
        finally:
            response.close()
            response.release_conn()

    async def read(self, key: str) -> bytes:
        return await collect(self.stream(key))

    async def retain(self, key: str, until: datetime) -> None:
        await self._ensure_bucket()
        if not self._locks:
            log.warning("retention_not_offered", bucket=self._bucket, key=key)
            return
        held = await self._held_until(key)
        # A store refuses a date that is past, and a compliance lock that would be shortened.
        if until > datetime.now(UTC) and (held is None or held < until):
            lock = Retention(COMPLIANCE, until)
            await self._call(self._client.set_object_retention, self._bucket, key, lock)

    async def _held_until(self, key: str) -> datetime | None:
        lock = await self._call(self._client.get_object_retention, self._bucket, key)
        return lock.retain_until_date if lock else None

    async def delete(self, key: str) -> None:
        await self._ensure_bucket()
        try:
            found = await self._call(self._client.stat_object, self._bucket, key)
            _refuse_retained(await self._held_until(key) if self._locks else None)
        except ObjectMissing:
            return
        # With its version: in a bucket with locks a plain removal would only hide it.
        await self._call(self._client.remove_object, self._bucket, key, version_id=found.version_id)

    async def check(self) -> None:
        await self._call(self._client.bucket_exists, self._bucket)

    async def _ensure_bucket(self) -> None:
        if self._bucket_known:
            return
        if not await self._call(self._client.bucket_exists, self._bucket):
            await self._call(_make_bucket, self._client, self._bucket)
        self._locks = await self._call(_has_locks, self._client, self._bucket)
        self._bucket_known = True


def _make_bucket(client: Minio, bucket: str) -> None:
    """With object lock, which a bucket gets when it is made or never, where the store knows it."""
    try:
        client.make_bucket(bucket, object_lock=True)
    except S3Error as error:
        if error.code in ("NotImplemented", "InvalidArgument"):
            client.make_bucket(bucket)
        elif error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def _has_locks(client: Minio, bucket: str) -> bool:
    try:
        client.get_object_lock_config(bucket)
    except S3Error as error:
        if error.code in ("ObjectLockConfigurationNotFoundError", "NotImplemented"):
            return False
        raise
    return True
