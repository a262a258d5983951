"""A server that goes away: answers are 503 with Retry-After or the work goes on; afterwards nothing is missing."""

import asyncio
from contextlib import contextmanager

import httpx
import pytest

from deploy.demo.client import awaited
from deploy.demo.letters import presentation_pdf
from deploy.local.services import NAMES
from shared.http import RETRY_AFTER_SECONDS
from tests.platform import problem, whole


@contextmanager
def away(stack, server):
    """The server is killed; it comes back whatever happens."""
    stack.kill_server(server)
    try:
        yield
    finally:
        stack.start_server(server)


async def components(visit, service):
    answer = await visit.client.attempt("GET", service, "/health/ready")
    return answer.status_code, answer.json()["components"]


async def seen_by(visit, component, *, up):
    """Until every service says of the component what is true."""

    async def said():
        found = [await components(visit, name) for name in NAMES]
        assert all((status == httpx.codes.OK) is all(parts.values()) for status, parts in found)
        return True if all(parts[component] is up for _, parts in found) else None

    await awaited(said, f"{component} {'up' if up else 'down'}")


def refused_for_now(answer):
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert problem(answer) == "unavailable"
    assert answer.headers["Retry-After"] == str(RETRY_AFTER_SECONDS)


async def test_without_the_database_answers_are_503_and_an_acknowledged_deposit_goes_on_afterwards(visit):
    dossier, other = await visit.ready(), await visit.ready()
    number = await visit.portal.submit(dossier)
    with away(visit.platform.stack, "mongo"):
        path = f"/dossiers/{other.dossier_id}"
        refused_for_now(await visit.client.attempt("GET", "intake", path, who=other.who))
        refused_for_now(await visit.client.attempt("POST", "intake", f"{path}/submission", who=other.who))
        await seen_by(visit, "database", up=False)
        assert (await visit.client.attempt("GET", "intake", "/health/live")).status_code == 200
    await seen_by(visit, "database", up=True)
    await visit.until(dossier, envelope="reserved")
    assert await visit.portal.submit(dossier) == number
    await visit.portal.submit(other)
    await visit.until(other, envelope="reserved")
    await whole(visit)


async def test_without_the_object_store_uploads_are_503_and_drafts_are_still_saved(visit):
    dossier = await visit.draft()
    content = presentation_pdf(dossier.operation)
    upload = f"/dossiers/{dossier.dossier_id}/documents/presentation?filename=presentation.pdf"
    pdf = {"Content-Type": "application/pdf"}
    with away(visit.platform.stack, "objects"):
        await seen_by(visit, "objects", up=False)
        refused = await visit.client.attempt("POST", "intake", upload, who=dossier.who, content=content, headers=pdf)
        refused_for_now(refused)
        saved = await visit.client.attempt("GET", "intake", f"/dossiers/{dossier.dossier_id}", who=dossier.who)
        changed = await visit.client.attempt(
            "PUT",
            "intake",
            f"/dossiers/{dossier.dossier_id}",
            who=dossier.who,
            json=dossier.operation.form(),
            headers={"If-Match": saved.headers["ETag"]},
        )
        assert changed.status_code == 200
    await seen_by(visit, "objects", up=True)
    await visit.portal.deposit_documents(dossier, 1)
    await visit.portal.submit(dossier)
    await visit.until(dossier, envelope="reserved")
    await whole(visit)


async def test_without_the_broker_deposits_are_taken_and_decided_when_it_is_back(visit):
    if not hasattr(visit.platform.stack, "kafka_port"):
        pytest.skip("the embedded broker lives and dies with its stack: see test_scenario.py")
    dossier = await visit.ready()
    with away(visit.platform.stack, "kafka"):
        number = await visit.portal.submit(dossier)
        assert (await visit.portal.timeline(dossier))["status"] == "submitted"
        await seen_by(visit, "broker", up=False)
    await visit.until(dossier, envelope="reserved")
    assert await visit.portal.submit(dossier) == number
    await seen_by(visit, "broker", up=True)
    await whole(visit)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "intake"])
async def test_while_a_service_is_down_the_portal_works_and_its_part_follows(visit, name):
    services = visit.platform.services
    services.kill(name)
    dossier = await visit.ready()
    await visit.portal.submit(dossier)
    assert (await visit.portal.timeline(dossier))["status"] == "submitted"
    services.launch(name)
    await asyncio.to_thread(services.wait_ready, name)
    await visit.until(dossier, envelope="reserved")
    await visit.offices.assign(dossier)
    await visit.until(dossier, status="under_review")
    await whole(visit)
