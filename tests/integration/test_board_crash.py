"""Contracting killed while it announces a signed session: after its restart each decision was announced once."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from deploy.demo.client import awaited
from deploy.demo.people import SECOND_BOARD
from shared.crash import Step
from tests.integration.test_crashes import dead, whole
from tests.integration.test_offer_deadlines import command


@pytest.mark.parametrize("step", [Step.AFTER_INSERT, Step.BEFORE_PUBLISH, Step.AFTER_PUBLISH])
async def test_contracting_killed_at_the_sign_off_still_announces_each_decision_once(visit, step):
    services, offices = visit.platform.services, visit.offices
    dossiers = [await visit.brought_to("offer_accepted") for _ in range(2)]
    for dossier in dossiers:
        await awaited(lambda dossier=dossier: offices.offered(dossier), "acceptance known to contracting")
    session = await offices.open_session(visit.scenario.today)
    path = f"/{session['session_id']}"
    confirmed = {dossier.dossier_id: True for dossier in dossiers}
    decisions = [offices.decision(row["dossier_id"], confirmed) for row in session["agenda"]]
    answers = await offices.board("POST", f"{path}/decisions", {"decisions": decisions})
    assert all(answer["recorded"] for answer in answers)
    written = await offices.board("POST", f"{path}/minutes")
    await whole(visit)
    services["contracting"].stop()
    services.launch("contracting", ALS_CRASH_AT=step)
    await asyncio.to_thread(services.wait_ready, "contracting")
    body = {"minutes_sha256": written["minutes"]["sha256"]}
    with suppress(httpx.TransportError):  # it may die before it has answered
        await offices.board("POST", f"{path}/sign-off", body, SECOND_BOARD)
    await dead(services, "contracting")
    services.launch("contracting")
    await asyncio.to_thread(services.wait_ready, "contracting")

    async def announced():
        return True if (await offices.board("GET", path))["announced"] else None

    await awaited(announced, "the session is announced without anybody asking again")
    printed = await asyncio.to_thread(command, visit, "contracting.reprint", session["session_id"], "minutes")
    assert (printed.returncode, "à l'octet près" in printed.stdout) == (0, True), printed.stderr
    for dossier in dossiers:
        await visit.until(dossier, status="engaged")
        labels = [entry["label"] for entry in (await visit.portal.timeline(dossier))["entries"]]
        assert labels.count("Engagement confirmé par le Conseil d'administration") == 1
        assert labels.count("Engagement réciproque constaté") == 1
    await whole(visit)
