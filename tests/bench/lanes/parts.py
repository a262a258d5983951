"""The ledger's work in parts, to see which one bounds it. Each tells decisions a second."""

import time

from services.envelope.domain.ledger import KIND
from services.envelope.usecases import Deposit
from shared import service as wiring
from shared.bus import raw_headers, read_event, read_meta
from shared.clock import SystemClock
from shared.fetching import MAX_BATCH_RECORDS
from shared.journal import Journal
from tests.bench import payloads
from tests.bench.context import Context
from tests.bench.lanes import ledger
from tests.bench.lanes.history import decided, nothing
from tests.bench.lanes.raw import at_once, opened_ledger
from tests.handlers.bench import MemoryDatabase


async def reading(context: Context, lane: str) -> float:
    """Headers and JSON into validated events."""
    commands = payloads.deposits(context.name(lane), context.decisions)
    messages = [(event.model_dump_json().encode(), raw_headers(meta)) for event, meta in commands]
    began = time.perf_counter()
    for body, named in messages:
        read_event(body, read_meta(named), Deposit)
    return len(messages) / (time.perf_counter() - began)


async def deciding(context: Context, lane: str) -> float:
    """The domain alone: decide and fold, a fetch at once."""
    name = context.name(lane)
    state, now = opened_ledger(name), SystemClock().now()
    commands = [ledger.deposit_of(event) for event, _ in payloads.deposits(name, context.decisions)]
    began = time.perf_counter()
    for start in range(0, len(commands), MAX_BATCH_RECORDS):
        _, state = at_once(state, commands[start : start + MAX_BATCH_RECORDS], now)
    return len(commands) / (time.perf_counter() - began)


async def in_memory(context: Context, lane: str) -> float:
    """The service's handler and its journal on documents in memory: all but Kafka and the database."""
    wiring.Database = MemoryDatabase
    return await ledger.from_memory(context, lane)


async def history_read(context: Context, lane: str) -> float:
    """A history's commits brought from the database, not looked into."""
    name = context.name(lane)
    service = await decided(context, name, context.replayed)
    began = time.perf_counter()
    found = service.commits.find({"stream": KIND.stream(name)}, sort=[("version", 1)])
    assert [document async for document in found]
    return context.replayed / (time.perf_counter() - began)


async def history_decoded(context: Context, lane: str) -> float:
    """The same, decoded into events, not folded."""
    name = context.name(lane)
    service = await decided(context, name, context.replayed)
    journal = Journal(KIND, service.commits, SystemClock(), nothing)
    began = time.perf_counter()
    events = [event async for event in journal.events(name)]
    assert len(events) >= context.replayed
    return context.replayed / (time.perf_counter() - began)
