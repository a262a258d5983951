"""The envelope service itself, wired by its own main, deciding deposits that wait in Kafka."""

import asyncio
import time
from dataclasses import replace
from typing import Any

from services.envelope.handlers import GROUP
from services.envelope.main import create_app
from services.envelope.usecases import Deposit
from shared.contracts.envelope import RESERVATION_TOPIC, RulesAdopted
from shared.contracts.intake import REGISTER_TOPIC, DossierSubmitted
from shared.fetching import MAX_BATCH_RECORDS
from shared.inbox import Inbox
from shared.service import Service
from tests.bench import bus, payloads
from tests.bench.context import Context

# One message at a time is measured on so many times fewer.
FEWER = 100


async def end_to_end(context: Context, lane: str, *, traced: bool = False) -> float:
    """Decisions a second: read from Kafka, decide, commit, publish, acknowledge.

    From the moment the first fetch is handed to the inbox to the moment the last reservation is published.
    """
    name, count = context.name(lane), context.decisions
    await bus.skip_history(context.kafka, GROUP)
    await bus.preload(context.kafka, REGISTER_TOPIC, payloads.deposits(name, count))
    start = await bus.end_of(context.kafka, RESERVATION_TOPIC)
    app = create_app(context.envelope(name, traced=traced))
    service: Service = app.state.service
    gate = Gate(inbox_of(service), count)
    await open_campaign(service, name)
    async with app.router.lifespan_context(app):
        await published(service)
        gate.open()
        await gate.passed()
        await published(service)
        await bus.acknowledged(context.kafka, GROUP, REGISTER_TOPIC)
        ended = await bus.published_at(context.kafka, RESERVATION_TOPIC, start, name, count)
    return count / (ended - gate.passed_at)


async def one_at_a_time(context: Context, lane: str) -> float:
    """The same service with the batch taken away: each message waits for the one before. Fewer of them: it is slow."""
    attach = Inbox.attach

    def single(self: Inbox, broker: Any, *, in_batches: bool = False, **options: Any) -> None:
        attach(self, broker, in_batches=False, **options)

    Inbox.attach = single
    return await end_to_end(replace(context, decisions=max(context.decisions // FEWER, 1)), lane)


async def from_memory(context: Context, lane: str) -> float:
    """Decisions a second without Kafka: as many at once as one fetch holds, decided and committed, not published."""
    name = context.name(lane)
    service = await opened(context, name)
    commands = list(payloads.deposits(name, context.decisions))
    began = time.perf_counter()
    await decide(service, commands)
    return context.decisions / (time.perf_counter() - began)


class Gate:
    """Holds back what the broker delivers until everything around it is up.

    `passed_at` is when the first fetch went through: joining the group, which may wait for the session of a member
    that left badly, is no part of deciding. Nor is asking the broker how far the group is, in the process that decides:
    who waits waits for the gate.
    """

    def __init__(self, inbox: Inbox, count: int) -> None:
        self.passed_at = 0.0
        self._opened = asyncio.Event()
        self._left = count
        self._passed = asyncio.Event()
        for method in ("receive", "receive_batch"):
            setattr(inbox, method, self._held(getattr(inbox, method)))

    def open(self) -> None:
        self._opened.set()

    async def passed(self) -> None:
        """Wait until all were handled. Raises: TimeoutError."""
        async with asyncio.timeout(bus.WAIT_SECONDS):
            await self._passed.wait()

    def _held(self, receive: Any) -> Any:
        async def held(message: Any) -> None:
            await self._opened.wait()
            self.passed_at = self.passed_at or time.time()
            await receive(message)
            self._left -= len(message.raw_message) if isinstance(message.raw_message, tuple) else 1
            if self._left <= 0:
                self._passed.set()

        return held


def inbox_of(service: Service) -> Inbox:
    assert service.inbox is not None
    return service.inbox


async def opened(context: Context, name: str) -> Service:
    """A service with an open campaign, neither serving nor consuming."""
    service: Service = create_app(context.envelope(name)).state.service
    await service.commits.index("stream")
    await open_campaign(service, name)
    return service


async def open_campaign(service: Service, campaign_id: str) -> None:
    await inbox_of(service).handlers[RulesAdopted](*payloads.rules(campaign_id))


async def published(service: Service) -> None:
    """Wait until the relay has published what opened the campaign: broker and relay are up."""
    async with asyncio.timeout(bus.WAIT_SECONDS):
        while service.relay.backlog:  # noqa: ASYNC110 (the relay tells nobody when it is done)
            await asyncio.sleep(bus.POLL_SECONDS)


async def decide(service: Service, commands: list[payloads.Command]) -> None:
    """Hand deposits to the service's handler as its inbox does: a fetch at a time, started in order, together."""
    handle = inbox_of(service).batch
    assert handle is not None
    for start in range(0, len(commands), MAX_BATCH_RECORDS):
        fetch = [(deposit_of(event), meta) for event, meta in commands[start : start + MAX_BATCH_RECORDS]]
        assert not any(await handle(fetch))


def deposit_of(event: DossierSubmitted) -> Deposit:
    """What the ledger reads of it."""
    return Deposit.model_validate(event, from_attributes=True)
