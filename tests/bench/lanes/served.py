"""Intake served in the lane's own process: what it asks of the database, and what it does without one."""

import asyncio
import contextvars
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from pymongo import monitoring
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.process import listening
from deploy.local.services import wait_for
from services.intake.domain import dossier
from services.intake.main import create_app
from services.intake.settings import IntakeSettings
from shared import service as wiring
from shared.service import Service
from tests.bench.context import Context
from tests.bench.lanes import submissions as outside
from tests.bench.lanes.submissions import START_SECONDS, Measures
from tests.handlers.bench import MemoryDatabase


async def trips(context: Context, lane: str) -> Measures:
    """Round trips to the database a deposit costs: until it is answered, and after by the relay and the inbox."""
    monitoring.register(_Trips())
    async with _served_here(context, lane) as (service, port, token):
        _by.set(BENCH)
        work = await outside.prepare(context.submissions, [port], token)
        await outside.until(lambda: outside.published(port, token))
        before = Counter(_sent)
        await outside.submit_all(work, token, lane)

        async def quiet() -> bool:
            shown = await service.view(dossier.KIND).count({"deposit_number": {"$gt": 0}})
            return shown == context.submissions and service.relay.backlog == 0

        await outside.until(quiet)
        spent = {by: (_sent[by] - before[by]) / context.submissions for by in (FOREGROUND, BACKGROUND)}
        return {lane: spent[FOREGROUND], f"{lane}-after": spent[BACKGROUND]}


async def without_database(context: Context, lane: str) -> float:
    """Deposits a second when documents are in memory: what is left is FastAPI, the domain, Kafka, and the clients."""
    stored = _Memory()
    wiring.Database = lambda *_: stored
    async with _served_here(context, lane) as (_, port, token):
        work = await outside.prepare(context.submissions, [port], token)
        await outside.until(lambda: outside.published(port, token))
        return (await outside.submit_all(work, token, lane))[lane]


class _Memory(MemoryDatabase):
    """One for every service that is wired."""

    async def check(self) -> None:
        """Always up."""

    def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def _served_here(context: Context, lane: str) -> AsyncIterator[tuple[Service, int, str]]:
    """Intake in this process, with its port and a token."""
    settings = outside.settings_of(context, context.name(lane))
    await outside.open_campaign(settings, context.kafka)
    port, token = int(settings["http_port"]), outside.a_token(context)
    app = create_app(IntakeSettings.model_validate(settings))
    server = uvicorn.Server(uvicorn.Config(_Foreground(app), port=port, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.to_thread(wait_for, lambda: listening(port), START_SECONDS, f"port {port}")
        yield app.state.service, port, token
    finally:
        server.should_exit = True
        await serving


BACKGROUND, FOREGROUND, BENCH = "background", "foreground", "bench"
_by = contextvars.ContextVar("_by", default=BACKGROUND)
_sent = Counter[str]()


class _Foreground:
    """ASGI middleware: what a request asks of the database is its own, in whichever thread the driver sends it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _by.set(FOREGROUND)
        await self._app(scope, receive, send)


class _Trips(monitoring.CommandListener):
    """Counts what the driver sends, by who asked."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        _sent[_by.get()] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Only what is sent counts."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Only what is sent counts."""
