"""Objects in any S3 store, MinIO the first."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException, S3Error
from minio.retention import Retention

from shared.errors import Unavailable
from shared.objects.port import (
    CHUNK_BYTES,
    KeyTaken,
    ObjectMissing,
    StoredObject,
    collect,
    refuse_retained,
    spool,
)

log = structlog.get_logger(__name__)

S3_THREADS = 16
S3_CONNECT_SECONDS = 2.0
S3_READ_SECONDS = 10.0

Result = TypeVar("Result")


class MinioObjects:
    """Any S3 store, by the synchronous minio client on threads of its own."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, bucket: str, *, secure: bool) -> None:
        timeout = urllib3.Timeout(connect=S3_CONNECT_SECONDS, read=S3_READ_SECONDS)
        pool = urllib3.PoolManager(maxsize=S3_THREADS, timeout=timeout, retries=urllib3.Retry(total=1))
        self._client = Minio(endpoint, access_key, secret_key, secure=secure, http_client=pool)
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(S3_THREADS, thread_name_prefix="objects")
        self._bucket_known = False
        self._locks: bool | None = None

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
        if not await self._offers_locks():
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
        try:
            found = await self._call(self._client.stat_object, self._bucket, key)
            refuse_retained(await self._held_until(key) if await self._offers_locks() else None)
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
        self._bucket_known = True

    async def _offers_locks(self) -> bool:
        if self._locks is None:
            self._locks = await self._call(_has_locks, self._client, self._bucket)
        return self._locks


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
