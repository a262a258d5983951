"""A server is killed, and comes back on the same data."""

import asyncio

import pytest

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("server", ["kafka", "objects"])
async def test_deposits_are_taken_while_a_server_is_away(drill, server):
    await drill.under_way()
    drill.stack.kill_server(server)
    drill.struck("the kill")
    await drill.all_acknowledged()
    await asyncio.to_thread(drill.stack.start_server, server)
    drill.lifted("its return")
    await drill.recovered("deposits taken throughout, decided")


async def test_deposits_wait_while_the_database_is_away(drill):
    await drill.under_way()
    drill.stack.kill_server("mongo")
    drill.struck("the kill")
    await asyncio.to_thread(drill.stack.start_server, "mongo")
    drill.lifted("its return")
    await drill.recovered("answered 503, repeated, decided")
