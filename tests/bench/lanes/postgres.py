"""What a user would build instead: one budget row in PostgreSQL, every decision durable when it is answered.

The peer is spared what the ledger does besides: strict number order, the hash chain, causation, an outbox in order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from psycopg import AsyncConnection

from shared.contracts.intake import DossierSubmitted
from tests.bench import payloads
from tests.bench.context import Context

SCHEMA = """
CREATE TABLE budget (
    campaign_id text PRIMARY KEY, cap_cents bigint NOT NULL, reserved_cents bigint NOT NULL, decided bigint NOT NULL,
    CHECK (reserved_cents <= cap_cents)
);
CREATE TABLE reservation (
    campaign_id text NOT NULL, dossier_id text NOT NULL, place bigint NOT NULL, deposit_number bigint NOT NULL,
    amount_cents bigint NOT NULL, decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    correlation text NOT NULL, published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (campaign_id, dossier_id)
);
"""
LOCK = "SELECT cap_cents, reserved_cents, decided FROM budget WHERE campaign_id = %s FOR UPDATE"
INSERT = """
INSERT INTO reservation (campaign_id, dossier_id, place, deposit_number, amount_cents, correlation)
VALUES (%s, %s, %s, %s, %s, %s)
"""
UPDATE = "UPDATE budget SET reserved_cents = %s, decided = %s WHERE campaign_id = %s"
STATEMENT = """
WITH taken AS (
    UPDATE budget SET reserved_cents = reserved_cents + %(amount)s, decided = decided + 1
    WHERE campaign_id = %(campaign)s AND reserved_cents + %(amount)s <= cap_cents
      AND NOT EXISTS (SELECT FROM reservation WHERE campaign_id = %(campaign)s AND dossier_id = %(dossier)s)
    RETURNING decided
)
INSERT INTO reservation (campaign_id, dossier_id, place, deposit_number, amount_cents, correlation)
SELECT %(campaign)s, %(dossier)s, decided, %(number)s, %(amount)s, %(correlation)s FROM taken
"""

# A decision takes about as long whatever their number, a millisecond: so many times fewer are enough.
FEWER = 5

Decide = Callable[[AsyncConnection, payloads.Command], Awaitable[None]]


async def locked_row(context: Context, lane: str, connections: int) -> float:
    """Decisions a second by `SELECT … FOR UPDATE`, a decision in Python, an insert and an update, one transaction."""
    return await _decisions(context, lane, connections, _locked)


async def one_statement(context: Context, lane: str, connections: int) -> float:
    """Decisions a second by one statement that takes the amount and records the reservation."""
    return await _decisions(context, lane, connections, _in_one)


async def _decisions(context: Context, lane: str, connections: int, decide: Decide) -> float:
    name, count = context.name(lane), max(context.decisions // FEWER, 1)
    commands = list(payloads.deposits(name, count))
    opened = [await AsyncConnection.connect(context.postgres, autocommit=True) for _ in range(connections)]
    try:
        await opened[0].execute("INSERT INTO budget VALUES (%s, %s, 0, 0)", (name, payloads.ROOM_CENTS))
        waiting = iter(commands)
        began = time.perf_counter()
        await asyncio.gather(*[_work(connection, waiting, decide) for connection in opened])
        seconds = time.perf_counter() - began
        await _check(opened[0], name, count)
    finally:
        for connection in opened:
            await connection.close()
    return count / seconds


async def _work(connection: AsyncConnection, waiting: Iterator[payloads.Command], decide: Decide) -> None:
    for command in waiting:
        await decide(connection, command)


async def _locked(connection: AsyncConnection, command: payloads.Command) -> None:
    event, meta = command
    async with connection.transaction():
        found = await (await connection.execute(LOCK, (event.campaign_id,))).fetchone()
        assert found is not None
        cap, reserved, decided = found
        assert reserved + event.principal_cents <= cap
        row = (event.campaign_id, event.dossier_id, decided + 1, event.deposit_number, event.principal_cents)
        await connection.execute(INSERT, (*row, meta.correlation))
        await connection.execute(UPDATE, (reserved + event.principal_cents, decided + 1, event.campaign_id))


async def _in_one(connection: AsyncConnection, command: payloads.Command) -> None:
    event, meta = command
    done = await connection.execute(STATEMENT, _parameters(event) | {"correlation": meta.correlation})
    assert done.rowcount == 1


def _parameters(event: DossierSubmitted) -> dict[str, str | int]:
    return {
        "campaign": event.campaign_id,
        "dossier": event.dossier_id,
        "number": event.deposit_number,
        "amount": event.principal_cents,
    }


async def _check(connection: AsyncConnection, campaign_id: str, count: int) -> None:
    """Every deposit was decided once."""
    query = "SELECT decided, (SELECT count(*) FROM reservation r WHERE r.campaign_id = b.campaign_id) FROM budget b"
    found = await (await connection.execute(query + " WHERE campaign_id = %s", (campaign_id,))).fetchone()
    assert found == (count, count), found
