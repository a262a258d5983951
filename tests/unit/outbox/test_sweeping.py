"""A sweep shows that its process lives; who stood still announces anew."""

import asyncio

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal.outbox import Outbox, told
from tests.unit.outbox.outboxes import Away, Clocked, Gated, begin_together, rows


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
