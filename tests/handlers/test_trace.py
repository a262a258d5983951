"""One trace: from the request, through the commit and the message's headers, to the consumer's span and journal."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from faststream.kafka import TestKafkaBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.bus import Publisher, make_broker
from shared.documents import MemoryDocuments
from shared.events import Cause, MessageMeta
from shared.http import CORRELATION_HEADER, build_app, cause_of
from shared.inbox import Inbox
from shared.journal import Commit
from shared.journal.filled import Filled, Held, Place, Span
from shared.journal.outbox import Outbox
from shared.journal.relay import Outgoing, Relay
from shared.telemetry import current_traceparent
from tests.counter import KIND, Counted, count, make_journal
from tests.headers import headers

GROUP = "test.trace"
TRACEPARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Whatever ends from here on. The provider is the process's: it is set once."""
    exporter = InMemorySpanExporter()
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


class Pair:
    """A service that counts on request and publishes, and another that hears it and counts too."""

    def __init__(self) -> None:
        self.broker = make_broker("localhost:9092")
        self.made: list[Commit] = []
        self.heard: list[MessageMeta] = []
        self.copied: list[Commit] = []
        commits = MemoryDocuments()
        self.source = make_journal(commits, self.made)
        self.copy = make_journal(MemoryDocuments(), self.copied)
        self.publisher = Publisher(self.broker)
        outbox, abandoned, filled = Outbox(MemoryDocuments()), MemoryDocuments(), Filled(MemoryDocuments(), self._held)
        self.relay = Relay(commits, outbox, abandoned, filled, {KIND.name: KIND.topics}, self._publish, self._recover)
        inbox = Inbox(GROUP, {Counted: self._hear}, MemoryDocuments(), MemoryDocuments(), self.publisher)
        inbox.attach(self.broker)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self._app()), base_url="http://essai")

    def _app(self) -> FastAPI:
        router = APIRouter()

        @router.post("/counts")
        async def add(request: Request) -> None:
            await self.source.append("a", lambda _: count(1), cause_of(request, "user:u1"))

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield

        async def checks() -> dict[str, bool]:
            return {}

        return build_app("Essai", [router], lifespan, checks)

    async def _held(self, _: set[str]) -> Held:
        return {}

    async def _publish(self, outgoing: list[Outgoing]) -> dict[Place, Span]:
        # One by one: the test broker gives no future to wait for.
        for event, meta in outgoing:
            await self.publisher.send(event.topic or "", b"a", event.model_dump_json().encode(), headers(meta))
        return {}

    async def _recover(self, _: Commit) -> None:
        return None

    async def _hear(self, event: Counted, meta: MessageMeta) -> None:
        self.heard.append(meta)
        await self.copy.append(event.dossier_id, lambda _: count(event.amount), meta.cause("test"))

    async def deliver(self) -> None:
        for commit in self.made:
            self.relay.enqueue(commit)
        async with TestKafkaBroker(self.broker):
            await self.relay._drain()


def only(spans: InMemorySpanExporter, kind: trace.SpanKind) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.kind is kind]
    return found


def cause_in(commits: list[Commit]) -> Cause:
    (commit,) = commits
    (entry,) = commit.decoded()
    return entry.cause


def ids(traceparent: str | None) -> tuple[int, int]:
    """The trace and the span a W3C traceparent names."""
    assert traceparent is not None
    found = TRACEPARENT.fullmatch(traceparent)
    assert found, traceparent
    return int(found[1], 16), int(found[2], 16)


def context(span: ReadableSpan) -> Any:
    assert span.context is not None
    return span.context


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    async with made.client:
        yield made


async def test_a_request_is_followed_to_what_another_service_records(pair: Pair, spans: InMemorySpanExporter):
    given = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", CORRELATION_HEADER: "demande-7"}
    assert (await pair.client.post("/counts", headers=given)).status_code == 200
    await pair.deliver()

    server = context(only(spans, trace.SpanKind.SERVER))
    assert server.trace_id == int("ab" * 16, 16), "the caller's trace goes on"
    recorded = cause_in(pair.made)
    assert ids(recorded.traceparent) == (server.trace_id, server.span_id)
    (meta,) = pair.heard
    assert (meta.traceparent, meta.correlation) == (recorded.traceparent, "demande-7")

    consumer = only(spans, trace.SpanKind.CONSUMER)
    assert consumer.name == f"{GROUP} Counted"
    assert context(consumer).trace_id == server.trace_id
    assert consumer.parent is not None
    assert consumer.parent.span_id == server.span_id

    copied = cause_in(pair.copied)
    assert (copied.causation, copied.correlation) == ("counter:a#1.1", "demande-7")
    assert ids(copied.traceparent)[0] == server.trace_id


async def test_a_message_without_a_trace_begins_one(pair: Pair, spans: InMemorySpanExporter):
    await pair.source.append("a", lambda _: count(1), Cause("service:test", "c0ffee"))
    await pair.deliver()
    assert [meta.traceparent for meta in pair.heard] == [None]
    assert only(spans, trace.SpanKind.CONSUMER).parent is None


def test_outside_a_span_there_is_nothing_to_follow():
    assert current_traceparent() is None
