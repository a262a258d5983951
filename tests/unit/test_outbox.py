"""The outbox: what is announced before it is recorded, renewed while it is under way and taken back after."""

import asyncio

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.outbox import LOOKS_FOR_A_COMMIT, MAX_STREAMS_PER_DOCUMENT, SWEEP_SECONDS, Outbox, told


async def rows(documents: MemoryDocuments) -> list[tuple[str, int]]:
    return sorted([one async for row in documents.find({}) for one in told(row).items()])


async def begin_together(outbox: Outbox, *streams: str) -> None:
    await asyncio.gather(*[outbox.begin(stream, 1) for stream in streams])


class Gated(MemoryDocuments):
    """Stores at once what is inserted, and answers when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answer = asyncio.Event(), asyncio.Event()

    async def insert(self, document):
        await super().insert(document)
        self.asked.set()
        await self.answer.wait()


class Away(MemoryDocuments):
    """Takes no new document while it is away."""

    away = False

    async def insert(self, document):
        if self.away:
            raise Unavailable("database")
        await super().insert(document)


class Clocked(Outbox):
    """Time passes when it is told to, for what stood still."""

    def stand_still(self) -> None:
        assert self._swept is not None
        self._swept -= 3 * SWEEP_SECONDS


async def test_a_stream_is_announced_once_while_its_commits_are_under_way():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    await outbox.begin("s:a", 1)
    outbox.published("s:a", 1)
    await outbox.begin("s:a", 2)
    await outbox.begin("s:b", 7)
    assert await rows(documents) == [("s:a", 1), ("s:b", 7)]
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 2), ("s:b", 7)]


async def test_what_is_out_is_taken_back_by_the_next_sweep():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    await outbox.begin("s:a", 1)
    await outbox.begin("s:b", 1)
    outbox.published("s:a", 1)
    await outbox.sweep()
    assert await rows(documents) == [("s:b", 1)]
    outbox.published("s:b", 1)
    await outbox.sweep()
    assert await rows(documents) == []


async def test_streams_announced_at_once_share_a_document():
    documents = MemoryDocuments()
    await begin_together(Outbox(documents), "s:a", "s:b", "s:a")
    assert (await rows(documents), await documents.count({})) == ([("s:a", 1), ("s:b", 1)], 1)


async def test_a_document_tells_of_so_many_streams_and_no_more():
    documents = MemoryDocuments()
    await begin_together(Outbox(documents), *[f"s:{place}" for place in range(MAX_STREAMS_PER_DOCUMENT + 1)])
    assert sorted([len(told(row)) async for row in documents.find({})]) == [1, MAX_STREAMS_PER_DOCUMENT]


async def test_what_comes_while_a_document_is_inserted_goes_into_the_next_and_waits_until_that_is_stored():
    documents = Gated()
    outbox = Outbox(documents)
    first = asyncio.create_task(outbox.begin("s:a", 1))
    await documents.asked.wait()
    later = [asyncio.create_task(outbox.begin(stream, version)) for stream, version in (("s:b", 1), ("s:c", 4))]
    again = asyncio.create_task(outbox.begin("s:a", 2))
    await asyncio.sleep(0)
    assert not any(task.done() for task in (first, *later, again))
    documents.answer.set()
    await asyncio.gather(first, *later, again)
    assert [told(row) async for row in documents.find({})] == [{"s:a": 1}, {"s:b": 1, "s:c": 4}]


async def test_a_document_tells_only_of_what_is_left_and_is_taken_back_with_the_last():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    await begin_together(outbox, "s:a", "s:b")
    outbox.published("s:a", 1)
    await outbox.sweep()
    assert await rows(documents) == [("s:b", 1)]
    outbox.abandon("s:b", 1, inserted=True)
    await outbox.sweep()
    assert await rows(documents) == [("s:b", 1)]
    for _ in range(LOOKS_FOR_A_COMMIT):
        (left,) = outbox.left
        outbox.looked(left, [1], 1)
    await outbox.sweep()
    assert await documents.count({}) == 0


@pytest.mark.parametrize("beside", [[], ["s:b"]], ids=["its document is removed", "its document is renewed without it"])
async def test_a_stream_begun_again_while_it_is_taken_back_is_announced_anew(beside):
    class Meanwhile(MemoryDocuments):
        """Lets somebody in before it writes."""

        async def remove(self, key):
            await again()
            await super().remove(key)

        async def put(self, document):
            await again()
            await super().put(document)

    begun = False

    async def again() -> None:
        nonlocal begun
        if not begun:
            begun = True
            await outbox.begin("s:a", 2)

    documents = Meanwhile()
    outbox = Outbox(documents)
    await begin_together(outbox, "s:a", *beside)
    outbox.published("s:a", 1)
    await outbox.sweep()
    assert begun
    assert await rows(documents) == [("s:a", 2), *[(stream, 1) for stream in beside]]
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 2), *[(stream, 1) for stream in beside]]


async def test_a_version_that_somebody_else_took_leaves_nothing():
    documents = MemoryDocuments()
    outbox = Outbox(documents)
    await outbox.begin("s:a", 1)
    outbox.abandon("s:a", 1, inserted=False)
    await outbox.sweep()
    assert (await rows(documents), outbox.left) == ([], [])


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


async def test_each_sweep_shows_others_that_the_process_lives():
    documents = MemoryDocuments()
    mine, other = Outbox(documents), Outbox(documents)
    await mine.begin("s:a", 1)
    await mine.sweep()
    (first,) = await other.sweep()
    await mine.sweep()
    (second,) = await other.sweep()
    assert (first["_id"], told(first)) == (second["_id"], told(second))
    assert first != second
    assert await mine.sweep() == []


async def test_an_announcement_made_while_a_sweep_reads_the_outbox_is_kept():
    class Reading(MemoryDocuments):
        """Lets somebody in before it answers."""

        async def find(self, query, **options):
            await outbox.begin("s:late", 1)
            async for row in super().find(query, **options):
                yield row

    documents = Reading()
    outbox = Outbox(documents)
    await outbox.sweep()
    assert [key async for key in MemoryDocuments.find(documents, {})] != []


async def test_an_announcement_that_is_stored_but_not_answered_while_a_sweep_reads_the_outbox_is_kept():
    documents = Gated()
    outbox = Outbox(documents)
    begun = asyncio.create_task(outbox.begin("s:a", 1))
    await documents.asked.wait()
    await outbox.sweep()
    documents.answer.set()
    await begun
    assert await rows(documents) == [("s:a", 1)]


async def test_an_announcement_that_could_not_be_stored_is_none():
    documents = Away()
    outbox = Outbox(documents)
    documents.away = True
    with pytest.raises(Unavailable):
        await outbox.begin("s:a", 1)
    documents.away = False
    await outbox.begin("s:a", 1)
    assert await rows(documents) == [("s:a", 1)]
    outbox.published("s:a", 1)
    await outbox.sweep()
    assert await rows(documents) == []


async def test_an_announcement_whose_answer_was_lost_is_stored_once_after_the_next_sweep():
    class Lost(MemoryDocuments):
        lost = True

        async def insert(self, document):
            await super().insert(document)
            if self.lost:
                raise Unavailable("database")

    documents = Lost()
    outbox = Outbox(documents)
    with pytest.raises(Unavailable):
        await outbox.begin("s:a", 1)
    documents.lost = False
    await outbox.begin("s:a", 1)
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 1)]


async def test_a_process_that_stood_still_announces_anew_and_leaves_one_announcement_a_stream():
    documents = MemoryDocuments()
    outbox = Clocked(documents)
    await outbox.begin("s:a", 1)
    await outbox.sweep()
    (before,) = [row["_id"] async for row in documents.find({})]
    outbox.stand_still()
    await documents.remove(before)  # as who took it for dead does
    await outbox.begin("s:a", 2)
    (after,) = [row["_id"] async for row in documents.find({})]
    assert before != after
    outbox.published("s:a", 1)
    outbox.published("s:a", 2)
    await outbox.sweep()
    assert await rows(documents) == []


async def test_a_stream_that_cannot_be_announced_anew_stays_announced_beside_the_others():
    documents = Away()
    outbox = Clocked(documents)
    await begin_together(outbox, "s:a", "s:b")
    await outbox.sweep()
    outbox.stand_still()
    documents.away = True
    with pytest.raises(Unavailable):
        await outbox.begin("s:a", 2)
    assert await rows(documents) == [("s:a", 1), ("s:b", 1)]
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 1), ("s:b", 1)]
    outbox.published("s:a", 1)
    await outbox.sweep()
    assert await rows(documents) == [("s:b", 1)]


async def test_a_stream_that_is_announced_anew_leaves_the_document_it_shared():
    documents = MemoryDocuments()
    outbox = Clocked(documents)
    await begin_together(outbox, "s:a", "s:b")
    await outbox.sweep()
    outbox.stand_still()
    await outbox.begin("s:a", 2)
    await outbox.sweep()
    assert await rows(documents) == [("s:a", 1), ("s:b", 1)]
    assert await documents.count({}) == 2


async def test_a_sweep_after_standing_still_is_not_undone_by_who_took_the_process_for_dead():
    documents = MemoryDocuments()
    mine, other = Clocked(documents), Outbox(documents)
    await mine.begin("s:a", 1)
    await mine.sweep()
    (seen,) = await other.sweep()
    mine.stand_still()
    await mine.sweep()
    await other.remove(seen)
    assert await rows(documents) == [("s:a", 1)]


async def test_a_publication_while_a_stream_is_announced_anew_is_counted():
    class Slow(MemoryDocuments):
        async def put(self, document):
            await asyncio.sleep(0)
            await super().put(document)

    documents = Slow()
    outbox = Clocked(documents)
    await outbox.begin("s:a", 1)
    await outbox.sweep()
    outbox.stand_still()
    again = asyncio.create_task(outbox.begin("s:a", 2))
    await asyncio.sleep(0)
    outbox.published("s:a", 1)
    await again
    outbox.published("s:a", 2)
    await outbox.sweep()
    assert await rows(documents) == []
