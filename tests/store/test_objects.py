"""The object store on every backend: a directory, MinIO."""

import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from shared.objects import DirectoryObjects, KeyTaken, MinioObjects, ObjectMissing, ObjectStore, TooLarge

LIMIT = 3 * 1024 * 1024
CONTENT = bytes(range(256)) * 4096  # one MiB


@pytest.fixture(params=["directory", pytest.param("minio", marks=pytest.mark.real)])
async def objects(request: pytest.FixtureRequest, tmp_path) -> ObjectStore:
    if request.param == "directory":
        return DirectoryObjects(tmp_path)
    settings = request.getfixturevalue("real_stack").environment()
    endpoint, access, secret = (settings[f"ALS_S3_{name}"] for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"))
    return MinioObjects(endpoint, access, secret, "store-suite", secure=False)


async def chunks(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def put(objects: ObjectStore, key: str, content: bytes, limit: int = LIMIT):
    return await objects.put(key, chunks(content), content_type="application/pdf", limit_bytes=limit)


def a_key() -> str:
    return f"dossiers/{uuid4().hex}/letter"


async def test_what_is_put_is_read_back_with_its_hash(objects):
    key = a_key()
    stored = await put(objects, key, CONTENT)
    assert (stored.sha256, stored.size_bytes) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert await objects.read(key) == CONTENT
    assert b"".join([chunk async for chunk in objects.stream(key)]) == CONTENT


async def test_the_same_bytes_again_are_fine_and_others_are_refused(objects):
    key = a_key()
    await put(objects, key, b"first")
    await put(objects, key, b"first")
    with pytest.raises(KeyTaken):
        await put(objects, key, b"second")
    assert await objects.read(key) == b"first"


async def test_one_byte_over_the_limit_leaves_nothing(objects):
    key = a_key()
    await put(objects, a_key(), b"x" * 10, limit=10)
    with pytest.raises(TooLarge):
        await put(objects, key, b"x" * 11, limit=10)
    with pytest.raises(ObjectMissing):
        await objects.read(key)


async def test_a_stream_that_breaks_leaves_nothing(objects):
    async def breaks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    key = a_key()
    with pytest.raises((ConnectionResetError, Unavailable)):
        await objects.put(key, breaks(), content_type="application/pdf", limit_bytes=LIMIT)
    with pytest.raises(ObjectMissing):
        await objects.read(key)


async def test_an_unknown_or_deleted_key_is_missing(objects):
    key = a_key()
    with pytest.raises(ObjectMissing):
        await objects.read(key)
    await put(objects, key, b"content")
    await objects.delete(key)
    with pytest.raises(ObjectMissing):
        await objects.read(key)
    await objects.check()


async def test_a_store_that_is_away_is_unavailable():
    away = MinioObjects("127.0.0.1:1", "nobody", "nothing", "nowhere", secure=False)
    with pytest.raises(Unavailable):
        await away.check()
    with pytest.raises(Unavailable):
        await put(away, a_key(), b"content")


@pytest.mark.parametrize("key", ["../outside", "a/../../b", "/etc/passwd"])
async def test_a_key_stays_below_the_root(tmp_path, key):
    with pytest.raises(AssertionError):
        await put(DirectoryObjects(tmp_path), key, b"content")
