"""Work in the background ends when it is told to, also where something it waits for does not hear it the first time."""

import asyncio

from shared import together
from shared.together import ended


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def deaf(times: int) -> None:
    """Goes on after so many cancellations."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not times:
                raise
            times -= 1


async def test_nothing_to_end_is_nothing_to_wait_for():
    assert await ended([]) == set()


async def test_tasks_end_whether_they_run_are_done_or_failed():
    async def failing() -> None:
        raise ValueError("told elsewhere")

    tasks = [asyncio.create_task(one) for one in (deaf(0), asyncio.sleep(0), failing())]
    await turns()
    assert await ended(tasks) == set()
    assert all(task.done() for task in tasks)


async def test_who_did_not_hear_is_told_again(monkeypatch):
    monkeypatch.setattr(together, "CANCELLED_AGAIN_SECONDS", 0)
    task = asyncio.create_task(deaf(1))
    await turns()
    assert await ended([task]) == set()
    assert task.cancelled()


async def test_who_will_not_end_is_named_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(together, "CANCELLED_AGAIN_SECONDS", 0)
    stubborn = asyncio.create_task(deaf(10))
    await turns()
    assert await ended([stubborn]) == {stubborn}
    while not stubborn.done():
        stubborn.cancel()
        await asyncio.sleep(0)
