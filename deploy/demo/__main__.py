"""`python -m deploy.demo run|once`: start a local stack and the services, play the scenario, tell what happened."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from deploy.demo import account, people
from deploy.demo.bailleurs import BAILLEURS
from deploy.demo.client import Client, Unexpected
from deploy.demo.scenario import Scenario
from deploy.local.data import DataInUse, WrongDataFormat
from deploy.local.install import ToolMissing
from deploy.local.process import PortTaken, StartFailed
from deploy.local.real import stack_class
from deploy.local.services import NAMES, Services
from deploy.local.stack import Stack
from shared.telemetry import keep_names_out

DATA = Path(".data")
SETTLE_SECONDS = 60.0
FORESEEN = (PortTaken, StartFailed, DataInUse, WrongDataFormat, ToolMissing, Unexpected)


async def play(stack: Stack, services: Services, console: Console) -> bool:
    """Play the scenario and print its account. True when everything is as it must be."""
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {text}", highlight=False)

    client = Client(stack.issuer, {name: services.url(name) for name in NAMES})
    try:
        scenario = Scenario(client, stack.clock_file, stack.authority, say)
        await scenario.play()
        found = await settled(stack)
        lines, figures = await account.lines_of(scenario), await scenario.offices.figures()
        say("Terminé.\n")
        return account.show(console, lines, figures, found)
    finally:
        await client.close()


async def settled(stack: Stack) -> dict[str, account.Journals]:
    """The journals once everything that was recorded is published, or as they are when that takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = await account.journals(stack.environment()["ALS_MONGO_URL"])
        if not any(one.unpublished for one in found.values()) or time.monotonic() > deadline:
            return found


async def show_doors(stack: Stack, services: Services, console: Console) -> None:
    """Where to look, and tokens to try it."""
    console.print("\n[bold]Les services[/bold]")
    for name in NAMES:
        url = services.url(name)
        console.print(f"  {name:<12} OpenAPI {url}/docs   AsyncAPI {url}/asyncapi", highlight=False)
    console.print("\n[bold]Des jetons pour essayer[/bold] (en-tête Authorization: Bearer …)")
    client = Client(stack.issuer, {})
    try:
        for person in (people.representative(BAILLEURS[0].siren), *people.STAFF):
            console.print(f"\n  {person[1]} ({person[0]})", highlight=False)
            console.print(f"  {await client.token(*person)}", highlight=False, soft_wrap=True)
    finally:
        await client.close()
    console.print("\nCtrl-C pour arrêter ; les données restent.")


def once(stack: Stack, console: Console) -> int:
    """On fresh data: play, tell, exit."""
    with stack, Services(stack) as services:
        return 0 if asyncio.run(play(stack, services, console)) else 1


def run(stack: Stack, console: Console) -> int:
    """Play what is left to play, then stay up until Ctrl-C."""
    with stack, Services(stack, fixed_ports=True) as services:
        good = asyncio.run(play(stack, services, console))
        asyncio.run(show_doors(stack, services, console))
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="La démonstration.")
    parser.add_argument("command", choices=("run", "once"))
    parser.add_argument("--stack", choices=("embedded", "real"), default="embedded")
    parser.add_argument("--data", type=Path, default=None, help=f"défaut : {DATA} (run), un répertoire neuf (once)")
    arguments = parser.parse_args()
    console = Console(width=max(140, Console().width))
    kind = stack_class(arguments.stack)
    keep_names_out()  # landlords sign in this process: no trace of a library in the account
    for stop in (signal.SIGINT, signal.SIGTERM):  # also when a shell started us in the background, ignoring Ctrl-C
        signal.signal(stop, signal.default_int_handler)
    try:
        if arguments.command == "run":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            return run(kind(arguments.data or DATA), console)
        if arguments.data:
            return once(kind(arguments.data, fresh=True), console)
        with tempfile.TemporaryDirectory(prefix="ami-garantie-") as data:
            return once(kind(Path(data)), console)
    except FORESEEN as failure:
        console.print(f"[bold red]Échec[/bold red] : {failure}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
