"""A server's disk is full: answers are 503 or the work waits; with room again everything goes on."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.demo.client import awaited
from deploy.demo.letters import presentation_pdf
from tests.faults.disks import CrampedStack
from tests.platform import problem

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root"),
]
LIMIT_SECONDS = 60


@pytest.fixture
def stack(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CrampedStack]:
    with CrampedStack(tmp_path / "stack", request.param) as stack:
        yield stack


async def refused_for_now(ask):
    async def answered():
        answer = await ask()
        return answer if not answer.is_success else None

    answer = await awaited(answered, "an answer that shows the full disk", LIMIT_SECONDS)
    assert (answer.status_code, problem(answer)) == (httpx.codes.SERVICE_UNAVAILABLE, "unavailable")


@pytest.mark.parametrize("stack", ["mongo"], indirect=True)
async def test_the_disk_of_the_database_is_full(drill, stack):
    other = await drill.visit.ready()
    await drill.under_way()
    stack.fill()
    drill.struck("the full disk")
    path = f"/dossiers/{other.dossier_id}/submission"
    await refused_for_now(lambda: drill.visit.client.attempt("POST", "intake", path, who=other.who))
    stack.clear()
    drill.lifted("the room")
    await drill.recovered("answered 503, repeated, decided")


@pytest.mark.parametrize("stack", ["objects"], indirect=True)
async def test_the_disk_of_the_object_store_is_full(drill, stack):
    draft = await drill.visit.draft()
    await drill.under_way()
    stack.fill()
    drill.struck("the full disk")
    path, content = f"/dossiers/{draft.dossier_id}/documents/presentation", presentation_pdf(draft.operation)
    upload = {"who": draft.who, "content": content, "params": {"filename": "presentation.pdf"}}
    pdf = {"Content-Type": "application/pdf"}
    await refused_for_now(lambda: drill.visit.client.attempt("POST", "intake", path, headers=dict(pdf), **upload))
    await drill.all_acknowledged()
    stack.clear()
    drill.lifted("the room")
    await drill.visit.portal.deposit_documents(draft, 1)
    await drill.recovered("uploads answered 503, deposits taken and decided")


@pytest.mark.parametrize("stack", ["kafka"], indirect=True)
async def test_the_disk_of_the_broker_is_full(drill, stack):
    await drill.under_way()
    stack.fill()
    drill.struck("the full disk")
    await drill.all_acknowledged()

    async def gone():
        return stack.processes["kafka"].exit_code

    code = await awaited(gone, "the broker gives up", LIMIT_SECONDS)
    stack.clear()
    await asyncio.to_thread(stack.start_server, "kafka")
    drill.lifted("the broker's return")
    await drill.recovered(f"the broker stopped with {code}; deposits taken, decided afterwards")
