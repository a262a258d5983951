"""The ledger has one writer: a standby takes over by itself, and who wrote before writes no more (docs/adr/0003)."""

import asyncio
import time

import pytest

from deploy.demo.client import awaited
from services.envelope.writer import EX_FENCED
from tests.faults.metrics import metric

pytestmark = pytest.mark.faults
TAKEOVER_AFTER_KILL_SECONDS = 10
TAKEOVER_AFTER_FREEZE_SECONDS = 45
LIMIT_SECONDS = 180
PROCESSES = ("envelope", "envelope-2")


def epoch_on(services, name):
    return metric(services, name, "als_ledger_epoch{")


async def stand_by(drill, name):
    """A further process, which gets nothing to do."""
    drill.services.launch(name)
    await asyncio.to_thread(drill.services.wait_ready, name)


async def taken_over(drill, before, bound):
    """Until the ledger is in another epoch; says in how many seconds."""
    since = time.monotonic()

    async def begun():
        return True if await drill.epoch() > before else None

    await awaited(begun, "a new epoch", LIMIT_SECONDS)
    seconds = time.monotonic() - since
    assert seconds <= bound, "what the session time-out promises"
    return f"standby took over in {seconds:.1f} s (bound {bound} s)"


async def left(drill, name):
    async def ended():
        return drill.services[name].exit_code

    return await awaited(ended, f"{name} leaves", LIMIT_SECONDS)


async def test_the_writer_is_killed_and_the_standby_takes_over(drill):
    await stand_by(drill, "envelope-2")
    await drill.under_way()
    assert epoch_on(drill.services, "envelope-2") is None
    before = await drill.epoch()
    drill.services.kill("envelope")
    drill.struck("the kill")
    outcome = await taken_over(drill, before, TAKEOVER_AFTER_KILL_SECONDS)
    await drill.recovered(outcome)
    assert epoch_on(drill.services, "envelope-2") == before + 1 == await drill.epoch()


async def test_a_frozen_writer_is_replaced_and_leaves_when_it_wakes_without_a_word(drill):
    """What the ledger holds of the new epoch is what the new writer counts: nobody else wrote."""
    await stand_by(drill, "envelope-2")
    await drill.under_way()
    before = await drill.epoch()
    drill.services["envelope"].freeze()
    drill.struck("the freeze")
    outcome = await taken_over(drill, before, TAKEOVER_AFTER_FREEZE_SECONDS)
    drill.services["envelope"].thaw()
    assert await left(drill, "envelope") == EX_FENCED
    await stand_by(drill, "envelope")
    await drill.recovered(f"{outcome}; the woken one left with {EX_FENCED}")
    assert epoch_on(drill.services, "envelope") is None
    assert epoch_on(drill.services, "envelope-2") == before + 1 == await drill.epoch()
    counted = metric(drill.services, "envelope-2", 'als_commits_total{kind="ledger"}')
    assert counted == await drill.commits_of_the_last_epoch()


async def test_of_two_writers_started_together_one_writes(drill):
    """The younger stands by, or leaves because it had begun before the older was there."""
    await drill.under_way()
    drill.services["envelope"].stop()
    for name in PROCESSES:
        drill.services.launch(name)
    drill.struck("the start")
    await drill.recovered("one writes")
    running = [name for name in PROCESSES if drill.services[name].running]
    assert {drill.services[name].exit_code for name in PROCESSES} <= {None, EX_FENCED}
    for name in running:
        await asyncio.to_thread(drill.services.wait_ready, name)
    epoch = await drill.epoch()
    assert [epoch_on(drill.services, name) for name in running].count(epoch) == 1
