"""The document database behind one small port. motor is used here and nowhere else (docs/adr/0004)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any, Protocol

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, ExecutionTimeout, PyMongoError

from shared.errors import Unavailable
from shared.together import Together

OUT_OF_DISK_SPACE = 14031
DUPLICATE_KEY = 11000
MAX_DOCUMENTS_PER_COMMAND = 200
# How many documents of a long answer are brought at once, while those before are looked at.
DOCUMENTS_PER_FETCH = 500

Document = dict[str, Any]
Sort = Sequence[tuple[str, int]]


class Duplicate(Exception):
    """The `_id` is taken."""


class Documents(Protocol):
    """One collection. Inserts with a unique `_id` are the only compare-and-set anybody may rely on.

    Every method raises shared.errors.Unavailable("database") when the server does not answer.
    """

    async def insert(self, document: Document) -> None:
        """Store a new document. Raises: Duplicate."""
        ...

    async def get(self, key: str) -> Document | None: ...

    def find(
        self, query: Mapping[str, Any], *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> AsyncIterator[Document]: ...

    async def put(self, document: Document) -> None:
        """Store or replace the document with this `_id`, wholly."""
        ...

    async def mark(self, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields of one document; nothing when it is not there."""
        ...

    async def remove(self, key: str) -> None: ...

    async def count(self, query: Mapping[str, Any]) -> int: ...

    async def clear(self) -> None:
        """Remove everything (projections only)."""
        ...

    async def index(self, field: str) -> None: ...


@contextmanager
def _translated():
    try:
        yield
    except DuplicateKeyError as error:
        raise Duplicate from error
    except (ConnectionFailure, ExecutionTimeout) as error:
        raise Unavailable("database") from error
    except PyMongoError as error:
        if _passes(error):
            raise Unavailable("database") from error
        raise


def _passes(error: PyMongoError) -> bool:
    """A server that is being stopped, or whose disk is full, answers with many codes; only what names it is waited
    for. FerretDB says InternalError and means it by its text.
    """
    if error.has_error_label("RetryableWriteError") or getattr(error, "code", None) == OUT_OF_DISK_SPACE:
        return True
    return any(word in str(error).lower() for word in ("closed", "disk is full", "disk i/o error"))


class MongoDocuments:
    """A collection of a Mongo-wire server (STACKS: MongoDB, FerretDB, nx-27017).

    Requests of a kind that are made while one is under way go to the server as one command.
    """

    def __init__(self, collection: "AsyncIOMotorCollection[Document]") -> None:
        self._collection = collection
        self._gets = Together(self._get_all, None, MAX_DOCUMENTS_PER_COMMAND)
        self._inserts = Together(self._insert_all, _key, MAX_DOCUMENTS_PER_COMMAND)
        self._puts = Together(self._put_all, _key, MAX_DOCUMENTS_PER_COMMAND)
        self._removals = Together(self._remove_all, str, MAX_DOCUMENTS_PER_COMMAND)

    async def insert(self, document: Document) -> None:
        await self._inserts.add(dict(document))

    async def get(self, key: str) -> Document | None:
        return await self._gets.add(key)

    async def find(
        self, query: Mapping[str, Any], *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> AsyncIterator[Document]:
        cursor = self._collection.find(dict(query), batch_size=DOCUMENTS_PER_FETCH)
        if sort:
            cursor = cursor.sort(list(sort))
        if skip:
            cursor = cursor.skip(skip)
        if limit:
            cursor = cursor.limit(limit)
        coming = asyncio.ensure_future(cursor.to_list(DOCUMENTS_PER_FETCH))
        try:
            while True:
                with _translated():
                    found = await coming
                if not found:
                    return
                coming = asyncio.ensure_future(cursor.to_list(DOCUMENTS_PER_FETCH))
                for document in found:
                    yield document
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError, PyMongoError):
                await coming

    async def put(self, document: Document) -> None:
        await self._puts.add(dict(document))

    async def mark(self, key: str, fields: Mapping[str, Any]) -> None:
        with _translated():
            await self._collection.update_one({"_id": key}, {"$set": dict(fields)})

    async def remove(self, key: str) -> None:
        await self._removals.add(key)

    async def count(self, query: Mapping[str, Any]) -> int:
        with _translated():
            return await self._collection.count_documents(dict(query))

    async def clear(self) -> None:
        with _translated():
            await self._collection.delete_many({})

    async def index(self, field: str) -> None:
        with _translated():
            await self._collection.create_index(field)

    async def _get_all(self, keys: list[str]) -> list[Document | None]:
        with _translated():
            if len(keys) == 1:
                return [await self._collection.find_one({"_id": keys[0]})]
            once = list(dict.fromkeys(keys))
            cursor = self._collection.find({"_id": {"$in": once}}, batch_size=len(once) + 1)
            found = {document["_id"]: document for document in await cursor.to_list(None)}
        # Who reads the same one changes his own.
        return [found.get(key) if len(once) == len(keys) else deepcopy(found.get(key)) for key in keys]

    async def _insert_all(self, documents: list[Document]) -> list[Exception | None]:
        with _translated():
            if len(documents) == 1:
                await self._collection.insert_one(documents[0])
                return [None]
            try:
                await self._collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                return _outcomes(error, len(documents))
            return [None] * len(documents)

    async def _put_all(self, documents: list[Document]) -> list[Exception | None]:
        with _translated():
            if len(documents) == 1:
                await self._put_one(documents[0])
                return [None]
            try:
                replacing = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in documents]
                await self._collection.bulk_write(replacing, ordered=False)
            except BulkWriteError as error:
                # Those only: the others are stored, and somebody may have stored something newer since.
                for one, outcome in zip(documents, _outcomes(error, len(documents)), strict=True):
                    if outcome is not None:
                        await self._put_one(one)
            except KeyError:  # FerretDB's answer to a lost race lacks what pymongo looks for; which one lost is unknown
                for one in documents:
                    await self._put_one(one)
        return [None] * len(documents)

    async def _put_one(self, document: Document) -> None:
        try:
            await self._collection.replace_one({"_id": document["_id"]}, document, upsert=True)
        except DuplicateKeyError:
            # Two first writers: the other's insert won, ours becomes a plain replacement.
            await self._collection.replace_one({"_id": document["_id"]}, document)

    async def _remove_all(self, keys: list[str]) -> list[Exception | None]:
        with _translated():
            await self._collection.delete_many({"_id": {"$in": keys}})
        return [None] * len(keys)


def _key(document: Document) -> str:
    return document["_id"]


def _outcomes(error: BulkWriteError, count: int) -> list[Exception | None]:
    """Each document's own. Raises the error itself when it is not about single documents."""
    failures = error.details["writeErrors"]
    if not failures or any(failure["code"] != DUPLICATE_KEY for failure in failures):
        raise error
    taken = {failure["index"] for failure in failures}
    return [Duplicate() if place in taken else None for place in range(count)]


class Database:
    """One service's database; short time-outs, so that a dead server is noticed within seconds.

    `timeout_ms` bounds each operation.
    """

    def __init__(self, url: str, name: str, *, timeout_ms: int = 3_000) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=timeout_ms,
            connectTimeoutMS=timeout_ms,
            socketTimeoutMS=timeout_ms * 2,
            retryWrites=False,  # the journal retries the same bytes itself; see docs/adr/0001
            tz_aware=True,
        )
        self._database = self._client.get_database(name, codec_options=CodecOptions(tz_aware=True))

    def collection(self, name: str) -> MongoDocuments:
        return MongoDocuments(self._database[name])

    async def check(self) -> None:
        """Raises Unavailable when the server does not answer."""
        with _translated():
            await self._client.admin.command("ping")

    def close(self) -> None:
        self._client.close()


def _nothing_first(value: Any) -> tuple[bool, Any]:
    """As a server orders what has no value."""
    return value is not None, value


class MemoryDocuments:
    """The same port in memory, for tests of pure logic; the store suite holds it to the same behaviour."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    async def insert(self, document: Document) -> None:
        if document["_id"] in self._documents:
            raise Duplicate
        self._documents[document["_id"]] = dict(document)

    async def get(self, key: str) -> Document | None:
        found = self._documents.get(key)
        return None if found is None else dict(found)

    async def find(
        self, query: Mapping[str, Any], *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> AsyncIterator[Document]:
        found = [document for document in self._documents.values() if _matches(document, query)]
        for field, direction in reversed(list(sort)):
            found.sort(key=lambda document, field=field: _nothing_first(document[field]), reverse=direction < 0)
        for document in found[skip : skip + limit if limit else None]:
            yield dict(document)

    async def put(self, document: Document) -> None:
        self._documents[document["_id"]] = dict(document)

    async def mark(self, key: str, fields: Mapping[str, Any]) -> None:
        if key in self._documents:
            self._documents[key] |= dict(fields)

    async def remove(self, key: str) -> None:
        self._documents.pop(key, None)

    async def count(self, query: Mapping[str, Any]) -> int:
        return sum(1 for document in self._documents.values() if _matches(document, query))

    async def clear(self) -> None:
        self._documents.clear()

    async def index(self, field: str) -> None:
        """Memory needs none."""


_OPERATORS = {
    "$gt": lambda left, right: left > right,
    "$lt": lambda left, right: left < right,
    "$gte": lambda left, right: left >= right,
    "$lte": lambda left, right: left <= right,
    "$in": lambda left, right: left in right,
    "$ne": lambda left, right: left != right,
}


def _matches(document: Document, query: Mapping[str, Any]) -> bool:
    for field, wanted in query.items():
        value = document.get(field)
        if isinstance(wanted, Mapping):
            if not all(value is not None and _OPERATORS[name](value, bound) for name, bound in wanted.items()):
                return False
        elif isinstance(value, list | tuple) and not isinstance(wanted, list | tuple):
            if wanted not in value:
                return False
        elif value != wanted:
            return False
    return True
