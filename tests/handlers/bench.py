"""A whole service on FastStream's test broker and documents in memory: built as its main builds it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from faststream.kafka import TestKafkaBroker

from shared.documents import Documents, MemoryDocuments
from shared.events import Cause, Event, MessageMeta
from shared.inbox import Inbox
from shared.journal import Commit
from shared.journal.verify import verify
from shared.service import Service
from shared.settings import ServiceSettings
from tests.announced import announced
from tests.counter import START, FixedClock
from tests.headers import headers

FACTS = announced()
CORRELATION = "c0ffee"


class MemoryDatabase:
    """Stands for one service's database."""

    def __init__(self, *_: Any) -> None:
        self._collections: dict[str, MemoryDocuments] = {}

    def collection(self, name: str) -> Documents:
        return self._collections.setdefault(name, MemoryDocuments())


class Bench:
    """A service that hears facts; `journal` and `view` tell what came of them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._sequences: dict[str, int] = {}

    @property
    def inbox(self) -> Inbox:
        assert self.service.inbox is not None
        return self.service.inbox

    async def hear(self, *facts: type[Event] | Event) -> None:
        """Publish each fact as its producer's relay would: one stream a topic, in sequence."""
        for fact in facts:
            event = FACTS[fact] if isinstance(fact, type) else fact
            assert event.topic is not None
            self._sequences[event.topic] = self._sequences.get(event.topic, 0) + 1
            await self.send(event, self._sequences[event.topic])

    async def send(self, event: Event, sequence: int) -> None:
        assert event.topic is not None
        stream = f"test:{event.topic}"
        meta = MessageMeta(
            id=f"{stream}#{sequence}.1",
            type=type(event).__name__,
            schema_version=event.schema_version,
            stream=stream,
            version=sequence,
            sequence=sequence,
            time=START,
            correlation=CORRELATION,
        )
        body = event.model_dump_json().encode()
        await self.service.broker.publish(body, event.topic, key=b"a", headers=headers(meta))

    async def commits(self, stream: str) -> list[Commit]:
        found = self.service.commits.find({"stream": stream}, sort=[("version", 1)])
        return [Commit.from_document(document) async for document in found]

    async def journal(self, stream: str) -> list[str]:
        """The types of the events of a stream, in order."""
        entries = [entry for commit in await self.commits(stream) for entry in commit.decoded()]
        return [type(event).__name__ for entry in entries for event in entry.events]

    async def hear_twice(self, fact: type[Event], stream: str) -> Cause:
        """Deliver one fact twice; the cause of what the stream recorded, once."""
        for _ in range(2):
            await self.send(FACTS[fact], 1)
        (commit,) = await self.commits(stream)
        (entry,) = commit.decoded()
        assert entry.cause.correlation == CORRELATION
        return entry.cause

    async def view(self, kind: str, key: str) -> dict[str, Any]:
        found = await self.service.collection(f"view_{kind}").get(key)
        assert found is not None, f"no view of {kind}:{key}"
        return found

    async def check(self) -> None:
        """Whatever was heard, the journal holds and nothing was put aside."""
        assert (await verify(self.service.commits.find({}, sort=[("version", 1)]))).clean
        assert await self.service.collection("parked").count({}) == 0


@asynccontextmanager
async def bench(
    monkeypatch: pytest.MonkeyPatch, create_app: Callable[[Any], FastAPI], settings: ServiceSettings
) -> AsyncIterator[Bench]:
    monkeypatch.setattr("shared.service.Database", MemoryDatabase)
    monkeypatch.setattr("shared.clock.SystemClock", FixedClock)
    service: Service = create_app(settings).state.service
    dead: list[str] = []

    async def bury(_: Any, __: Any, ___: Any, raw: dict[str, str]) -> None:
        dead.append(f"{raw['ce_type']}: {raw['als_detail']}")

    monkeypatch.setattr(service.publisher, "send", bury)
    async with TestKafkaBroker(service.broker):
        assert service.inbox is not None
        await service.inbox.acknowledging.settle()  # nothing goes on beside what a test looks at
        made = Bench(service)
        yield made
        await made.check()
    assert dead == []


def local(cls: type[ServiceSettings], **given: Any) -> ServiceSettings:
    """Settings of a service that no server answers."""
    base = {
        "environment": "local",
        "http_port": 1,
        "mongo_url": "mongodb://localhost",
        "kafka_bootstrap": "localhost:9092",
        "oidc_issuer": "http://localhost",
        "objects_directory": "/nowhere",
    }
    return cls(**base | given)
