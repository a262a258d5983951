"""Sixty-four landlords who submit at once: deposits a second, and how long the slowest hundredth waits."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from aiokafka import AIOKafkaConsumer, TopicPartition
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pymongo import monitoring

from deploy.local.issuer import TokenRequest, load_key, mint
from deploy.local.process import Process, free_port, listening
from deploy.local.services import wait_for
from services.intake.handlers import GROUP
from services.intake.main import create_app
from services.intake.settings import IntakeSettings
from services.intake.store import Upload, Uploads
from shared.auth import Role
from shared.clock import SystemClock
from shared.contracts.envelope import CampaignOpened
from shared.scanner import ScanState
from shared.service import Service
from shared.topics import CONSUMERS, TOPICS
from tests import facts
from tests.bench import payloads
from tests.bench.context import Context
from tests.bench.http import Connection
from tests.bench.lanes.ledger import inbox_of
from tests.unit.intake.samples import draft

CLIENTS = 64
START_SECONDS = 90
TOKEN_SECONDS = 3600
SUBJECT = "representant"
BAILLEUR = facts.submitted().bailleur
KINDS = ("offer_letter", "presentation")

Measures = dict[str, float]


async def intake(context: Context, lane: str) -> Measures:
    """The intake service as its own process."""
    name = context.name(lane)
    settings = _settings(context, name)
    service = await _opened(settings, context.kafka)
    environment = {f"ALS_{field.upper()}": value for field, value in settings.items()}
    process = Process("intake", [sys.executable, "-m", "services.intake"], _log(context, name), environment)
    port, token = int(settings["http_port"]), _token(context)
    async with _serving(process, port):
        dossiers = await _prepare(service, context.submissions, port, token)
        return await _submit_all(port, token, dossiers, lane)


async def trips(context: Context, lane: str) -> float:
    """Round trips to the database a deposit costs the service, its relay and its own inbox included."""
    counted = _Trips()
    monitoring.register(counted)
    settings = _settings(context, context.name(lane))
    service = await _opened(settings, context.kafka)
    port, token = int(settings["http_port"]), _token(context)
    app = create_app(IntakeSettings.model_validate(settings))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.to_thread(_await_port, port)
        dossiers = await _prepare(service, context.submissions, port, token)
        before = counted.started_commands
        await _submit_all(port, token, dossiers, lane)
        return (counted.started_commands - before) / context.submissions
    finally:
        server.should_exit = True
        await serving


class _Trips(monitoring.CommandListener):
    """Counts what the driver sends."""

    def __init__(self) -> None:
        self.started_commands = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.started_commands += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Only what is sent counts."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Only what is sent counts."""


async def peer(context: Context, lane: str) -> Measures:
    """FastAPI and PostgreSQL (tests/bench/peer.py) as its own process."""
    name, port, token = context.name(lane), free_port(), _token(context)
    dossiers = [f"{name}-{number}" for number in range(context.submissions)]
    form, documents = draft().model_dump(mode="json"), [_document(name, kind).stored() for kind in KINDS]
    kept = Jsonb([one.model_dump(mode="json") for one in documents])
    async with await AsyncConnection.connect(context.postgres) as connection:
        await connection.execute("INSERT INTO counter VALUES (%s, 0)", (name,))
        await connection.execute(
            "INSERT INTO bailleur VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (BAILLEUR.siren, SUBJECT, Jsonb(BAILLEUR.model_dump(mode="json"))),
        )
        rows = [(dossier, name, BAILLEUR.siren, Jsonb(form), kept) for dossier in dossiers]
        async with connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO draft VALUES (%s, %s, %s, %s, %s)", rows)
    environment = {"PEER_DSN": context.postgres, "PEER_ISSUER": context.issuer, "PEER_PORT": str(port)}
    process = Process("peer", [sys.executable, "-m", "tests.bench.peer"], _log(context, name), environment)
    async with _serving(process, port):
        return await _submit_all(port, token, dossiers, lane)


@asynccontextmanager
async def _serving(process: Process, port: int) -> AsyncIterator[None]:
    process.start()
    try:
        await asyncio.to_thread(process.wait_until, lambda: listening(port), START_SECONDS)
        yield
    finally:
        await asyncio.to_thread(process.stop)


def _await_port(port: int) -> None:
    wait_for(lambda: listening(port), START_SECONDS, f"port {port}")


async def _submit_all(port: int, token: str, dossiers: Iterable[str], lane: str) -> Measures:
    waiting, numbers, seconds = iter(dossiers), list[int](), list[float]()

    async def client(connection: Connection) -> None:
        for dossier_id in waiting:
            began = time.perf_counter()
            answer = await connection.send("POST", f"/dossiers/{dossier_id}/submission")
            seconds.append(time.perf_counter() - began)
            numbers.append(answer.json()["deposit_number"])

    connections = [await Connection.open(port, token) for _ in range(CLIENTS)]
    began = time.perf_counter()
    await asyncio.gather(*[client(connection) for connection in connections])
    elapsed = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "numbers have no gap"
    return {lane: len(numbers) / elapsed, f"{lane}-p99": 1000 * statistics.quantiles(seconds, n=100)[98]}


def _settings(context: Context, name: str) -> dict[str, str]:
    return {
        "environment": "local",
        "http_port": str(free_port()),
        "mongo_url": context.mongo_url,
        "database": name,
        "campaign_id": name,
        "kafka_bootstrap": context.kafka,
        "oidc_issuer": context.issuer,
        "objects_directory": str(context.data / "objects"),
    }


async def _opened(settings: dict[str, str], bootstrap: str) -> Service:
    """The service's stores, with the campaign open, as intake hears it from envelope; it does not serve."""
    campaign_id = settings["campaign_id"]
    adopted, meta = payloads.rules(campaign_id)
    event = CampaignOpened(campaign_id=campaign_id, rules=adopted.rules, opened_at=payloads.AT)
    service: Service = create_app(IntakeSettings.model_validate(settings)).state.service
    await inbox_of(service).handlers[CampaignOpened](event, meta)
    await _skip_history(bootstrap)
    return service


async def _skip_history(bootstrap: str) -> None:
    """Leave what other lanes published unread: it is none of this campaign's."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number) for topic in CONSUMERS[GROUP] for number in range(TOPICS[topic].partitions)
        ]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def _prepare(service: Service, count: int, port: int, token: str) -> list[str]:
    """Dossiers that only wait to be submitted: made and saved through the API, their documents found safe."""
    uploads = Uploads(service.collection("uploads"))
    connections = [await Connection.open(port, token) for _ in range(CLIENTS)]
    registration = BAILLEUR.model_dump(mode="json") | {
        "legal_category": "5546",
        "address": "1 place de la Mesure",
        "contact_email": "contact@example.org",
    }
    (await connections[0].send("POST", "/bailleurs", _json(registration))).json()
    waiting, made = iter(range(count)), list[str]()
    await asyncio.gather(*[_make(connection, waiting, made, uploads) for connection in connections])
    for connection in connections:
        await connection.close()
    return made


async def _make(connection: Connection, waiting: Iterator[int], made: list[str], uploads: Uploads) -> None:
    form = draft().model_dump_json().encode()
    for _ in waiting:
        answer = await connection.send("POST", "/dossiers", _json({"siren": BAILLEUR.siren}))
        dossier_id = answer.json()["dossier_id"]
        saved = await connection.send("PUT", f"/dossiers/{dossier_id}", form, If_Match=answer.headers["etag"])
        assert saved.status == 200, saved
        for kind in KINDS:
            assert await uploads.add(_document(dossier_id, kind))
        made.append(dossier_id)


def _document(dossier_id: str, kind: str) -> Upload:
    return Upload(
        dossier_id=dossier_id,
        kind=kind,
        version=1,
        document_id=f"{dossier_id}-{kind}",
        filename=f"{kind}.pdf",
        object_key=f"dossiers/{dossier_id}/{kind}",
        media_type="application/pdf",
        sha256="0" * 64,
        size_bytes=1,
        pages=1,
        scan=ScanState.SAFE.value,
        uploaded_at=payloads.AT,
        uploaded_by=SUBJECT,
    )


def _token(context: Context) -> str:
    """Signed by the stack's issuer, on the real clock: a stepped one would cost each request a file read."""
    wanted = TokenRequest(sub=SUBJECT, roles=[Role.BAILLEUR], lifetime_seconds=TOKEN_SECONDS)
    return mint(load_key(context.data / "issuer-key.json"), context.issuer, SystemClock(), wanted)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _log(context: Context, name: str) -> Path:
    return context.data / "logs" / f"{name}.log"
