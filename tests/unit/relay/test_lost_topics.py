"""The relay: what topics lost."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.journal.filled import Place
from shared.journal.relay import MAX_COMMITS_PER_ROUND
from tests.counter import KIND
from tests.unit.relay.post import TOPIC, Post


async def drained(post: Post, *keys: str) -> None:
    await post.append(*keys)
    post.enqueue()
    while post.relay.backlog:
        await post.relay._drain()


async def test_an_empty_topic_is_filled_again_each_stream_in_its_order():
    post = Post()
    await post.append("b", "a", "b")
    post.enqueue()
    await post.relay._drain()
    first, post.sent = post.sent, []
    assert await post.relay.republish(KIND.topics) == 3
    assert sorted(post.sent) == sorted(first)
    assert post.sent.index("counter:b#1.1") < post.sent.index("counter:b#2.1")


async def test_who_fills_a_topic_again_is_told_how_far_it_has_come():
    post, told = Post(), list[tuple[int, int]]()
    await post.append("b", "a", "b")
    await post.relay.republish(KIND.topics, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_a_topic_this_stream_does_not_feed_is_not_filled():
    post = Post()
    await post.append("a")
    assert await post.relay.republish({"another.topic.v1"}) == 0
    assert post.sent == []


async def test_a_topic_that_lost_what_it_held_is_filled_again_however_much_is_sent_next():
    post = Post()
    await drained(post, "a", "a")
    post.topic.lose()
    post.sent.clear()
    await drained(post, "a", "a", "a")  # more than was lost: its end alone would tell nothing
    assert post.sent == [f"counter:a#{version}.1" for version in (3, 4, 5)]
    await post.relay._drain()
    assert post.sent[3:] == [f"counter:a#{version}.1" for version in (1, 2, 3, 4, 5)]
    await drained(post, "a")
    assert post.sent[8:] == ["counter:a#6.1"]


async def test_a_topic_that_lost_what_it_held_while_nothing_is_sent_is_filled_again():
    post = Post()
    await drained(post, "a")
    await post.relay.look_at_topics()
    post.topic.lose()
    post.sent.clear()
    await post.relay._drain()
    assert post.sent == []
    await post.relay.look_at_topics()
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1"]


async def test_a_running_relay_fills_what_it_is_told_is_lost():
    post = Post()
    await drained(post, "a")
    async with post.running():
        post.topic.lose()
        post.sent.clear()
        await post.relay.look_at_topics()
        await post.until_sent("counter:a#1.1")


async def test_a_process_that_starts_finds_out_what_was_lost_with_the_one_before():
    before = Post()
    await drained(before, "a", "a", "a")
    before.topic.lose()
    after = Post(before)
    await after.relay.look_at_topics()
    await after.relay._drain()
    assert after.sent == [f"counter:a#{version}.1" for version in (1, 2, 3)]


async def test_a_process_that_sends_to_a_topic_first_sees_whether_it_is_still_the_one_others_filled():
    before = Post()
    await drained(before, "a", "a", "a")
    before.topic.lose()
    after = Post(before)
    await drained(after, *["b"] * 5)
    await after.relay._drain()
    assert after.sent[5:8] == [f"counter:a#{version}.1" for version in (1, 2, 3)]


async def test_what_was_filled_again_is_what_others_compare_with():
    before = Post()
    await drained(before, "a")
    before.topic.lose()
    await before.relay.look_at_topics()
    await before.relay._drain()
    after = Post(before)
    await after.relay.look_at_topics()
    await drained(after, "a")
    await after.relay._drain()
    assert after.sent == ["counter:a#2.1"]


async def test_a_partition_that_stays_empty_when_its_topic_was_filled_again_is_missed_no_longer():
    """Something foreign lay there, or the topic was made again with fewer partitions."""
    post = Post()
    post.topic.beside = 1
    await drained(post, "a")
    post.topic.lose()
    for sent in (["counter:a#1.1"], []):
        post.sent.clear()
        await post.relay.look_at_topics()
        await post.relay._drain()
        assert post.sent == sent


async def cut_short() -> Post:
    """A process that learned of a loss and could not make it good."""
    post = Post()
    await drained(post, "a", "a")
    post.topic.lose()
    await post.relay.look_at_topics()
    post.outages = 1
    with pytest.raises(Unavailable):
        await post.relay._drain()
    post.sent.clear()
    return post


async def test_a_topic_whose_filling_is_cut_short_is_filled_again():
    post = await cut_short()
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1", "counter:a#2.1"]
    post.sent.clear()
    await post.relay._drain()
    assert post.sent == []


async def test_a_topic_whose_filling_is_cut_short_by_the_death_of_the_process_is_filled_by_the_next():
    """Although it may hold as much by then as it ever did."""
    after = Post(await cut_short())
    await drained(Post(after), "b", "b", "b")
    await after.relay._filled.remember()
    await after.relay._drain()
    assert set(after.sent) >= {"counter:a#1.1", "counter:a#2.1"}
    await Post(after).relay._filled.remember()
    last = Post(after)
    await last.relay._filled.remember()
    await last.relay._drain()
    assert last.sent == []


async def test_a_topic_that_is_lost_while_it_is_filled_is_filled_again():
    post = Post()
    await drained(post, *["a"] * (MAX_COMMITS_PER_ROUND + 1))
    post.topic.lose()
    await post.relay.look_at_topics()
    post.lose_at = MAX_COMMITS_PER_ROUND
    await post.relay._drain()
    post.sent.clear()
    await post.relay._drain()
    assert len(post.sent) == MAX_COMMITS_PER_ROUND + 1


async def test_a_topic_that_is_lost_when_it_was_filled_is_filled_again():
    post = Post()
    await drained(post, "a")
    post.topic.lose()
    await post.relay.look_at_topics()
    post.lose_at = 1
    await post.relay._drain()
    post.sent.clear()
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1"]


async def test_a_topic_whose_filling_ends_while_it_is_looked_at_has_lost_nothing():
    post = Post()
    await drained(post, "a")
    post.topic.lose()
    filled, looking, may_answer = post.relay._filled, asyncio.Event(), asyncio.Event()

    async def slow(_: set[str]):
        filled._look = post.held  # what others ask meanwhile is answered at once
        looking.set()
        await may_answer.wait()
        return await post.held(set())

    await post.kept.put({"_id": "gone|0", "topic": "gone", "partition": 0, "began": 1})
    await filled.begin_filling(KIND.topics)
    await post.relay._fill(frozenset(KIND.topics), lambda *_: None)
    filled._look = slow
    check = asyncio.create_task(post.relay.look_at_topics())
    await looking.wait()
    await filled.end_filling(KIND.topics, whole=True)
    may_answer.set()
    await check
    assert filled.lost == {"gone"}


async def test_a_topic_whose_first_messages_are_gone_is_taken_for_the_one_it_was():
    post = Post()
    await drained(post, "a")
    post.topic.cut = True
    await post.relay.look_at_topics()
    await drained(post, "b")
    assert post.sent == ["counter:a#1.1", "counter:b#1.1"]
    assert [row["began"] async for row in post.kept.find({})] == [1]


async def test_a_topic_nobody_ever_sent_to_has_lost_nothing():
    post = Post()
    await post.relay.look_at_topics()
    await post.relay._drain()
    assert post.sent == []


async def test_a_topic_that_is_missing_hides_no_other_that_lost_something():
    post = Post()
    await drained(post, "a")
    await post.kept.put({"_id": "missing|0", "topic": "missing", "partition": 0, "began": 1})
    filled = post.relay._filled

    async def held(topics: set[str]):
        if "missing" in topics:
            raise Unavailable("broker")
        return await post.held(topics)

    filled._look = held
    async with post.running():
        post.topic.lose()
        post.sent.clear()
        with pytest.raises(Unavailable):
            await post.relay.look_at_topics()
        await post.until_sent("counter:a#1.1")


async def emptied() -> tuple[Post, Post]:
    """Two processes that know of a partition which is empty since its topic was lost and filled again."""
    post = Post()
    other = Post(post)
    post.topic.beside = 1
    for one in (post, other):
        await drained(one, "a")
    post.topic.lose()
    await post.relay.look_at_topics()
    await post.relay._drain()
    return post, other


async def kept_of(post: Post) -> dict[Place, int]:
    return {(row["topic"], row["partition"]): row["began"] async for row in post.kept.find({})}


async def test_a_partition_that_was_empty_is_told_again_from_what_is_sent_to_it_first():
    for sender in (0, 1):
        posts = await emptied()
        await posts[sender].relay.look_at_topics()
        posts[0].topic.beside = 1
        await posts[sender].relay._filled.sent({(TOPIC, 1): (0, 1)})
        assert await kept_of(posts[0]) == {(TOPIC, 0): 2, (TOPIC, 1): 2}


async def test_what_another_process_sends_to_an_empty_partition_while_its_row_is_taken_back_is_not_forgotten():
    post = Post()
    post.topic.beside = 1
    await drained(post, "a")
    post.topic.lose()
    await post.relay.look_at_topics()
    other, filled = Post(post), post.relay._filled

    async def held(topics: set[str]):
        answer = await post.held(topics)
        if not post.topic.beside:
            post.topic.beside = 1
            await other.relay._filled.sent({(TOPIC, 1): (0, 1)})
        return answer

    filled._look = held
    await filled.begin_filling(KIND.topics)
    await post.relay._fill(frozenset(KIND.topics), lambda *_: None)
    await filled.end_filling(KIND.topics, whole=True)
    assert await kept_of(post) == {(TOPIC, 0): 2, (TOPIC, 1): 2}
