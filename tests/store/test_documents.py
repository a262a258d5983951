"""The document port on every backend: memory, nx-27017, FerretDB. The same file, the same promises."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import BulkWriteError, OperationFailure

from shared.documents import (
    DOCUMENTS_PER_FETCH,
    MAX_DOCUMENTS_PER_COMMAND,
    Database,
    Documents,
    Duplicate,
    MemoryDocuments,
    MongoDocuments,
)
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


MANY = 2 * MAX_DOCUMENTS_PER_COMMAND + 7


async def test_more_inserts_at_once_than_a_command_takes_are_all_stored(documents):
    await asyncio.gather(*[documents.insert({"_id": str(n), "n": n}) for n in range(MANY)])
    assert [row["n"] async for row in documents.find({}, sort=[("n", 1)])] == list(range(MANY))


async def test_of_many_inserts_at_once_those_that_come_too_late_are_told_so_each_for_itself(documents):
    taken = set(range(0, MANY, 3))
    await asyncio.gather(*[documents.insert({"_id": str(n), "by": "first"}) for n in taken])
    inserts = [documents.insert({"_id": str(n), "by": "second"}) for n in range(MANY)]
    answers = await asyncio.gather(*inserts, return_exceptions=True)
    assert {n for n, answer in enumerate(answers) if isinstance(answer, Duplicate)} == taken
    assert {n for n, answer in enumerate(answers) if answer is None} == set(range(MANY)) - taken
    assert {int(row["_id"]) async for row in documents.find({"by": "first"})} == taken
    assert await documents.count({"by": "second"}) == MANY - len(taken)


async def test_more_puts_at_once_than_a_command_takes_store_and_replace_wholly(documents):
    await asyncio.gather(*[documents.put({"_id": str(n), "old": n}) for n in range(0, MANY, 2)])
    await asyncio.gather(*[documents.put({"_id": str(n), "new": n}) for n in range(MANY)])
    assert [row async for row in documents.find({}, sort=[("new", 1)])] == [
        {"_id": str(n), "new": n} for n in range(MANY)
    ]


async def test_of_puts_of_one_document_at_once_the_last_asked_for_remains(documents):
    await asyncio.gather(*[documents.put({"_id": str(n % 3), "n": n}) for n in range(60)])
    assert sorted([row["n"] async for row in documents.find({})]) == [57, 58, 59]


async def test_first_puts_of_one_document_from_several_places_all_succeed(documents):
    own = getattr(documents, "_collection", None)
    places = [documents if own is None else MongoDocuments(own) for _ in range(4)]
    await asyncio.gather(*[place.put({"_id": str(n), "n": n}) for n in range(MANY) for place in places])
    assert [row["n"] async for row in documents.find({}, sort=[("n", 1)])] == list(range(MANY))


async def test_more_removals_at_once_than_a_command_takes_remove_what_they_name(documents):
    await asyncio.gather(*[documents.insert({"_id": str(n)}) for n in range(MANY)])
    gone = [str(n) for n in range(MANY - 5)] + ["nobody"]
    await asyncio.gather(*[documents.remove(key) for key in gone])
    assert sorted(await found(documents, {})) == [str(n) for n in range(MANY - 5, MANY)]


async def test_more_gets_at_once_than_a_command_takes_find_each_its_own(documents):
    await asyncio.gather(*[documents.insert({"_id": f"d{n}", "n": n, "text": "x" * 20_000}) for n in range(0, 500, 2)])
    keys = [f"d{n}" for n in range(500)]
    found = await asyncio.gather(*[documents.get(key) for key in keys])
    assert [one and one["n"] for one in found] == [n if n % 2 == 0 else None for n in range(500)]
    first, second = await asyncio.gather(documents.get("d2"), documents.get("d2"))
    assert first == second
    assert first is not second, "each caller's own"


async def test_a_long_answer_is_whole_and_in_order(documents):
    count = 2 * DOCUMENTS_PER_FETCH + 3
    await asyncio.gather(*[documents.insert({"_id": str(n), "n": n}) for n in range(count)])
    assert [row["n"] async for row in documents.find({}, sort=[("n", 1)])] == list(range(count))
    skipped = documents.find({}, sort=[("n", 1)], skip=2, limit=DOCUMENTS_PER_FETCH + 1)
    assert [row["n"] async for row in skipped] == list(range(2, DOCUMENTS_PER_FETCH + 3))


async def test_who_has_seen_enough_of_a_long_answer_leaves_it_and_asks_again(documents):
    await asyncio.gather(*[documents.insert({"_id": str(n), "n": n}) for n in range(2 * DOCUMENTS_PER_FETCH)])
    for _ in range(3):
        rows = documents.find({}, sort=[("n", 1)])
        assert (await anext(rows))["n"] == 0
        await rows.aclose()
    assert await documents.count({}) == 2 * DOCUMENTS_PER_FETCH


async def test_bytes_come_back_as_they_were(documents):
    await documents.insert({"_id": "a", "entries": bytes(range(256))})
    assert await documents.get("a") == {"_id": "a", "entries": bytes(range(256))}


async def test_what_is_not_there_is_none(documents):
    assert await documents.get("nobody") is None


async def test_put_stores_then_replaces_wholly(documents):
    await documents.put({"_id": "a", "old": 1})
    await documents.put({"_id": "a", "new": 2})
    assert await documents.get("a") == {"_id": "a", "new": 2}


async def test_marks_set_fields_and_leave_the_rest(documents):
    await documents.insert({"_id": "a", "scanned": False, "n": 1})
    await documents.mark("a", {"scanned": True})
    await documents.mark("nobody", {"scanned": True})
    assert await documents.get("a") == {"_id": "a", "scanned": True, "n": 1}
    assert await found(documents, {"scanned": False}) == []
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


class Bulk:
    """Stands for a motor collection whose bulk insert or replacement is partly refused."""

    def __init__(self, *failures: dict[str, Any]) -> None:
        self._error = BulkWriteError({"writeErrors": list(failures), "writeConcernErrors": []})
        self.replaced: list[str] = []

    async def insert_many(self, _: Any, *, ordered: bool) -> None:
        assert not ordered
        raise self._error

    async def replace_one(self, query: Any, _: Any, *, upsert: bool) -> None:
        assert upsert
        self.replaced.append(query["_id"])

    async def bulk_write(self, _: Any, *, ordered: bool) -> None:
        assert not ordered
        raise self._error


def bulk(*failures: dict[str, Any]) -> tuple[MongoDocuments, Bulk]:
    collection: Any = Bulk(*failures)
    return MongoDocuments(collection), collection


async def all_of(documents: MongoDocuments, kind: str) -> list[str]:
    """What becomes of three requests that go together."""
    requests = [getattr(documents, kind)({"_id": key}) for key in "abc"]
    return [type(answer).__name__ for answer in await asyncio.gather(*requests, return_exceptions=True)]


async def test_only_what_somebody_else_stored_first_is_replaced_again():
    documents, collection = bulk({"index": 1, "code": 11000, "errmsg": "duplicate key"})
    assert await all_of(documents, "put") == ["NoneType"] * 3
    assert collection.replaced == ["b"]


async def test_a_command_that_met_a_full_disk_is_an_outage_for_all_of_it():
    documents, _ = bulk({"index": 0, "code": 1, "errmsg": "database or disk is full"})
    for kind in ("insert", "put"):
        assert await all_of(documents, kind) == ["Unavailable"] * 3


async def test_what_is_wrong_with_a_request_is_not_taken_for_an_outage():
    with pytest.raises(OperationFailure):
        await failing(OperationFailure("unknown operator: $wrong", 2)).insert({"_id": "a"})
