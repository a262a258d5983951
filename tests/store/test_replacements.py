"""Many replacements in one command: what each becomes, and what the server answers. FerretDB's source is corrected for
them (docs/adr/0005); the embedded server is held to the same.
"""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient, ReplaceOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from shared.documents import MAX_DOCUMENTS_PER_COMMAND, Database

UNUSUAL = ["", ".", "$in", "a/b", "l'été", '"quoted"', "back\\slash", "<&>", "\u2028", "\U0001f3e0", "nul\0", "x" * 999]
ON_FERRETDB = pytest.mark.parametrize("url", [pytest.param("real", marks=pytest.mark.real)], indirect=True)


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_stack").environment()["ALS_MONGO_URL"]


@pytest.fixture
def collection(url: str) -> Iterator[Collection[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](url, retryWrites=False) as client:
        yield client["store_suite"][f"r{uuid4().hex}"]


def replace(collection: Collection[dict[str, Any]], *documents: dict[str, Any], upsert: bool = True) -> BulkWriteResult:
    replacing = [ReplaceOne({"_id": one["_id"]}, one, upsert=upsert) for one in documents]
    return collection.bulk_write(replacing, ordered=False)


def counts(result: BulkWriteResult) -> tuple[int, int, int]:
    """Matched, modified, upserted."""
    return result.matched_count, result.modified_count, result.upserted_count


def stored(collection: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(collection.find({}, sort=[("_id", 1)]))


@ON_FERRETDB  # the embedded server calls modified whatever it replaces
def test_new_changed_and_equal_documents_in_one_command_are_told_apart(collection):
    replace(collection, {"_id": "equal", "n": 1}, {"_id": "changed", "old": 1})
    after = [{"_id": "changed", "n": 2}, {"_id": "equal", "n": 1}, {"_id": "new", "n": 3}, {"_id": "newer"}]
    result = replace(collection, *after)
    assert counts(result) == (2, 1, 2)
    assert sorted((result.upserted_ids or {}).values()) == ["new", "newer"]
    assert stored(collection) == after


def test_new_documents_and_those_that_are_there_go_in_one_command(collection):
    replace(collection, {"_id": "b", "old": 1}, {"_id": "d", "old": 1})
    after = [{"_id": key, "n": 1} for key in "abcd"]
    assert counts(replace(collection, *after)) == (2, 2, 2)
    assert stored(collection) == after


def test_what_is_not_there_is_left_out_unless_it_may_be_inserted(collection):
    replace(collection, {"_id": "a", "n": 1}, {"_id": "b", "n": 1})
    result = replace(collection, {"_id": "b", "n": 2}, {"_id": "nobody", "n": 2}, upsert=False)
    assert counts(result) == (1, 1, 0)
    assert stored(collection) == [{"_id": "a", "n": 1}, {"_id": "b", "n": 2}]


def test_thousands_of_documents_in_one_command_are_all_stored_then_all_replaced(collection):
    keys = [f"{n:04}" for n in range(2_500)]
    assert counts(replace(collection, *[{"_id": key, "n": 0} for key in keys[::2]])) == (0, 0, 1_250)
    assert counts(replace(collection, *[{"_id": key, "n": 1} for key in keys])) == (1_250, 1_250, 1_250)
    assert stored(collection) == [{"_id": key, "n": 1} for key in keys]


def test_unusual_ids_name_their_own_document(collection):
    assert counts(replace(collection, *[{"_id": key, "old": 0} for key in UNUSUAL])) == (0, 0, len(UNUSUAL))
    result = replace(collection, *[{"_id": key, "n": n} for n, key in enumerate(UNUSUAL)])
    assert counts(result) == (len(UNUSUAL), len(UNUSUAL), 0)
    assert {one["_id"]: one["n"] for one in stored(collection)} == {key: n for n, key in enumerate(UNUSUAL)}


def test_of_replacements_of_one_document_in_one_command_the_last_remains(collection):
    assert counts(replace(collection, *[{"_id": "a", "n": n} for n in range(3)])) == (2, 2, 1)
    assert stored(collection) == [{"_id": "a", "n": 2}]


def test_replacements_by_other_fields_and_changes_of_fields_go_in_the_same_command(collection):
    replace(collection, {"_id": "a", "n": 1}, {"_id": "b", "n": 2}, {"_id": 3, "n": 3})
    changes = [
        ReplaceOne({"_id": "a"}, {"n": 5}),
        ReplaceOne({"n": 5}, {"m": 6}),
        UpdateOne({"_id": "b"}, {"$set": {"m": 7}}),
        ReplaceOne({"_id": 3}, {"m": 8}),
    ]
    assert counts(collection.bulk_write(changes, ordered=False)) == (4, 4, 0)
    assert {one["_id"]: one for one in stored(collection)} == {
        "a": {"_id": "a", "m": 6},
        "b": {"_id": "b", "n": 2, "m": 7},
        3: {"_id": 3, "m": 8},
    }


@ON_FERRETDB  # the embedded server lets an id be changed
def test_a_replacement_by_another_id_is_refused_and_those_before_it_are_stored(collection):
    replace(collection, {"_id": "a", "n": 1}, {"_id": "b", "n": 1})
    changes = [ReplaceOne({"_id": "a"}, {"n": 2}), ReplaceOne({"_id": "b"}, {"_id": "c", "n": 2})]
    with pytest.raises((BulkWriteError, KeyError)):  # FerretDB's answer lacks what pymongo looks for
        collection.bulk_write(changes, ordered=True)
    assert stored(collection) == [{"_id": "a", "n": 2}, {"_id": "b", "n": 1}]


def test_two_processes_that_put_the_same_new_documents_at_once_both_succeed(url, collection):
    together = threading.Barrier(2, timeout=60)

    async def put(by: int) -> None:
        database = Database(url, "store_suite", timeout_ms=30_000)
        documents = database.collection(collection.name)
        for turn in range(10):
            together.wait()
            keys = [f"{turn}-{n}" for n in range(MAX_DOCUMENTS_PER_COMMAND)]
            await asyncio.gather(*[documents.put({"_id": key, f"by{by}": by, "n": by}) for key in keys])
        database.close()

    failures: list[BaseException] = []

    def process(by: int) -> None:
        try:
            asyncio.run(put(by))
        except BaseException as error:
            failures.append(error)
            together.abort()

    processes = [threading.Thread(target=process, args=(by,)) for by in (1, 2)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert failures == []
    rows = stored(collection)
    assert len(rows) == 10 * MAX_DOCUMENTS_PER_COMMAND
    assert all(row == {"_id": row["_id"], f"by{row['n']}": row["n"], "n": row["n"]} for row in rows)
