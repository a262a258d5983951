"""The object store on every backend: a directory, MinIO."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from shared.objects import DirectoryObjects, KeyTaken, MinioObjects, ObjectMissing, ObjectStore, Retained, TooLarge

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


async def test_a_retained_object_is_not_removed_before_its_date(objects):
    key, until = a_key(), datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await put(objects, key, b"signed")
    await objects.retain(key, until)
    with pytest.raises(Retained) as refused:
        await objects.delete(key)
    assert refused.value.facts == {"retain_until": until.isoformat()}
    assert await objects.read(key) == b"signed"
    with pytest.raises(KeyTaken):
        await put(objects, key, b"another")


async def test_a_lock_is_prolonged_and_never_shortened(objects):
    key, until = a_key(), datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    await put(objects, key, b"signed")
    for days in (-1, 0, 1, 0):
        await objects.retain(key, until + timedelta(days=days))
    with pytest.raises(Retained) as refused:
        await objects.delete(key)
    assert refused.value.facts == {"retain_until": (until + timedelta(days=1)).isoformat()}


async def test_a_lock_whose_date_has_passed_holds_nothing(objects):
    key = a_key()
    await put(objects, key, b"signed")
    await objects.retain(key, datetime.now(UTC) - timedelta(days=1))
    await objects.delete(key)
    with pytest.raises(ObjectMissing):
        await objects.read(key)
    await objects.delete(key)


async def test_only_what_is_there_is_retained(objects):
    with pytest.raises(ObjectMissing):
        await objects.retain(a_key(), datetime.now(UTC) + timedelta(days=1))


async def test_a_retained_file_is_read_only(tmp_path):
    await put(DirectoryObjects(tmp_path), "signed", b"signed")
    await DirectoryObjects(tmp_path).retain("signed", datetime.now(UTC) + timedelta(days=1))
    assert (tmp_path / "signed").stat().st_mode & 0o222 == 0


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
