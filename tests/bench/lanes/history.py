"""What a long history costs: to fold it, to keep it, to start again on it."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from services.envelope.domain.ledger import KIND
from shared.clock import SystemClock
from shared.journal import Commit, Journal
from shared.service import Service
from tests.bench import payloads
from tests.bench.context import Context
from tests.bench.lanes.ledger import decide, opened

CHUNK = 10_000
# Decisions that end a history.
SETTLING = 3


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


async def restart(context: Context, lane: str, length: int) -> dict[str, float]:
    """Seconds from starting a process to its first decision on a history of `length` decisions, and of these from its
    wiring on: the interpreter's start and the imports are the same for every length.

    The history is written in the first round, and its last snapshot waited for; each round adds its decision.
    """
    name = f"restart-{length}"
    if context.round == 0:
        await at_rest(await decided(context, name, length), name, length)
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.first_decision", name, str(length + SETTLING + context.round + 1)]
    done = await asyncio.to_thread(
        subprocess.run, command, input=context.to_json(), stdout=subprocess.PIPE, text=True, check=True, timeout=600
    )
    seconds = time.perf_counter() - began
    return {lane: seconds, f"{lane}-wired": float(done.stdout)}


async def at_rest(service: Service, name: str, length: int) -> None:
    """Some decisions more, one after the other: what a burst left to be stored is stored behind them."""
    for deposit in payloads.deposits(name, SETTLING, first=length + 1):
        await decide(service, [deposit])
        await service.settled()


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
