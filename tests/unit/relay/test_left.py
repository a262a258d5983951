"""The relay: what this process left for later."""

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.outbox import LOOKS_FOR_A_COMMIT
from tests.unit.relay.post import Post


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
    await post.sweep(LOOKS_FOR_A_COMMIT)
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_a_view_that_a_late_answer_may_have_replaced_is_renewed_for_some_looks():
    post = Post()
    post.views_fail = Unavailable
    await post.append("a")
    post.views_fail = None
    await post.sweep(LOOKS_FOR_A_COMMIT + 1)
    assert (post.recovered, post.sent) == (["counter:a#1"] * LOOKS_FOR_A_COMMIT, ["counter:a#1.1"])


async def test_a_view_that_cannot_be_drawn_holds_up_its_own_stream_only():
    post = Post()
    post.views_fail = ZeroDivisionError
    await post.append("a", "b")
    await post.sweep()
    assert post.sent == ["counter:b#1.1"]
    await post.sweep(LOOKS_FOR_A_COMMIT)
    assert (await post.announcements(), post.relay.backlog) == ([("counter:a", 1)], 1)
    post.views_fail = None
    await post.sweep()
    assert (post.sent, post.relay.backlog) == (["counter:b#1.1", "counter:a#1.1"], 0)


async def test_a_commit_whose_view_failed_is_backlog_from_the_moment_it_is_left_until_it_is_sent():
    post = Post()
    post.views_fail = Unavailable
    await post.append("a")
    assert post.relay.backlog == 1
    post.views_fail = None
    await post.relay.flush()
    assert (post.sent, post.relay.backlog) == (["counter:a#1.1"], 0)


async def test_a_view_that_is_only_renewed_is_no_backlog():
    post = Post()
    await post.append("a")
    post.enqueue()
    await post.relay._drain()
    post.outbox.doubt("counter:a", 1)
    await post.sweep()
    assert (len(post.outbox.left), post.relay.backlog) == (1, 0)


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
    await post.sweep(LOOKS_FOR_A_COMMIT)
    assert (post.sent, await post.announcements()) == (["counter:a#1.1"], [])


async def test_an_insert_that_never_arrives_is_given_up(unsure):
    post, _ = unsure
    for _ in range(LOOKS_FOR_A_COMMIT + 1):
        assert await post.announcements() == [("counter:a", 1)]
        await post.sweep()
    assert (post.sent, await post.announcements()) == ([], [])
