"""What nothing enqueues stays announced until it was looked for."""

from shared.documents import MemoryDocuments
from shared.journal.outbox import LOOKS_FOR_A_COMMIT, Outbox
from tests.unit.outbox.outboxes import rows


async def test_a_commit_that_nothing_enqueues_stays_announced_from_its_version_on_until_it_was_looked_for():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    await outbox.begin("s:a", 1)
    outbox.abandon("s:a", 1, inserted=True)
    await outbox.begin("s:a", 2)
    outbox.published("s:a", 2)
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 1)]
    for _ in range(LOOKS_FOR_A_COMMIT):
        await outbox.sweep()
        assert await rows(documents) == [("s:a", 1)]
        (left,) = outbox.left
        outbox.looked(left, [1], 3)
        assert left.sent == 3
    await outbox.sweep()
    assert (await rows(documents), outbox.left) == ([], [])


async def test_an_insert_that_may_still_arrive_is_looked_for_several_times():
    outbox = Outbox(MemoryDocuments())
    await outbox.begin("s:a", 1)
    outbox.abandon("s:a", 1, inserted=True)
    for _ in range(LOOKS_FOR_A_COMMIT):
        (left,) = outbox.left
        outbox.looked(left, [1], 1)
    assert outbox.left == []


async def test_what_was_abandoned_during_a_look_is_looked_for_in_the_next():
    outbox = Outbox(MemoryDocuments())
    await outbox.begin("s:a", 1)
    outbox.abandon("s:a", 1, inserted=True)
    (left,) = outbox.left
    versions = list(left.left)
    await outbox.begin("s:a", 2)
    outbox.abandon("s:a", 2, inserted=True)
    outbox.looked(left, versions, 2)
    assert left.left == {1: LOOKS_FOR_A_COMMIT - 1, 2: LOOKS_FOR_A_COMMIT}


async def test_a_view_whose_renewal_is_in_doubt_is_announced_by_the_next_sweep():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    outbox.doubt("s:a", 3)
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 3)]
