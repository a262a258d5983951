"""Objects as files below a directory, for the embedded stack."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

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

READ_ONLY = 0o444


class DirectoryObjects:
    """The same promises as an S3 store's."""

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
        refuse_retained(self._held_until(key))
        with _directory_trouble():
            for path in (self._path(key), _lock_of(self._path(key))):
                path.unlink(missing_ok=True)

    async def check(self) -> None:
        with _directory_trouble():
            self._root.mkdir(parents=True, exist_ok=True)


def _lock_of(path: Path) -> Path:
    """Where a directory keeps the date a file is locked until."""
    return path.with_name(f".{path.name}.retained")


@contextmanager
def _directory_trouble() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("objects") from error
