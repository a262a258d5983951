"""A service that starts again and decides: `python -m tests.bench.first_decision NAME NUMBER`, its context on standard
input. Imports what the service imports, and prints the seconds from its wiring to its first decision.
"""

import asyncio
import sys
import time

from services.envelope.main import create_app
from services.envelope.usecases import Deposit
from shared.main import calm_collector
from shared.service import Service
from tests.bench import payloads
from tests.bench.context import Context


async def decide(context: Context, name: str, number: int) -> float:
    ((event, meta),) = payloads.deposits(name, 1, first=number)
    began = time.perf_counter()
    service: Service = create_app(context.envelope(name)).state.service
    assert service.inbox is not None
    await service.inbox.handlers[Deposit](Deposit.model_validate(event, from_attributes=True), meta)
    return time.perf_counter() - began


if __name__ == "__main__":
    given = Context.from_json(sys.stdin.read())
    calm_collector()
    seconds = asyncio.run(decide(given, sys.argv[1], int(sys.argv[2])))
    sys.stdout.write(f"{seconds}\n")
