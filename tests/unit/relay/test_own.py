"""The relay: what this process recorded."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.journal.filled import Place, Span
from shared.journal.outbox import Outbox
from shared.journal.relay import MAX_COMMITS_PER_ROUND, Outgoing
from tests.counter import Muttered, cause
from tests.unit.relay.post import Post


async def test_commits_are_announced_published_in_order_and_taken_back_by_the_next_sweep():
    post = Post()
    await post.append("a", "b", "a")
    assert await post.announcements() == [("counter:a", 1), ("counter:b", 1)]
    post.enqueue()
    assert post.relay.backlog == 3
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1", "counter:b#1.1", "counter:a#2.1"]
    assert post.relay.backlog == 0
    await post.sweep()
    assert await post.announcements() == []


async def test_a_commit_without_a_public_event_is_taken_back_and_not_sent():
    post = Post()
    await post.journal.append("a", lambda _: [Muttered(words="…")], cause())
    post.enqueue()
    await post.relay._drain()
    await post.sweep()
    assert (post.sent, post.rounds, await post.announcements()) == ([], [], [])


async def test_a_long_backlog_goes_out_in_rounds():
    post = Post()
    await post.append(*["a"] * (MAX_COMMITS_PER_ROUND + 1))
    post.enqueue()
    await post.relay._drain()
    assert (post.rounds, post.relay.backlog) == ([MAX_COMMITS_PER_ROUND], 1)
    await post.relay._drain()
    assert post.rounds == [MAX_COMMITS_PER_ROUND, 1]


async def test_a_running_relay_sends_every_round_of_a_backlog():
    post = Post()
    await post.append(*["a"] * (2 * MAX_COMMITS_PER_ROUND + 1))
    post.enqueue()
    async with post.running():
        await post.until_sent(f"counter:a#{2 * MAX_COMMITS_PER_ROUND + 1}.1")
    assert post.rounds == [MAX_COMMITS_PER_ROUND, MAX_COMMITS_PER_ROUND, 1]


async def test_what_could_not_be_sent_is_neither_taken_back_nor_forgotten():
    post = Post()
    await post.append("a")
    post.enqueue()
    post.outages = 1
    with pytest.raises(Unavailable):
        await post.relay._drain()
    await post.sweep()
    assert (await post.announcements(), post.relay.backlog) == ([("counter:a", 1)], 1)
    await post.relay._drain()
    await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_the_relay_waits_through_an_outage(quick):
    post = Post()
    post.outages = 3
    async with post.running():
        await post.append("a", "a")
        post.enqueue()
        await post.until_sent("counter:a#1.1", "counter:a#2.1")
    assert post.outages == 0
    assert list(dict.fromkeys(post.sent)) == ["counter:a#1.1", "counter:a#2.1"]


async def test_a_process_shows_that_it_lives_while_its_broker_does_not_answer(quick):
    post, other = Post(), Post()
    answer = asyncio.Event()

    async def wait(_: list[Outgoing]) -> dict[Place, Span]:
        post.changed.set()
        await answer.wait()
        return {}

    post.relay._publish = wait
    other.outbox = Outbox(post.announced)
    async with post.running(), asyncio.timeout(10):
        await post.append("a")
        post.enqueue()
        await post.changed.wait()
        beats = set[int]()
        while len(beats) < 3:
            beats |= {row["beat"] for row in await other.outbox.sweep()}
            await asyncio.sleep(0)
        assert post.relay.backlog == 1


async def test_a_commit_that_comes_while_it_runs_is_sent_at_once():
    post = Post()
    async with post.running():
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#1.1")
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#2.1")


async def test_a_process_that_ends_well_leaves_an_empty_outbox():
    post = Post()
    await post.append(*["a"] * (MAX_COMMITS_PER_ROUND + 1), "b")
    post.enqueue()
    await post.relay.flush()
    assert (len(post.sent), post.relay.backlog) == (MAX_COMMITS_PER_ROUND + 2, 0)
    assert await post.announcements() == []


async def test_a_process_that_ends_without_a_broker_leaves_its_announcements():
    post = Post()
    await post.append("a")
    post.enqueue()
    post.outages = 1
    await post.relay.flush()
    assert (post.sent, await post.announcements()) == ([], [("counter:a", 1)])
