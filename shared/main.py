"""How a service's process starts: `python -m services.<name> [serve|rebuild-views|republish]`."""

import asyncio
import gc
import socket
import sys
from collections.abc import Callable
from functools import partial

import uvicorn
from fastapi import FastAPI

from shared.service import Service
from shared.settings import ServiceSettings
from shared.telemetry import keep_names_out

EX_PORT_TAKEN = 75
COMMANDS = ("serve", "rebuild-views", "republish")
PROGRESS_EVERY = 100
COLLECT_AFTER = (50_000, 20, 50)


def run(build: Callable[[], FastAPI]) -> None:
    """Serve, or do one administrative task, as the first argument says."""
    command = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if command not in COMMANDS:
        raise SystemExit(f"Commande inconnue : {command} ({', '.join(COMMANDS)})")
    keep_names_out()  # its key is checked while it is built
    app = build()
    service: Service = app.state.service
    if command == "rebuild-views":
        done = asyncio.run(service.rebuild_views(partial(show_progress, "flux")))
        print(f"{done} flux relus, vues refaites")
        return
    if command == "republish":
        done = asyncio.run(service.republish(partial(show_progress, "inscriptions lues")))
        print(f"{done} inscriptions publiées à nouveau")
        return
    refuse_taken_port(service.settings)
    calm_collector()
    uvicorn.run(
        app,
        host=service.settings.http_host,
        port=service.settings.http_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )


def calm_collector() -> None:
    """What a service holds is immutable and lives long: looking for cycles in it after every 700 new objects, as
    Python does unless told otherwise, takes half of a busy ledger's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def show_progress(what: str, done: int, total: int) -> None:
    if done % PROGRESS_EVERY == 0 or done == total:
        print(f"{done}/{total} {what}", flush=True)


def refuse_taken_port(settings: ServiceSettings) -> None:
    """Say which port is taken and by which setting it moves, and stop with code 75."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError:
            print(
                f"Le port {settings.http_port} est déjà pris : arrêtez ce qui l'occupe ou changez ALS_HTTP_PORT",
                file=sys.stderr,
            )
            raise SystemExit(EX_PORT_TAKEN) from None
