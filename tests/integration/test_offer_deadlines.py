"""The end of an offer on running services: pricing down across the deadline, its commands on the real journal."""

import asyncio
import os
import subprocess
import sys
from datetime import datetime, timedelta

from deploy.demo import people
from deploy.demo.client import awaited
from deploy.local import clock

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


async def test_pricing_down_across_a_deadline_accepts_what_was_lodged_in_time_and_expires_the_rest_once(visit):
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

    recomputed = await asyncio.to_thread(command, visit, "pricing.recompute", f"{accepted.dossier_id}-1")
    assert (recomputed.returncode, "identique" in recomputed.stdout) == (0, True), recomputed.stdout
    unknown = await asyncio.to_thread(command, visit, "pricing.recompute", f"{accepted.dossier_id}-9")
    assert unknown.returncode == 2
    printed = await asyncio.to_thread(command, visit, "pricing.reprint", f"{accepted.dossier_id}-1")
    assert (printed.returncode, "à l'octet près" in printed.stdout) == (0, True), printed.stderr
    simulated = await asyncio.to_thread(command, visit, "pricing.simulate", "demonstration-1", "demonstration-1")
    assert (simulated.returncode, "dossiers ouverts" in simulated.stdout) == (0, True), simulated.stdout


async def test_the_reminder_is_one_line_of_the_timeline(visit):
    dossier = await visit.brought_to("offer_issued")
    due = datetime.fromisoformat((await visit.portal.timeline(dossier))["due_at"])
    clock.step_to(visit.platform.stack.clock_file, due - timedelta(days=1))

    async def reminded():
        entries = (await visit.portal.timeline(dossier))["entries"]
        found = [entry for entry in entries if entry["label"].startswith("Rappel")]
        return found or None

    assert len(await awaited(reminded, "the reminder is in the timeline")) == 1
    assert (await offer_of(visit, dossier))["status"] == "issued"
