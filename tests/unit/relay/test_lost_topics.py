"""The relay: what topics lost."""

import pytest

from shared.errors import Unavailable
from tests.counter import KIND, Muttered, cause
from tests.unit.relay.post import TOPIC, Post


async def test_an_empty_topic_is_filled_again_each_stream_in_its_order():
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
    await after.relay.reached.remember()
    await drained(after, "b")
    await after.sweep()
    assert await after.relay.reached.ends() == {(TOPIC, 0): 3}, "what is lost is not forgotten"
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
    assert await post.relay.reached.ends() == {(TOPIC, 0): 2}
    await post.relay._drain()
    assert post.sent == ["counter:a#1.1", "counter:a#2.1"]


async def test_how_far_a_topic_was_filled_is_kept_by_the_next_sweep_and_once():
    post = Post()
    await post.append("a", "b", "a")
    await post.journal.append("b", lambda _: [Muttered(words="private")], cause())
    post.enqueue()
    assert await post.relay.reached.ends() == {}
    await post.relay._drain()
    await post.sweep()
    assert await post.relay.reached.ends() == {(TOPIC, 0): 3}
    await post.kept.clear()
    await post.sweep()
    assert await post.relay.reached.ends() == {}
    await post.append("a")
    post.enqueue()
    await post.relay._drain()
    await post.sweep()
    assert await post.relay.reached.ends() == {(TOPIC, 0): 4}


async def test_processes_that_fill_other_partitions_of_a_topic_do_not_lose_each_other_s_place():
    posts = [Post()]
    posts.append(Post(posts[0]))
    for number, post in enumerate(posts):
        post.relay.reached.offsets = {(TOPIC, number): 7}
        await post.sweep()
    assert await posts[0].relay.reached.ends() == {(TOPIC, 0): 7, (TOPIC, 1): 7}
