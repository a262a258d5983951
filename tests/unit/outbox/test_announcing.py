"""The outbox: what is announced before it is recorded, and taken back after."""

import asyncio

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.outbox import LOOKS_FOR_A_COMMIT, MAX_STREAMS_PER_DOCUMENT, Outbox, told
from tests.unit.outbox.outboxes import Away, Gated, begin_together, rows


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
