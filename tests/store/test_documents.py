"""The document port on every backend: memory, nx-27017, FerretDB. The same file, the same promises."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import OperationFailure

from shared.documents import Database, Documents, Duplicate, MemoryDocuments, MongoDocuments
from shared.errors import Unavailable
from shared.journal.verify import in_order, verify
from tests.counter import cause, count, make_journal


@pytest.fixture(params=["memory", "embedded", pytest.param("real", marks=pytest.mark.real)])
async def documents(request: pytest.FixtureRequest) -> AsyncIterator[Documents]:
    if request.param == "memory":
        yield MemoryDocuments()
        return
    stack = request.getfixturevalue(f"{request.param}_stack")
    database = Database(stack.environment()["ALS_MONGO_URL"], "store_suite")
    yield database.collection(f"c{uuid4().hex}")
    database.close()


async def found(documents: Documents, query, **options) -> list:
    return [row["_id"] async for row in documents.find(query, **options)]


async def test_an_id_is_taken_once(documents):
    await documents.insert({"_id": "a", "n": 1})
    with pytest.raises(Duplicate):
        await documents.insert({"_id": "a", "n": 2})
    assert (await documents.get("a"))["n"] == 1


async def test_of_many_inserts_at_once_one_wins(documents):
    async def attempt(n: int) -> int | None:
        try:
            await documents.insert({"_id": "one", "n": n})
        except Duplicate:
            return None
        return n

    winners = [n for n in await asyncio.gather(*[attempt(n) for n in range(20)]) if n is not None]
    assert [(await documents.get("one"))["n"]] == winners


async def test_what_is_not_there_is_none(documents):
    assert await documents.get("nobody") is None


async def test_put_stores_then_replaces_wholly(documents):
    await documents.put({"_id": "a", "old": 1})
    await documents.put({"_id": "a", "new": 2})
    assert await documents.get("a") == {"_id": "a", "new": 2}


async def test_marks_set_fields_and_leave_the_rest(documents):
    await documents.insert({"_id": "a", "published": False, "n": 1})
    await documents.mark("a", {"published": True})
    await documents.mark("nobody", {"published": True})
    assert await documents.get("a") == {"_id": "a", "published": True, "n": 1}
    assert await found(documents, {"published": False}) == []
    assert await documents.get("nobody") is None


async def test_what_has_no_value_is_sorted_before_what_has_one(documents):
    for key, number in (("1", 1), ("none", None), ("2", 2)):
        await documents.insert({"_id": key, "n": number})
    assert await found(documents, {}, sort=[("n", 1)]) == ["none", "1", "2"]
    assert await found(documents, {}, sort=[("n", -1)]) == ["2", "1", "none"]


async def test_find_filters_sorts_and_pages(documents):
    await documents.index("n")
    for n in (3, 1, 2, 5, 4):
        await documents.insert({"_id": str(n), "n": n, "even": n % 2 == 0, "tags": ["all", f"t{n}"]})
    assert await found(documents, {}, sort=[("n", 1)]) == ["1", "2", "3", "4", "5"]
    assert await found(documents, {"even": False}, sort=[("n", -1)]) == ["5", "3", "1"]
    assert await found(documents, {"n": {"$lt": 3}}, sort=[("n", 1)]) == ["1", "2"]
    assert await found(documents, {"n": {"$in": [1, 5, 9]}}, sort=[("n", 1)]) == ["1", "5"]
    assert await found(documents, {}, sort=[("n", 1)], skip=1, limit=2) == ["2", "3"]
    assert await found(documents, {"tags": "t4"}) == ["4"]
    assert await documents.count({"even": True}) == 2


async def test_remove_and_clear(documents):
    for key in "abc":
        await documents.insert({"_id": key})
    await documents.remove("b")
    await documents.remove("nobody")
    assert sorted(await found(documents, {})) == ["a", "c"]
    await documents.clear()
    assert await documents.count({}) == 0


async def test_text_keeps_every_character(documents):
    text = "L'été à Saint-Denis — 3\u202f250\u00a0€ « œ »  \U0001f3e0"
    await documents.insert({"_id": "é#1", "text": text})
    assert (await documents.get("é#1"))["text"] == text


async def test_journals_of_several_processes_stay_gapless_and_chained(documents):
    journals = [make_journal(documents) for _ in range(3)]
    appends = [journals[n % 3].append("a", lambda _: count(1), cause(f"x#{n}.1")) for n in range(30)]
    await asyncio.gather(*appends)
    assert (await make_journal(documents).load("a")).state.total == 30
    report = await verify(documents.find({}, sort=[("version", 1)]))
    assert report.clean
    assert report.events == 30


async def test_a_journal_is_read_stream_after_stream_each_in_version_order(documents):
    for key in ("a", "ab", "A", "a-b", "10", "é"):
        journal = make_journal(documents)
        for number in range(11):
            await journal.append(key, lambda _: count(1), cause(f"{key}#{number}.1"))
    read = [(row["stream"], row["version"]) async for row in in_order(documents)]
    assert len(read) == 66
    streams = list(dict.fromkeys(stream for stream, _ in read))
    assert read == [(stream, version) for stream in streams for version in range(1, 12)]
    assert (await verify(in_order(documents))).clean


async def test_a_server_that_is_away_is_unavailable():
    database = Database("mongodb://127.0.0.1:1", "nowhere", timeout_ms=100)
    for attempt in (database.check(), database.collection("c").get("a"), database.collection("c").insert({"_id": "a"})):
        with pytest.raises(Unavailable) as away:
            await attempt
        assert away.value.component == "database"
    database.close()


class Failing:
    """Stands for a motor collection whose server answers with an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def insert_one(self, _: Any) -> None:
        raise self._error


def failing(error: Exception) -> MongoDocuments:
    collection: Any = Failing(error)
    return MongoDocuments(collection)


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("[db.go:167 fsql.(*DB).InTransaction] database or disk is full (13)", 1),
        OperationFailure("[pool.go:202 pool.(*Pool).GetOrCreate] disk I/O error (4874)", 1),
        OperationFailure("Out of disk space", 14031),
        OperationFailure("sql: database is closed", 1),
    ],
)
async def test_a_server_without_room_is_unavailable_until_it_has_some(error):
    with pytest.raises(Unavailable):
        await failing(error).insert({"_id": "a"})


async def test_what_is_wrong_with_a_request_is_not_taken_for_an_outage():
    with pytest.raises(OperationFailure):
        await failing(OperationFailure("unknown operator: $wrong", 2)).insert({"_id": "a"})
