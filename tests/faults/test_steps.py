"""kill -9 at each labelled step of the journal, the relay and the inbox, with landlords depositing meanwhile."""

import asyncio
from collections.abc import Iterator

import pytest

from deploy.local.real import RealStack
from deploy.local.services import Services
from shared.crash import Step
from tests.integration.test_crashes import dead
from tests.platform import Platform

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One stack for all steps: a process that died is started again, the servers never noticed."""
    with RealStack(tmp_path_factory.mktemp("steps")) as stack, Services(stack) as services:
        running = Platform(stack, services)
        running.open_campaign()
        yield running


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("name", ["intake", "envelope"])
async def test_a_service_is_killed(drill, name, step):
    await drill.under_way()
    drill.services[name].stop()
    drill.services.launch(name, ALS_CRASH_AT=step)
    drill.struck("the start")
    await dead(drill.services, name)
    drill.services.launch(name)
    drill.lifted("its restart")
    await asyncio.to_thread(drill.services.wait_ready, name)
    await drill.recovered("started again; one number, one decision")
