"""The relay: in order, announced before and taken back after, and nothing left behind by a process that died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit, Journal
from shared.journal.outbox import LOOKS_FOR_A_COMMIT, Outbox
from shared.journal.relay import MAX_COMMITS_PER_ROUND, SIGHTS_OF_A_DEAD_PROCESS, Outgoing, Place, Relay, Span
from tests.counter import KIND, FixedClock, Muttered, cause, count

(TOPIC,) = KIND.topics


class Topic:
    """A topic of one partition, which may lose what it held."""

    def __init__(self) -> None:
        self.end = 0


class Post:
    """One process: a journal in memory and its relay, what it sent, and whose views it renewed.

    Its commits wait in `mine` until they are enqueued.
    """

    def __init__(self, beside: "Post | None" = None) -> None:
        self.commits = beside.commits if beside else MemoryDocuments()
        self.announced = beside.announced if beside else MemoryDocuments()
        self.kept = beside.kept if beside else MemoryDocuments()
        self.topic = beside.topic if beside else Topic()
        self.sent: list[str] = []
        self.rounds: list[int] = []
        self.recovered: list[str] = []
        self.outages = 0
        self.views_fail: type[Exception] | None = None
        self.changed = asyncio.Event()
        self.outbox = Outbox(self.announced)
        topics = {KIND.name: KIND.topics}
        self.relay = Relay(self.commits, self.outbox, self.kept, topics, self.publish, self.recover)
        self.mine: list[Commit] = []
        self.journal = Journal(KIND, self.commits, FixedClock(), self.committed, None, self.outbox)

    async def publish(self, outgoing: list[Outgoing]) -> dict[Place, Span]:
        if self.outages:
            self.outages -= 1
            raise Unavailable("broker")
        self.sent += [meta.id for _, meta in outgoing]
        self.rounds.append(len(outgoing))
        first, self.topic.end = self.topic.end, self.topic.end + len(outgoing)
        self.changed.set()
        return {(TOPIC, 0): (first, self.topic.end)}

    async def recover(self, commit: Commit) -> None:
        if self.views_fail is not None and commit.stream == "counter:a":
            raise self.views_fail("view")
        self.recovered.append(commit.key)

    async def committed(self, commit: Commit, _: object) -> None:
        """As a service does: what has no view is left for later."""
        if self.views_fail is not None:
            self.outbox.abandon(commit.stream, commit.version, inserted=True)
        else:
            self.mine.append(commit)

    async def append(self, *keys: str) -> None:
        for key in keys:
            await self.journal.append(key, lambda _, key=key: count(1, key), cause())

    def enqueue(self) -> None:
        while self.mine:
            self.relay.enqueue(self.mine.pop(0))

    async def sweep(self) -> None:
        """One look and what follows from it."""
        await self.relay._look()
        await self.relay._follow_what_is_left()

    async def announcements(self) -> list[tuple[str, int]]:
        return sorted([(row["stream"], row["since"]) async for row in self.announced.find({})])

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


# -- what this process recorded ----------------------------------------------------------------------------------


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
    assert await post.relay.reached() == {(TOPIC, 0): MAX_COMMITS_PER_ROUND + 2}


async def test_a_process_that_ends_without_a_broker_leaves_its_announcements():
    post = Post()
    await post.append("a")
    post.enqueue()
    post.outages = 1
    await post.relay.flush()
    assert (post.sent, await post.announcements()) == ([], [("counter:a", 1)])


# -- what it left for later --------------------------------------------------------------------------------------


async def test_a_commit_whose_view_failed_is_sent_when_its_view_was_renewed():
    post = Post()
    post.views_fail = Unavailable
    await post.append("a")
    await post.relay._look()
    with pytest.raises(Unavailable):
        await post.relay._follow_what_is_left()
    assert (post.sent, await post.announcements()) == ([], [("counter:a", 1)])
    post.views_fail = None
    await post.sweep()
    assert (post.recovered, post.sent) == (["counter:a#1"], ["counter:a#1.1"])
    await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_a_view_that_cannot_be_drawn_holds_up_its_own_stream_only():
    post = Post()
    post.views_fail = ZeroDivisionError
    await post.append("a", "b")
    await post.sweep()
    assert post.sent == ["counter:b#1.1"]
    await post.sweep()
    assert await post.announcements() == [("counter:a", 1)]
    post.views_fail = None
    await post.sweep()
    assert post.sent == ["counter:b#1.1", "counter:a#1.1"]


class Unsure(MemoryDocuments):
    """Inserts of which nobody learns whether they succeeded; they arrive when they are let to."""

    def __init__(self) -> None:
        super().__init__()
        self.unsure = True
        self.late: dict[str, dict] = {}

    async def insert(self, document):
        if self.unsure:
            self.late[document["_id"]] = document
            raise Unavailable("database")
        await super().insert(document)

    async def arrive(self) -> None:
        self.unsure = False
        for document in self.late.values():
            await self.insert(document)


@pytest.fixture
async def unsure(monkeypatch) -> tuple[Post, Unsure]:
    """A process whose first commit is neither known to be there nor known not to be."""
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    first, documents = Post(), Unsure()
    first.commits = documents
    post = Post(first)
    with pytest.raises(Unavailable):
        await post.append("a")
    return post, documents


async def test_an_insert_that_arrives_late_is_sent(unsure):
    post, documents = unsure
    await post.sweep()
    assert (post.sent, await post.announcements()) == ([], [("counter:a", 1)])
    await documents.arrive()
    await post.sweep()
    await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_an_insert_that_never_arrives_is_given_up(unsure):
    post, _ = unsure
    for _ in range(LOOKS_FOR_A_COMMIT + 1):
        assert await post.announcements() == [("counter:a", 1)]
        await post.sweep()
    assert (post.sent, await post.announcements()) == ([], [])


# -- what others left --------------------------------------------------------------------------------------------


async def test_what_an_earlier_process_left_is_sent_at_the_start_its_views_renewed_first():
    before = Post()
    await before.append("b", "a", "b")
    after = Post(before)
    await after.sweep()
    assert after.sent == ["counter:b#1.1", "counter:b#2.1", "counter:a#1.1"]
    assert after.recovered == ["counter:b#1", "counter:b#2", "counter:a#1"]


async def test_what_an_earlier_process_had_sent_already_is_not_sent_again():
    before = Post()
    await before.append("a")
    before.enqueue()
    await before.relay._drain()
    await before.append("a")
    await before.sweep()
    after = Post(before)
    await after.sweep()
    assert after.sent == ["counter:a#2.1"]


async def test_what_another_process_left_is_sent_at_the_second_sight_and_once():
    post = Post()
    await post.sweep()
    other = Post(post)
    await other.append("a")
    await post.sweep()
    assert (post.sent, post.recovered) == ([], [])
    await post.sweep()
    assert (post.sent, post.recovered) == (["counter:a#1.1"], ["counter:a#1"])
    await other.append("a")
    await post.sweep()
    assert post.sent == ["counter:a#1.1", "counter:a#2.1"]


async def test_the_announcement_of_a_dead_process_is_removed_after_its_last_sight():
    post = Post()
    await post.sweep()
    await Post(post).append("a")
    for _ in range(SIGHTS_OF_A_DEAD_PROCESS):
        assert await post.announcements() == [("counter:a", 1)]
        await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_the_announcement_of_a_dead_process_outlives_an_outage_of_the_broker():
    post = Post()
    await post.sweep()
    await Post(post).append("a")
    await post.sweep()
    for _ in range(2 * SIGHTS_OF_A_DEAD_PROCESS):
        post.outages = 1
        with pytest.raises(Unavailable):
            await post.sweep()
    assert await post.announcements() == [("counter:a", 1)]
    await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_an_announcement_whose_stream_cannot_be_followed_is_kept():
    post = Post()
    await post.sweep()
    await Post(post).append("a", "b")
    post.views_fail = ZeroDivisionError
    for _ in range(SIGHTS_OF_A_DEAD_PROCESS):
        await post.sweep()
    assert (post.sent, await post.announcements()) == (["counter:b#1.1"], [("counter:a", 1)])


async def test_a_process_that_lives_is_left_alone_however_long_it_takes():
    post = Post()
    await post.sweep()
    other = Post(post)
    await other.append("a")
    for _ in range(2 * SIGHTS_OF_A_DEAD_PROCESS):
        await other.sweep()
        await post.sweep()
    assert (post.sent, post.recovered, await post.announcements()) == ([], [], [("counter:a", 1)])
    other.enqueue()
    await other.relay._drain()
    assert other.sent == ["counter:a#1.1"]


async def test_a_sweep_leaves_what_waits_in_this_process_to_its_turn():
    post = Post()
    await post.append("a")
    post.enqueue()
    for _ in range(2 * SIGHTS_OF_A_DEAD_PROCESS):
        await post.sweep()
    assert (post.sent, post.relay.backlog, await post.announcements()) == ([], 1, [("counter:a", 1)])


async def test_a_running_relay_takes_over_what_another_left(quick):
    post = Post()
    async with post.running():
        await post.append("a")
        post.enqueue()
        await post.until_sent("counter:a#1.1")
        await Post(post).append("b")
        await post.until_sent("counter:b#1.1")
    assert "counter:b#1" in post.recovered


# -- what topics lost --------------------------------------------------------------------------------------------


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


async def drained(post: Post, *keys: str) -> None:
    await post.append(*keys)
    post.enqueue()
    while post.relay.backlog:
        await post.relay._drain()


async def test_a_topic_that_lost_what_it_held_is_filled_again_however_much_is_sent_next():
    post = Post()
    await drained(post, "a", "a")
    post.topic.end, post.sent = 0, []
    await drained(post, "a", "a", "a")  # more than was lost: its end alone would tell nothing
    assert post.sent == [f"counter:a#{version}.1" for version in (3, 4, 5)]
    await post.relay._drain()
    assert post.sent[3:] == [f"counter:a#{version}.1" for version in (1, 2, 3, 4, 5)]
    await drained(post, "a")
    assert post.sent[8:] == ["counter:a#6.1"]


async def test_a_process_that_starts_knows_how_far_the_one_before_filled_a_topic():
    before = Post()
    await drained(before, "a", "a", "a")
    await before.sweep()
    before.topic.end = 0
    after = Post(before)
    await after.relay._remember()
    await drained(after, "b")
    await after.sweep()
    assert await after.relay.reached() == {(TOPIC, 0): 3}, "what is lost is not forgotten"
    await after.relay._drain()
    assert sorted(after.sent[1:]) == [f"counter:{one}.1" for one in ("a#1", "a#2", "a#3", "b#1")]


async def test_a_topic_whose_filling_is_cut_short_is_filled_again():
    post = Post()
    await drained(post, "a", "a")
    await post.sweep()
    post.relay.lose(KIND.topics)
    post.outages, post.sent, post.topic.end = 1, [], 0
    with pytest.raises(Unavailable):
        await post.relay._drain()
    await post.sweep()
    assert await post.relay.reached() == {(TOPIC, 0): 2}
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1", "counter:a#2.1"]


async def test_how_far_a_topic_was_filled_is_kept_by_the_next_sweep_and_once():
    post = Post()
    await post.append("a", "b", "a")
    await post.journal.append("b", lambda _: [Muttered(words="private")], cause())
    post.enqueue()
    assert await post.relay.reached() == {}
    await post.relay._drain()
    await post.sweep()
    assert await post.relay.reached() == {(TOPIC, 0): 3}
    await post.kept.clear()
    await post.sweep()
    assert await post.relay.reached() == {}
    await post.append("a")
    post.enqueue()
    await post.relay._drain()
    await post.sweep()
    assert await post.relay.reached() == {(TOPIC, 0): 4}


async def test_processes_that_fill_other_partitions_of_a_topic_do_not_lose_each_other_s_place():
    posts = [Post()]
    posts.append(Post(posts[0]))
    for number, post in enumerate(posts):
        post.relay._offsets = {(TOPIC, number): 7}
        await post.sweep()
    assert await posts[0].relay.reached() == {(TOPIC, 0): 7, (TOPIC, 1): 7}
