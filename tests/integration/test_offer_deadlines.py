"""The end of an offer on running services: pricing down across the deadline, its commands on the real journal."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.controller import Controller

from deploy.demo import people
from deploy.demo.client import awaited
from deploy.local import clock
from deploy.local.process import free_port

BEFORE_THE_END = timedelta(seconds=30)
AFTER_THE_END = timedelta(hours=1)
SHORT_SETTLING = {"ALS_ANSWERS_SETTLE_SECONDS": "10"}


async def offer_of(visit, dossier):
    path = f"/offers/{dossier.dossier_id}"
    return await visit.client.ok("GET", "pricing", path, who=people.PRICING)


async def restarted_after_the_end(visit, due: datetime) -> None:
    """The service comes back an hour after the last valid moment."""
    services = visit.platform.services
    clock.step_to(visit.platform.stack.clock_file, due + AFTER_THE_END)
    services.launch("pricing", **SHORT_SETTLING)
    await asyncio.to_thread(services.wait_ready, "pricing")


def command(visit, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ALS_MONGO_URL": visit.platform.stack.environment()["ALS_MONGO_URL"]}
    line = [sys.executable, "-m", f"services.{module}", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=60)


async def test_pricing_down_across_a_deadline_accepts_what_was_lodged_in_time_and_expires_the_rest_once(
    visit, tmp_path
):
    accepted, silent = await visit.brought_to("offer_issued"), await visit.brought_to("offer_issued")
    services = visit.platform.services
    due = datetime.fromisoformat((await visit.portal.timeline(accepted))["due_at"])
    services["pricing"].stop()
    clock.step_to(visit.platform.stack.clock_file, due - BEFORE_THE_END)
    await visit.portal.accept(accepted)
    await restarted_after_the_end(visit, due)
    await visit.until(accepted, status="offer_accepted")
    await visit.until(silent, status="offer_expired", envelope="released")
    assert (await offer_of(visit, accepted))["status"] == "accepted"
    labels = [entry["label"] for entry in (await visit.portal.timeline(silent))["entries"]]
    assert labels.count("Proposition expirée") == 1

    again = tmp_path / "trace.json"
    arguments = (f"{accepted.dossier_id}-1", "--out", str(again))
    recomputed = await asyncio.to_thread(command, visit, "pricing.recompute", *arguments)
    assert (recomputed.returncode, "identique" in recomputed.stdout) == (0, True), recomputed.stdout
    trace = await visit.call("GET", "pricing", f"/offers/{accepted.dossier_id}-1/trace", who=people.AUDITOR)
    assert again.read_bytes() == trace.content
    unknown = await asyncio.to_thread(command, visit, "pricing.recompute", f"{accepted.dossier_id}-9")
    assert unknown.returncode == 2
    printed = await asyncio.to_thread(command, visit, "pricing.reprint", f"{accepted.dossier_id}-1")
    assert (printed.returncode, "à l'octet près" in printed.stdout) == (0, True), printed.stderr
    simulated = await asyncio.to_thread(command, visit, "pricing.simulate", "demonstration-1", "demonstration-1")
    assert (simulated.returncode, "dossiers ouverts" in simulated.stdout) == (0, True), simulated.stdout


class Post:
    """The landlords' mail server."""

    def __init__(self) -> None:
        self.received: list[Message] = []

    async def handle_DATA(self, _, __, envelope) -> str:
        self.received.append(message_from_bytes(envelope.content))
        return "250 OK"

    def of(self, offer_id: str) -> list[str]:
        """The notices of an offer, as their Message-ID names them."""
        names = [mail["Message-ID"].partition("@")[0].strip("<") for mail in self.received]
        return [name.removesuffix(f"-{offer_id}") for name in names if name.endswith(f"-{offer_id}")]


@pytest.fixture
def post() -> Iterator[tuple[Post, dict[str, str]]]:
    """It with the settings that lead to it."""
    made = Post()
    server = Controller(made, hostname="127.0.0.1", port=free_port())
    server.start()
    yield made, {"ALS_SMTP_HOST": "127.0.0.1", "ALS_SMTP_PORT": str(server.port)}
    server.stop()


async def restarted_intake(visit, **environment: str) -> None:
    services = visit.platform.services
    services["intake"].stop()
    services.launch("intake", **environment)
    await asyncio.to_thread(services.wait_ready, "intake")


async def test_the_reminder_is_one_line_of_the_timeline_and_one_mail(visit, post):
    received, environment = post
    dossier = await visit.brought_to("offer_issued")
    offer_id = f"{dossier.dossier_id}-1"
    await restarted_intake(visit, **environment)

    async def mailed(*notices: str):
        return True if received.of(offer_id) == list(notices) else None

    await awaited(lambda: mailed("issued"), "the offer is told of by mail")
    due = datetime.fromisoformat((await visit.portal.timeline(dossier))["due_at"])
    clock.step_to(visit.platform.stack.clock_file, due - timedelta(days=1))
    await awaited(lambda: mailed("issued", "reminder"), "the reminder is mailed")
    entries = (await visit.portal.timeline(dossier))["entries"]
    assert len([entry for entry in entries if entry["label"].startswith("Rappel")]) == 1
    assert (await offer_of(visit, dossier))["status"] == "issued"

    await restarted_intake(visit, **environment)
    other = await visit.brought_to("offer_issued")
    await awaited(lambda: told_of(received, other), "another offer is told of")
    assert received.of(offer_id) == ["issued", "reminder"]
    await restarted_intake(visit)


async def told_of(received: Post, dossier) -> bool | None:
    return True if received.of(f"{dossier.dossier_id}-1") else None
