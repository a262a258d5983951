"""What a long history costs: to fold it, to keep it, to start again on it."""

import sqlite3
import time
from pathlib import Path

from services.envelope.domain.ledger import KIND
from services.envelope.main import create_app
from services.envelope.usecases import Deposit
from shared.clock import SystemClock
from shared.journal import Commit, Journal
from shared.service import Service
from tests.bench import payloads
from tests.bench.context import Context
from tests.bench.lanes.ledger import decide, deposit_of, inbox_of, opened

CHUNK = 10_000


async def replay(context: Context, lane: str) -> float:
    """Decisions folded a second, read from the database commit by commit and decoded, without a snapshot."""
    name = context.name(lane)
    service = await decided(context, name, context.replayed)
    journal = Journal(KIND, service.commits, SystemClock(), nothing)
    began = time.perf_counter()
    found = await journal.load(name)
    seconds = time.perf_counter() - began
    assert found.state.decided == context.replayed
    return context.replayed / seconds


async def stored_bytes(context: Context, lane: str) -> float:
    """Bytes a decision in FerretDB's file, indexes and whatever is kept beside the journal included."""
    name = context.name(lane)
    await opened(context, name)
    empty = _pages_bytes(context.data, name)
    await decided(context, name, context.replayed)
    return (_pages_bytes(context.data, name) - empty) / context.replayed


async def text_bytes(context: Context, lane: str) -> float:
    """Bytes a decision of the journal's own canonical text, which no database can go below without compressing."""
    name = context.name(lane)
    service = await decided(context, name, context.replayed)
    total = 0
    async for document in service.commits.find({"stream": KIND.stream(name)}):
        total += len(document["entries"].encode() if isinstance(document["entries"], str) else document["entries"])
    return total / context.replayed


async def restart(context: Context, length: int) -> float:
    """Seconds from wiring the service to its first decision on a history of `length` decisions.

    The interpreter's start and imports, the same for every length, are left out: they would flatter the ratio.
    The history is written in the first round; each round adds its one decision.
    """
    name = f"restart-{length}"
    if context.round == 0:
        await decided(context, name, length)
    ((event, meta),) = payloads.deposits(name, 1, first=length + context.round + 1)
    began = time.perf_counter()
    service: Service = create_app(context.envelope(name)).state.service
    await inbox_of(service).handlers[Deposit](deposit_of(event), meta)
    return time.perf_counter() - began


async def decided(context: Context, name: str, count: int) -> Service:
    """A ledger of `count` decisions, written by the service's own handler."""
    service = await opened(context, name)
    for first in range(1, count + 1, CHUNK):
        await decide(service, list(payloads.deposits(name, min(CHUNK, count + 1 - first), first)))
    return service


async def nothing(_: Commit, __: object) -> None:
    """No view, no relay."""


def _pages_bytes(data: Path, database: str) -> int:
    """Pages in use, after a checkpoint: what the database keeps, not what it has reserved."""
    (file,) = (data / "ferretdb").glob(f"{database}.sqlite")
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size, used, free = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
        ]
        return size * (used - free)
    finally:
        connection.close()
