"""Members that come and go: every one of them makes the group stop and assign again."""

import time

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from services.envelope.assignor import OldestMemberAssignor
from shared.topics import CONSUMERS

pytestmark = pytest.mark.faults
GUESTS = 10


def started_at(nanoseconds):
    """The ledger's assignor as a process that started then uses it."""
    return type("Guest", (OldestMemberAssignor,), {"_started_ns": nanoseconds})


async def visit_group(bootstrap, group, assignor):
    """Join, fetch whatever is given, commit nothing, leave."""
    guest = AIOKafkaConsumer(
        *CONSUMERS[group],
        bootstrap_servers=bootstrap,
        group_id=group,
        partition_assignment_strategy=[assignor],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=500,
    )
    await guest.start()
    try:
        given = bool(guest.assignment())
        await guest.getmany(timeout_ms=100)
        return given
    finally:
        await guest.stop()


@pytest.mark.parametrize("group", ["envelope.ledger", "intake.timeline"])
async def test_ten_members_join_and_leave(drill, group):
    """Every other guest of the ledger claims to be the oldest and takes everything away for its stay."""
    ledger = group == "envelope.ledger"
    await drill.under_way()
    drill.struck("the storm's start")
    given = list[bool]()
    for number in range(GUESTS):
        assignor = started_at(0 if number % 2 else time.time_ns()) if ledger else RoundRobinPartitionAssignor
        given.append(await visit_group(drill.stack.bootstrap, group, assignor))
    drill.lifted("the last guest's leave")
    await drill.recovered(f"{GUESTS} guests, {sum(given)} of them given partitions")
    if ledger:
        assert given == [bool(number % 2) for number in range(GUESTS)]
        assert await drill.epoch() == 1
