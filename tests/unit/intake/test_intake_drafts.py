"""Drafts: one revision after the other whoever saves, found by id, in one look-up where this process saw the last."""

import asyncio

import pytest

from services.intake.forms import DraftForm, OperationForm
from services.intake.store import MAX_DRAFTS_SEEN, Draft, Drafts, StaleDraft
from shared.documents import Document, MemoryDocuments
from tests.facts import DOSSIER


class Counted(MemoryDocuments):
    """Documents that are only asked for by id, each time counted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def get(self, key: str) -> Document | None:
        self.asked += 1
        await asyncio.sleep(0)  # as a server would, it lets others go on
        return await super().get(key)

    def find(self, query, *, sort=(), skip=0, limit=0):
        raise AssertionError("a search looks through every draft on some servers")


@pytest.fixture
def documents() -> Counted:
    return Counted()


def form(name: str) -> DraftForm:
    return DraftForm(operation=OperationForm(name=name))


async def saved(drafts: Drafts, count: int, after: int = 0) -> Draft:
    draft = Draft(DraftForm(), after)
    for revision in range(after, after + count):
        draft = await drafts.save(DOSSIER, form(f"r{revision + 1}"), revision)
    return draft


async def test_a_draft_is_empty_before_its_first_save(documents):
    assert await Drafts(documents).read(DOSSIER) == Draft(DraftForm(), 0)


async def test_what_was_saved_last_is_read(documents):
    drafts = Drafts(documents)
    assert await saved(drafts, 3) == Draft(form("r3"), 3)
    assert await drafts.read(DOSSIER) == Draft(form("r3"), 3)
    assert (await drafts.read(DOSSIER)).etag == '"3"'


@pytest.mark.parametrize("count", range(1, 20))
async def test_another_process_finds_the_newest(documents, count):
    await saved(Drafts(documents), count)
    assert await Drafts(documents).read(DOSSIER) == Draft(form(f"r{count}"), count)


async def test_who_saw_the_last_needs_one_look_up_to_know_that_it_is(documents):
    drafts = Drafts(documents)
    await saved(drafts, 100)
    documents.asked = 0
    await drafts.read(DOSSIER)
    assert documents.asked == 1


async def test_who_did_not_see_it_needs_a_few_and_two_when_told_where_it_is(documents):
    await saved(Drafts(documents), 1_000)
    documents.asked = 0
    assert (await Drafts(documents).read(DOSSIER)).revision == 1_000
    assert documents.asked <= 20
    documents.asked = 0
    assert (await Drafts(documents).read(DOSSIER, 1_000)).revision == 1_000
    assert documents.asked == 2


@pytest.mark.parametrize("believed", [-1, 1, 3, 5, 6, 900])
async def test_the_newest_is_found_wherever_it_is_believed_to_be(documents, believed):
    await saved(Drafts(documents), 5)
    assert await Drafts(documents).read(DOSSIER, believed) == Draft(form("r5"), 5)


async def test_a_process_that_saw_an_older_one_finds_what_others_saved_since(documents):
    one, other = Drafts(documents), Drafts(documents)
    await saved(one, 2)
    await other.read(DOSSIER)
    await saved(one, 7, after=2)
    assert await other.read(DOSSIER) == Draft(form("r9"), 9)
    assert await other.save(DOSSIER, form("r10"), 9) == Draft(form("r10"), 10)


@pytest.mark.parametrize("read", [-1, 0, 1, 3, 9])
async def test_saving_on_anything_but_the_newest_is_refused_with_its_etag(documents, read):
    drafts = Drafts(documents)
    await saved(drafts, 2)
    for process in (drafts, Drafts(documents)):
        with pytest.raises(StaleDraft) as refused:
            await process.save(DOSSIER, form("late"), read)
        assert refused.value.facts == {"etag": '"2"'}


async def test_of_several_who_save_on_the_same_revision_one_succeeds(documents):
    processes = [Drafts(documents) for _ in range(4)]
    await saved(processes[0], 4)
    for process in processes:
        await process.read(DOSSIER)
    saves = [process.save(DOSSIER, form(f"p{n}"), 4) for n, process in enumerate(processes)]
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    won = [one for one in outcomes if isinstance(one, Draft)]
    assert [type(one) for one in outcomes].count(StaleDraft) == 3
    assert [await process.read(DOSSIER) for process in processes] == won * 4


async def test_nobody_saves_again_where_a_revision_was_passed(documents):
    late = Drafts(documents)
    await saved(late, 1)
    await saved(Drafts(documents), 5, after=1)
    with pytest.raises(StaleDraft) as refused:
        await late.save(DOSSIER, form("late"), 1)
    assert refused.value.facts == {"etag": '"6"'}
    assert (await late.read(DOSSIER)).form == form("r6")


async def test_only_the_last_two_revisions_keep_their_form(documents):
    await saved(Drafts(documents), 6)
    rows = [await documents.get(f"{DOSSIER}#{revision}") for revision in range(1, 7)]
    assert [row is not None and row["form"] is not None for row in rows] == [False] * 4 + [True] * 2


async def test_a_draft_that_is_passed_while_it_is_looked_for_is_looked_for_again(documents):
    writer = Drafts(documents)
    await saved(writer, 1)

    async def overtaken(key: str) -> Document | None:
        found = await Counted.get(documents, key)
        if key == f"{DOSSIER}#3" and found is None:
            del documents.get  # from here on, nobody else writes
            await saved(writer, 3, after=1)
        return found

    documents.get = overtaken
    assert await Drafts(documents).read(DOSSIER) == Draft(form("r4"), 4)


async def test_the_memory_of_drafts_is_bounded(documents):
    drafts = Drafts(documents)
    for number in range(MAX_DRAFTS_SEEN + 10):
        await drafts.save(f"d{number}", DraftForm(), 0)
    assert len(drafts._seen) == MAX_DRAFTS_SEEN
    assert (await drafts.read("d0")).revision == 1
