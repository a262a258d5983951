"""Clocks an hour off: time is recorded, never what decides who was first."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from deploy.local import clock
from shared.contracts.intake import DossierSubmitted

pytestmark = pytest.mark.faults
HOUR = timedelta(hours=1)


def off_by(drill, name, offset):
    """A clock of this process's own."""
    path = drill.stack.data / f"clock-{name}.json"
    clock.start_at(path, drill.visit.platform.now + offset)
    return str(path)


async def restarted(drill, **clocks):
    for name, given in clocks.items():
        drill.services[name].stop()
        drill.services.launch(name, ALS_CLOCK_FILE=given)
    for name in clocks:
        await asyncio.to_thread(drill.services.wait_ready, name)


@pytest.mark.parametrize("ahead", ["intake", "envelope"])
async def test_clocks_are_an_hour_off_and_set_right_again(drill, ahead):
    """One is ahead, the other behind by as much; numbers keep following the recorded time through both changes."""
    drill.visit.platform.step(days=1)
    await drill.under_way()
    wrong = {name: off_by(drill, name, HOUR if name == ahead else -HOUR) for name in ("intake", "envelope")}
    await restarted(drill, **wrong)
    drill.struck("the wrong clocks")
    await drill.all_acknowledged()
    right = str(drill.stack.clock_file)
    await restarted(drill, intake=right, envelope=right)
    drill.lifted("the right clocks")
    await drill.recovered("numbers and their times in order")
    times = [one.submitted_at for one in await drill.register() if isinstance(one, DossierSubmitted)]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert (times[-1] > drill.visit.platform.now) is (ahead == "intake")
