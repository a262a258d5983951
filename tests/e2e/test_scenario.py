"""The whole process on the bus, on real input: played once, all is as it must be; played again, nothing moves."""

import asyncio
import io

import pytest
from rich.console import Console

from deploy.demo import account
from deploy.demo.__main__ import play, settled
from deploy.demo.client import Client
from deploy.demo.operations import OPERATIONS
from deploy.demo.scenario import Scenario
from deploy.local.embedded import EmbeddedStack
from deploy.local.services import NAMES, Services
from shared.territory import Territory

pytestmark = pytest.mark.timeout(600)


def run(data):
    """One run on the data directory: what it printed, each dossier's timeline, the figures."""
    printed = io.StringIO()
    with EmbeddedStack(data) as stack, Services(stack) as services:
        assert asyncio.run(play(stack, services, Console(file=printed, width=160))), printed.getvalue()
        lines, figures = asyncio.run(standing(stack, services))
        return printed.getvalue(), lines, figures


async def standing(stack, services):
    client = Client(stack.issuer, {name: services.url(name) for name in NAMES})
    try:
        scenario = Scenario(client, stack.clock_file, stack.authority, lambda _: None)
        scenario.dossiers = await scenario.portal.find_or_create()
        await settled(stack)
        timelines = [line.timeline for line in await account.lines_of(scenario)]
        figures = await scenario.offices.figures()
        return timelines, {name: value for name, value in figures.items() if name != "epoch"}
    finally:
        await client.close()


def test_the_scenario_ends_as_it_must_and_a_second_run_loses_and_doubles_nothing(tmp_path):
    """The second run starts on an empty broker: everything is published again from the journals and dropped as seen."""
    printed, lines, figures = run(tmp_path)
    again, same_lines, same_figures = run(tmp_path)
    assert "✗" not in printed + again
    assert same_lines == lines
    assert same_figures == figures
    assert [line["deposit_number"] for line in lines] == list(range(1, len(OPERATIONS) + 1))


def test_the_scenario_stands_on_real_communes_of_every_zone():
    communes = Territory.load()
    found = [communes.commune(operation.commune_code) for operation in OPERATIONS]
    assert len(found) >= 24
    assert {commune.zone for commune in found} == {"A bis", "A", "B1", "B2", "C"}
    assert {"974", "973", "972"} <= {commune.department for commune in found}
    assert any("arrondissement" in commune.name for commune in found)
    assert len({operation.bailleur.structure for operation in OPERATIONS}) == 8
    total = sum(operation.principal_cents for operation in OPERATIONS)
    assert 700_000_000_00 < total < 740_000_000_00
    assert all(operation.land_cents > 0 and operation.building_cents > 0 for operation in OPERATIONS)
