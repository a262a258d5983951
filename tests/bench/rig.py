"""The servers of one run, and the rounds: every lane once a round, each in a new process."""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deploy.local.real import RealStack
from tests.bench import bus, peer
from tests.bench.context import Context
from tests.bench.lane import environment
from tests.bench.lanes import postgres as budget
from tests.bench.lanes.raw import COMMANDS
from tests.bench.postgres import Postgres

LANE_SECONDS = 60 * 60
ERROR_CHARACTERS = 300

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each round does, in decisions (or deposits)."""

    decisions: int
    replayed: int
    long: int
    submissions: int


@dataclass(slots=True)
class Measured:
    """One value a round by lane; why a lane has none."""

    values: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    postgres: dict[str, str] = field(default_factory=dict)
    rounds: int = 0


class _Sink(BaseHTTPRequestHandler):
    """Takes spans and forgets them, so that exporting has somewhere to go."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Nothing to tell."""


@contextmanager
def collector() -> Iterator[str]:
    """The address of a trace collector on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def measure(data: Path, lanes: Sequence[str], rounds: int, minutes: float, sizes: Sizes, say: Say) -> Measured:
    """Start everything, measure, stop everything. A lane that fails is left out of later rounds; no round begins after
    so many minutes.
    """
    found, until = Measured(), time.monotonic() + 60 * minutes
    with RealStack(data, fresh=True) as stack, Postgres() as postgres, collector() as traces:
        postgres.create(budget.SCHEMA + peer.SCHEMA)
        found.postgres = postgres.stated()
        asyncio.run(bus.create_topics(stack.bootstrap, [COMMANDS]))
        context = Context(
            kafka=stack.bootstrap,
            mongo_url=stack.environment()["ALS_MONGO_URL"],
            postgres=postgres.dsn,
            issuer=stack.issuer,
            traces=traces,
            data=stack.data,
            decisions=sizes.decisions,
            replayed=sizes.replayed,
            long=sizes.long,
            submissions=sizes.submissions,
            servers={
                "ferretdb": stack.processes["mongo"].pid,
                "kafka": stack.processes["kafka"].pid,
                "postgres": postgres.pid,
            },
        )
        for number in range(rounds):
            if time.monotonic() > until:
                break
            found.rounds = number + 1
            _round(replace(context, round=number), lanes, found, say)
    return found


def _round(context: Context, lanes: Sequence[str], found: Measured, say: Say) -> None:
    """In another order each round, so that no lane always follows the same one."""
    order = [lane for lane in lanes if lane not in found.failures]
    random.Random(context.round).shuffle(order)
    for lane in order:
        try:
            told = _measured(lane, context)
        except (subprocess.SubprocessError, ValueError) as failure:
            found.failures[lane] = str(failure)[-ERROR_CHARACTERS:]
            say(f"tour {context.round + 1}  {lane:<20} échec : {found.failures[lane]}")
            continue
        for name, value in told.items():
            found.values.setdefault(name, []).append(value)
            say(f"tour {context.round + 1}  {name:<20} {value:14,.4g}")


def _measured(lane: str, context: Context) -> dict[str, float]:
    """Raises: ValueError with the end of what the lane's process said; subprocess.TimeoutExpired."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.lane", lane],
        input=context.to_json(),
        env=os.environ | environment(lane),
        capture_output=True,
        text=True,
        timeout=LANE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"code {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])
