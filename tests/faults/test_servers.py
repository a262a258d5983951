"""A server is killed, and comes back on the same data."""

import asyncio

import pytest

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("server", ["kafka", "mongo", "objects"])
async def test_a_server_is_killed_and_comes_back(drill, server):
    await drill.under_way()
    drill.stack.kill_server(server)
    drill.struck()
    if server != "mongo":
        await drill.acknowledged_during()
    await asyncio.to_thread(drill.stack.start_server, server)
    drill.lifted("the server's return")
    await drill.recovered("whole")
