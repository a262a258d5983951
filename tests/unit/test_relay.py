"""The outbox: in order, marked after, and nothing left behind by a process that died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit
from shared.journal.relay import MAX_COMMITS_PER_ROUND, Outgoing, Relay
from tests.counter import KIND, Muttered, cause, count, make_journal


class Post:
    """A relay on a journal in memory, what it sent, and whose views it renewed."""

    def __init__(self, commits: MemoryDocuments | None = None) -> None:
        self.commits = commits or MemoryDocuments()
        self.sent: list[str] = []
        self.rounds: list[int] = []
        self.recovered: list[str] = []
        self.outages = 0
        self.changed = asyncio.Event()
        self.relay = Relay(self.commits, {KIND.name: KIND.topics}, self.publish, self.recover)
        self.mine: list[Commit] = []
        self.journal = make_journal(self.commits, self.mine)

    async def publish(self, outgoing: list[Outgoing]) -> None:
        if self.outages:
            self.outages -= 1
            raise Unavailable("broker")
        self.sent += [meta.id for _, meta in outgoing]
        self.rounds.append(len(outgoing))
        self.changed.set()

    async def recover(self, commit: Commit) -> None:
        self.recovered.append(commit.key)

    async def append(self, *keys: str) -> None:
        for key in keys:
            await self.journal.append(key, lambda _, key=key: count(1, key), cause())

    def enqueue(self) -> None:
        while self.mine:
            self.relay.enqueue(self.mine.pop(0))

    async def marked(self) -> list[str]:
        return [document["_id"] async for document in self.commits.find({"published": True})]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until_sent(self, *ids: str) -> None:
        async with asyncio.timeout(10):
            while not set(ids) <= set(self.sent):
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("shared.journal.relay.RETRY_SECONDS", 0)
    monkeypatch.setattr("shared.journal.relay.SWEEP_SECONDS", 0.01)


async def test_commits_are_published_in_order_then_marked():
    post = Post()
    await post.append("a", "b", "a")
    post.enqueue()
    assert post.relay.backlog == 3
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1", "counter:b#1.1", "counter:a#2.1"]
    assert sorted(await post.marked()) == ["counter:a#1", "counter:a#2", "counter:b#1"]
    assert post.relay.backlog == 0


async def test_a_commit_without_a_public_event_is_marked_and_not_sent():
    post = Post()
    await post.journal.append("a", lambda _: [Muttered(words="…")], cause())
    post.enqueue()
    await post.relay._drain()
    assert (post.sent, post.rounds, await post.marked()) == ([], [], ["counter:a#1"])


async def test_a_long_backlog_goes_out_in_rounds():
    post = Post()
    await post.append(*["a"] * (MAX_COMMITS_PER_ROUND + 1))
    post.enqueue()
    await post.relay._drain()
    assert post.rounds == [MAX_COMMITS_PER_ROUND, 1]


async def test_what_could_not_be_sent_is_neither_marked_nor_forgotten():
    post = Post()
    await post.append("a")
    post.enqueue()
    post.outages = 1
    with pytest.raises(Unavailable):
        await post.relay._drain()
    assert (await post.marked(), post.relay.backlog) == ([], 1)
    await post.relay._drain()
    assert (post.sent, await post.marked()) == (["counter:a#1.1"], ["counter:a#1"])


async def test_the_relay_waits_through_an_outage(quick):
    post = Post()
    post.outages = 3
    async with post.running():
        await post.append("a", "a")
        post.enqueue()
        await post.until_sent("counter:a#1.1", "counter:a#2.1")
    assert post.outages == 0
    assert list(dict.fromkeys(post.sent)) == ["counter:a#1.1", "counter:a#2.1"]


async def test_a_commit_that_comes_while_it_runs_is_sent_at_once():
    post = Post()
    async with post.running():
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#1.1")
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#2.1")


async def test_what_an_earlier_process_left_is_sent_at_the_start_by_stream_and_version():
    before = Post()
    await before.append("b", "a", "b")
    await before.commits.mark("counter:b#1", {"published": True})
    after = Post(before.commits)
    await after.relay._sweep_everything()
    assert after.sent == ["counter:a#1.1", "counter:b#2.1"]
    assert after.recovered == ["counter:a#1", "counter:b#2"]
    assert len(await after.marked()) == 3


async def test_what_another_process_left_is_sent_when_two_sweeps_found_it():
    other = Post()
    await other.append("a")
    post = Post(other.commits)
    await post.relay._sweep_suspects()
    assert (post.sent, post.recovered) == ([], [])
    await post.relay._sweep_suspects()
    assert (post.sent, post.recovered) == (["counter:a#1.1"], ["counter:a#1"])
    await post.relay._sweep_suspects()
    assert post.sent == ["counter:a#1.1"]


async def test_what_another_process_sent_in_time_is_left_alone():
    other = Post()
    await other.append("a")
    post = Post(other.commits)
    await post.relay._sweep_suspects()
    other.enqueue()
    await other.relay._drain()
    await post.relay._sweep_suspects()
    assert (post.sent, other.sent) == ([], ["counter:a#1.1"])


async def test_a_sweep_leaves_what_waits_in_this_process_to_its_turn():
    post = Post()
    await post.append("a")
    post.enqueue()
    for _ in range(3):
        await post.relay._sweep_suspects()
    assert (post.sent, post.relay.backlog) == ([], 1)


async def test_a_running_relay_takes_over_what_another_left(quick):
    post = Post()
    async with post.running():
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#1.1")
        await make_journal(post.commits).append("b", lambda _: count(1, "b"), cause())
        await post.until_sent("counter:b#1.1")
    assert "counter:b#1" in post.recovered


async def test_an_empty_topic_is_filled_again_in_the_order_of_recording():
    post = Post()
    await post.append("b", "a", "b")
    post.enqueue()
    await post.relay._drain()
    first, post.sent = post.sent, []
    assert await post.relay.republish(KIND.topics) == 3
    assert sorted(post.sent) == sorted(first)
    assert post.sent.index("counter:b#1.1") < post.sent.index("counter:b#2.1")


async def test_a_topic_this_stream_does_not_feed_is_not_filled():
    post = Post()
    await post.append("a")
    assert await post.relay.republish({"another.topic.v1"}) == 0
    assert post.sent == []


async def test_what_a_topic_was_sent_is_counted_from_the_marks():
    post = Post()
    await post.append("a", "b", "a")
    await post.journal.append("b", lambda _: [Muttered(words="private")], cause())
    assert await post.relay.published() == {}
    post.enqueue()
    await post.relay._drain()
    await post.append("a")
    assert await post.relay.published() == dict.fromkeys(KIND.topics, 3)
