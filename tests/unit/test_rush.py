"""Who waits for an answer goes first, for a while."""

import asyncio
from contextlib import ExitStack

import pytest

from shared import rush as rushes
from shared.rush import RUSH_REQUESTS, Rush
from tests.unit.relay.post import Post


@pytest.fixture(autouse=True)
def calm_at_once(monkeypatch):
    monkeypatch.setattr(rushes, "CALM_SECONDS", 0)


async def settled() -> None:
    """Whatever can happen without anybody's doing has happened."""
    for _ in range(10):
        await asyncio.sleep(0)


def crowd(rush: Rush, many: int = RUSH_REQUESTS) -> ExitStack:
    """So many requests, answered when this is closed."""
    answers = ExitStack()
    for _ in range(many):
        answers.enter_context(rush)
    return answers


def waiting(rush: Rush) -> "asyncio.Task[None]":
    return asyncio.create_task(rush.passed())


async def test_a_few_requests_are_no_rush():
    rush = Rush()
    with crowd(rush, RUSH_REQUESTS - 1):
        passing = waiting(rush)
        await settled()
        assert passing.done()


async def test_a_rush_is_let_pass_until_its_requests_are_answered():
    rush = Rush()
    answers = crowd(rush)
    passing = waiting(rush)
    await settled()
    assert not passing.done()
    answers.close()
    await passing


async def test_a_short_dip_is_not_its_end(monkeypatch):
    monkeypatch.setattr(rushes, "CALM_SECONDS", 60)
    rush = Rush()
    with crowd(rush, RUSH_REQUESTS - 1):
        for _ in range(3):
            with rush:
                passing = waiting(rush)
                await settled()
                assert not passing.done()
                passing.cancel()
        assert not rush._over.is_set()
    assert rush._ending is not None
    rush._ending.cancel()


async def test_a_rush_that_lasts_is_waited_for_no_longer(monkeypatch):
    monkeypatch.setattr(rushes, "MAX_SECONDS", 0)
    rush = Rush()
    with crowd(rush, RUSH_REQUESTS + 1):
        await rush.passed()
        assert not rush._over.is_set()


async def test_a_wait_for_a_rush_ends_with_its_time(monkeypatch):
    monkeypatch.setattr(rushes, "MAX_SECONDS", 0.001)
    rush = Rush()
    with crowd(rush):
        await asyncio.wait_for(rush.passed(), 60)


async def test_the_next_rush_is_another_one():
    rush = Rush()
    for _ in range(2):
        answers = crowd(rush)
        passing = waiting(rush)
        await settled()
        assert not passing.done()
        answers.close()
        await passing


async def test_a_request_that_fails_is_answered():
    rush = Rush()
    for _ in range(RUSH_REQUESTS):
        with pytest.raises(ZeroDivisionError), rush:
            raise ZeroDivisionError
    await rush.passed()
    assert rush._awaited == 0


async def test_the_relay_announces_what_a_rush_recorded_when_it_has_passed():
    post, rush = Post(), Rush()
    post.relay.give_way, answers = rush.passed, crowd(rush)
    running = asyncio.create_task(post.relay.run())
    try:
        await post.append("a", "b")
        post.enqueue()
        await settled()
        assert (post.sent, post.relay.backlog) == ([], 2)
        answers.close()
        await post.changed.wait()
        assert post.sent == ["counter:a#1.1", "counter:b#1.1"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
