"""Sixty-four landlords who submit at once: deposits a second, and how long the slowest hundredth waits."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from deploy.demo.letters import offer_letter_pdf, presentation_pdf
from deploy.demo.operations import OPERATIONS
from deploy.local.issuer import TokenRequest, load_key, mint
from deploy.local.process import Process, free_port, listening
from services.intake.handlers import GROUP
from services.intake.main import create_app
from services.intake.settings import IntakeSettings
from shared.auth import Role
from shared.clock import SystemClock
from shared.contracts.envelope import CampaignOpened
from shared.service import Service
from tests import facts
from tests.bench import bus, payloads, spent
from tests.bench.context import Context
from tests.bench.http import Connection
from tests.bench.lanes.ledger import inbox_of
from tests.unit.intake.samples import draft

CLIENTS = 64
START_SECONDS = 90
QUIET_SECONDS = 300
POLL_SECONDS = 0.05
TOKEN_SECONDS = 3600
SUBJECT = "representant"
BAILLEUR = facts.submitted().bailleur
KINDS = {"offer_letter": offer_letter_pdf, "presentation": presentation_pdf}

Measures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Ready:
    """A dossier that only waits to be submitted; `etag` is its draft's, where drafts have one."""

    dossier_id: str
    etag: str | None = None


# What each process has to take in, by its port.
Work = Mapping[int, Sequence[Ready]]


async def intake(context: Context, lane: str, processes: int) -> Measures:
    """The intake service, as many processes on one database, landlords spread over them."""
    name, token = context.name(lane), a_token(context)
    settings = settings_of(context, name)
    await open_campaign(settings, context.kafka)
    ports = [free_port() for _ in range(processes)]
    started = [
        Process(
            "intake",
            [sys.executable, "-m", "services.intake"],
            _log(context, f"{name}-{port}"),
            {f"ALS_{field.upper()}": value for field, value in (settings | {"http_port": str(port)}).items()},
        )
        for port in ports
    ]
    async with _serving(started, ports):
        work = await prepare(context.submissions, ports, token)
        for port in ports:
            await until(lambda port=port: published(port, token))
        began = time.perf_counter()
        measured = await submit_all(work, token, lane, _watched(context, started, "ferretdb", "kafka"))
        for port in ports:
            await until(lambda port=port: published(port, token))
        return measured | {f"{lane}-told": context.submissions / (time.perf_counter() - began)}


async def peer(context: Context, lane: str, processes: int) -> Measures:
    """FastAPI and PostgreSQL (tests/bench/peer.py), as many processes on one database."""
    name, token = context.name(lane), a_token(context)
    ports = [free_port() for _ in range(processes)]
    work = {
        port: [Ready(f"{name}-{number}") for number in range(place, context.submissions, processes)]
        for place, port in enumerate(ports)
    }
    form, documents = draft().model_dump(mode="json"), [facts.document(f"{name}-{kind}", kind) for kind in KINDS]
    kept = Jsonb([one.model_dump(mode="json") for one in documents])
    async with await AsyncConnection.connect(context.postgres) as connection:
        await connection.execute("INSERT INTO counter VALUES (%s, 0)", (name,))
        await connection.execute(
            "INSERT INTO bailleur VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (BAILLEUR.siren, SUBJECT, Jsonb(BAILLEUR.model_dump(mode="json"))),
        )
        rows = [(ready.dossier_id, name, BAILLEUR.siren, Jsonb(form), kept) for part in work.values() for ready in part]
        async with connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO draft VALUES (%s, %s, %s, %s, %s)", rows)
    started = [
        Process(
            "peer",
            [sys.executable, "-m", "tests.bench.peer"],
            _log(context, f"{name}-{port}"),
            {"PEER_DSN": context.postgres, "PEER_ISSUER": context.issuer, "PEER_PORT": str(port)},
        )
        for port in ports
    ]
    async with _serving(started, ports):
        return await submit_all(work, token, lane, _watched(context, started, "postgres"))


@asynccontextmanager
async def _serving(processes: Sequence[Process], ports: Sequence[int]) -> AsyncIterator[None]:
    try:
        for process, port in zip(processes, ports, strict=True):
            process.start()
            await asyncio.to_thread(process.wait_until, lambda port=port: listening(port), START_SECONDS)
        yield
    finally:
        for process in processes:
            await asyncio.to_thread(process.stop)


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(QUIET_SECONDS):
        while not await done():  # noqa: ASYNC110 (what another process does is asked for)
            await asyncio.sleep(POLL_SECONDS)


async def published(port: int, token: str) -> bool:
    connection = await Connection.open(port, token)
    answer = await connection.send("GET", "/metrics")
    await connection.close()
    return b"als_relay_backlog 0.0" in answer.body


def _watched(context: Context, started: Sequence[Process], *servers: str) -> dict[str, int]:
    """Whose processor time a deposit costs, besides the clients': they are this process."""
    services = {f"service-{place}": process.pid for place, process in enumerate(started)}
    return services | {name: context.servers[name] for name in servers}


async def submit_all(work: Work, token: str, lane: str, watched: Mapping[str, int] | None = None) -> Measures:
    """Each client has a connection to one process, as a landlord's browser has, and deposits what was saved there.

    With `watched`, the milliseconds of processor time that each part spent on a deposit until all were answered.
    """
    numbers, seconds = list[int](), list[float]()

    async def client(connection: Connection, waiting: Iterator[Ready]) -> None:
        for ready in waiting:
            began = time.perf_counter()
            headers = {"If_Match": ready.etag} if ready.etag else dict[str, str]()
            answer = await connection.send("POST", f"/dossiers/{ready.dossier_id}/submission", b"", **headers)
            seconds.append(time.perf_counter() - began)
            numbers.append(answer.json()["deposit_number"])

    async with _clients(list(work), token) as clients:
        waiting = {port: iter(part) for port, part in work.items()}
        before, here, began = spent.seconds(watched or {}), time.process_time(), time.perf_counter()
        await asyncio.gather(*[client(connection, waiting[port]) for port, connection in clients])
        elapsed, own = time.perf_counter() - began, time.process_time() - here
        after = spent.seconds(watched or {})
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "numbers have no gap"
    cost = {f"{lane}-cpu-clients": 1000 * own / len(numbers)} if watched else dict[str, float]()
    for name, total in after.items():
        part = f"{lane}-cpu-{name.split('-')[0]}"
        cost[part] = cost.get(part, 0) + 1000 * (total - before[name]) / len(numbers)
    return {lane: len(numbers) / elapsed, f"{lane}-p99": 1000 * statistics.quantiles(seconds, n=100)[98], **cost}


@asynccontextmanager
async def _clients(ports: Sequence[int], token: str) -> AsyncIterator[list[tuple[int, Connection]]]:
    """Connections spread evenly over the processes."""
    opened = [(port, await Connection.open(port, token)) for port in (ports[n % len(ports)] for n in range(CLIENTS))]
    yield opened
    for _, connection in opened:
        await connection.close()


def settings_of(context: Context, name: str) -> dict[str, str]:
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


async def open_campaign(settings: dict[str, str], bootstrap: str) -> None:
    """The campaign is open, as intake hears it from envelope."""
    campaign_id = settings["campaign_id"]
    adopted, meta = payloads.rules(campaign_id)
    event = CampaignOpened(campaign_id=campaign_id, rules=adopted.rules, opened_at=payloads.AT)
    service: Service = create_app(IntakeSettings.model_validate(settings)).state.service
    await inbox_of(service).handlers[CampaignOpened](event, meta)
    await bus.skip_history(bootstrap, GROUP)


async def prepare(count: int, ports: Sequence[int], token: str) -> Work:
    """Dossiers that only wait to be submitted, made through the API as landlords make them."""
    registration = BAILLEUR.model_dump(mode="json", exclude={"seat"}) | {
        "legal_category": "5546",
        "address": "1 place de la Mesure",
        "contact_email": "contact@example.org",
    }
    papers = {kind: make(OPERATIONS[0]) for kind, make in KINDS.items()}
    async with _clients(ports, token) as clients:
        (await clients[0][1].send("POST", "/bailleurs", _json(registration))).json()
        waiting, work = iter(range(count)), {port: list[Ready]() for port in ports}
        await asyncio.gather(*[_make(connection, waiting, work[port], papers) for port, connection in clients])
    return work


async def _make(connection: Connection, waiting: Iterator[int], made: list[Ready], papers: dict[str, bytes]) -> None:
    form = draft().model_dump_json().encode()
    for _ in waiting:
        begun = await connection.send("POST", "/dossiers", _json({"siren": BAILLEUR.siren}))
        path = f"/dossiers/{begun.json()['dossier_id']}"
        saved = await connection.send("PUT", path, form, If_Match=begun.headers["etag"])
        for kind, content in papers.items():
            target = f"{path}/documents/{kind}?filename={kind}.pdf"
            (await connection.send("POST", target, content, Content_Type="application/pdf")).json()
        made.append(Ready(saved.json()["dossier_id"], saved.headers["etag"]))


def a_token(context: Context) -> str:
    """Signed by the stack's issuer, on the real clock: a stepped one would cost each request a file read."""
    wanted = TokenRequest(sub=SUBJECT, roles=[Role.BAILLEUR], lifetime_seconds=TOKEN_SECONDS)
    return mint(load_key(context.data / "issuer-key.json"), context.issuer, SystemClock(), wanted)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _log(context: Context, name: str) -> Path:
    return context.data / "logs" / f"{name}.log"
