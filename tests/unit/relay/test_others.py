"""The relay: what other processes left."""

import pytest

from shared.errors import Unavailable
from shared.journal.relay import LOOKS_AFTER_DEATH, LOOKS_BETWEEN, RENEWALS_AFTER_DEATH, SIGHTS_OF_A_DEAD_PROCESS
from tests.counter import cause, count
from tests.unit.relay.post import Post


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


async def test_every_stream_of_a_shared_announcement_is_sent_and_looked_for_by_itself():
    post = Post()
    await post.sweep()
    other = Post(post)
    await other.append_together("a", "b")
    await other.append("b")
    assert await post.announced.count({}) == 1
    await post.sweep(SIGHTS_OF_A_DEAD_PROCESS)
    assert post.sent == ["counter:a#1.1", "counter:b#1.1", "counter:b#2.1"]
    assert await post.announced.count({}) == 0
    left = [(row["stream"], row["since"], row["end"]) async for row in post.abandoned.find({})]
    assert left == [("counter:a", 1, 2), ("counter:b", 1, 3)]


async def test_an_announcement_as_the_version_before_stored_it_is_followed():
    post = Post()
    other = Post(post)
    await other.append("a")
    await post.announced.clear()
    old = {"_id": "counter:a|other|1", "owner": "other", "stream": "counter:a", "since": 1, "beat": 0}
    await post.announced.insert(old)
    await post.sweep(SIGHTS_OF_A_DEAD_PROCESS)
    assert (post.sent, await post.announced.count({})) == (["counter:a#1.1"], 0)
    assert [(row["stream"], row["end"]) async for row in post.abandoned.find({})] == [("counter:a", 2)]


async def test_a_stream_that_cannot_be_followed_holds_up_no_other_of_its_announcement():
    post = Post()
    await post.sweep()
    await Post(post).append_together("a", "b", "c")
    post.views_fail = ZeroDivisionError
    await post.sweep(2 * SIGHTS_OF_A_DEAD_PROCESS)
    assert post.sent == ["counter:b#1.1", "counter:c#1.1"]
    assert await post.announcements() == [("counter:a", 1), ("counter:b", 1), ("counter:c", 1)]
    assert (post.relay.backlog, await post.abandoned.count({})) == (1, 0)
    post.views_fail = None
    await post.sweep()
    assert post.sent == ["counter:b#1.1", "counter:c#1.1", "counter:a#1.1"]
    assert (await post.announcements(), await post.abandoned.count({})) == ([], 3)


async def frozen() -> tuple[Post, Post]:
    """One process, and another that announced a stream and stands still before it inserts, longer than is waited."""
    post = Post()
    await post.sweep()
    still = Post(post)
    await still.outbox.begin("counter:a", 1)
    await post.sweep(SIGHTS_OF_A_DEAD_PROCESS)
    assert await post.announcements() == []
    return post, still


async def test_a_process_that_wakes_inserts_and_dies_leaves_nothing_unsent():
    post, still = await frozen()
    await still.journal.append("a", lambda _: count(1), cause())
    await post.sweep(LOOKS_BETWEEN)
    assert (post.recovered, post.sent) == (["counter:a#1"], ["counter:a#1.1"])


async def test_what_it_leaves_is_sent_by_a_process_that_starts_later():
    post, still = await frozen()
    await still.journal.append("a", lambda _: count(1), cause())
    after = Post(post)
    await after.sweep()
    assert set(after.sent) == {"counter:a#1.1"}


async def test_when_somebody_else_took_its_version_it_is_waited_for_no_longer():
    post, _ = await frozen()
    assert await post.abandoned.count({}) == 1
    other = Post(post)
    await other.append("a")
    other.enqueue()
    await other.relay.flush()
    await post.sweep(LOOKS_BETWEEN * (RENEWALS_AFTER_DEATH + 1))
    assert await post.abandoned.count({}) == 0


async def test_a_process_that_never_wakes_is_waited_for_a_bounded_time():
    post, _ = await frozen()
    await post.sweep(LOOKS_BETWEEN * LOOKS_AFTER_DEATH)
    assert (post.sent, await post.abandoned.count({})) == ([], 0)


async def test_a_view_that_a_dead_process_may_have_replaced_since_is_renewed():
    post = Post()
    await post.sweep()
    await Post(post).append("a")
    await post.sweep(SIGHTS_OF_A_DEAD_PROCESS)
    post.recovered.clear()
    await post.sweep(LOOKS_BETWEEN * LOOKS_AFTER_DEATH)
    assert (post.recovered, post.sent) == (["counter:a#1"] * RENEWALS_AFTER_DEATH, ["counter:a#1.1"])


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
    assert post.relay.backlog == 1  # nobody else tells of it


async def test_what_another_process_publishes_meanwhile_is_no_longer_backlog():
    post = Post()
    await post.sweep()
    await Post(post).append("a")
    post.views_fail = ZeroDivisionError
    await post.sweep(2)
    assert post.relay.backlog == 1
    await post.announced.clear()  # as who published it does
    await post.sweep(LOOKS_BETWEEN + 1)
    assert post.relay.backlog == 0


async def test_a_late_commit_whose_view_cannot_be_drawn_is_not_given_up():
    post, still = await frozen()
    post.views_fail = ZeroDivisionError
    await still.journal.append("a", lambda _: count(1), cause())
    await post.sweep(LOOKS_BETWEEN * (LOOKS_AFTER_DEATH + 1))
    assert (post.relay.backlog, await post.abandoned.count({})) == (1, 1)
    post.views_fail = None
    await post.sweep(LOOKS_BETWEEN)
    assert (set(post.sent), post.relay.backlog) == ({"counter:a#1.1"}, 0)


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
