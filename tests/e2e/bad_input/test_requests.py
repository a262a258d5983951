"""Paths, methods and JSON that mean nothing are problems too."""

import pytest

from deploy.demo.bailleurs import BAILLEURS
from deploy.demo.people import representative
from tests.platform import problem


@pytest.mark.parametrize("service", ["intake", "instruction", "pricing", "contracting", "envelope"])
async def test_unknown_paths_methods_and_broken_json_are_problems_too(visit, service):
    assert problem(await visit.call("GET", service, "/nowhere")) == "not-found"
    assert problem(await visit.call("DELETE", service, "/health/live")) == "method-not-allowed"
    assert (await visit.call("GET", service, "/openapi.json")).status_code == 200
    assert (await visit.call("GET", service, "/asyncapi.json")).status_code == 200
    assert "als_messages" in (await visit.call("GET", service, "/metrics")).text


async def test_json_that_is_broken_is_said_in_french(visit):
    answer = await visit.call(
        "POST",
        "intake",
        "/dossiers",
        who=representative(BAILLEURS[0].siren),
        content=b"{oops",
        headers={"Content-Type": "application/json"},
    )
    assert problem(answer) == "invalid-request"
    assert answer.json()["errors"][0]["detail"] == "Le corps n'est pas du JSON lisible."
