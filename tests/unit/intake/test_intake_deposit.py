"""A deposit: answered once the register holds it, seen at once in every process, of the draft its landlord saw."""

import asyncio

import pytest

from services.intake.domain.checklist import Incomplete
from services.intake.domain.uploads import AlreadySubmitted
from services.intake.store import Draft, Drafts, StaleDraft
from services.intake.usecases.dossiers import Dossiers
from shared.contracts.envelope import CampaignOpened, CampaignSuspended
from shared.contracts.values import Signatory
from shared.errors import Forbidden, NotFound, Unavailable
from shared.rush import RUSH_REQUESTS
from tests import facts
from tests.counter import cause
from tests.facts import CAMPAIGN
from tests.unit.intake.processes import COLLEAGUE, REPRESENTATIVE, SIREN, STRANGER, Intake, meta, ready, submit
from tests.unit.intake.samples import draft, operation_form


@pytest.fixture
def intake(monkeypatch) -> Intake:
    return Intake(monkeypatch)


@pytest.fixture
async def here(intake: Intake) -> Dossiers:
    """A process with an open campaign and a bailleur of two users."""
    made = intake.process()
    await intake.announce(made, CampaignOpened)
    given = facts.submitted().bailleur
    await made.accounts.register(given, "5546", "1 rue", "contact@example.org", False, REPRESENTATIVE, cause())
    await made.accounts.add_member(SIREN, COLLEAGUE.subject, False, REPRESENTATIVE, cause())
    return made


@pytest.fixture
async def there(intake: Intake, here: Dossiers) -> Dossiers:
    """Another process."""
    return intake.process()


# -- the number --------------------------------------------------------------------------------------------------


async def test_the_number_is_answered_before_the_dossier_is_written(intake, here):
    dossier_id = await ready(here)
    assert await submit(here, dossier_id) == 1
    assert await intake.noted(here, dossier_id) == []
    assert (await here.dossiers.load(dossier_id)).state.submitted is None
    assert (await here.known(dossier_id)).submitted is not None


async def test_deposits_of_two_processes_are_numbered_in_one_row(here, there):
    names = [await ready(here) for _ in range(6)]
    deposits = [submit(process, name) for name, process in zip(names, [here, there] * 3, strict=True)]
    assert sorted(await asyncio.gather(*deposits)) == [1, 2, 3, 4, 5, 6]


async def test_depositing_again_gives_the_same_number_in_any_process_whatever_has_changed(intake, here, there):
    dossier_id, other = await ready(here), await ready(here)
    await submit(here, other)
    assert await submit(here, dossier_id) == 2
    assert await submit(there, dossier_id) == 2
    await intake.announce(here, CampaignSuspended)
    assert await submit(there, dossier_id, revision=9) == 2
    assert await submit(intake.process(), dossier_id, revision=None) == 2


async def test_a_signatory_that_is_corrected_is_in_the_deposits_that_follow_and_in_none_before(here):
    async def signs(dossier_id: str) -> Signatory | None:
        await submit(here, dossier_id)
        submitted = (await here.known(dossier_id)).submitted
        assert submitted is not None
        return submitted.bailleur.signatory

    first, second = await ready(here), await ready(here)
    assert await signs(first) is None
    signatory = Signatory(name="Madame Ada Essai", capacity="présidente")
    with pytest.raises(NotFound):
        await here.accounts.record_contact(SIREN, "2 rue", "a@example.org", signatory, COLLEAGUE, cause())
    await here.accounts.record_contact(SIREN, "2 rue", "a@example.org", signatory, REPRESENTATIVE, cause())
    assert await signs(second) == signatory
    assert await signs(first) is None


async def test_a_dossier_deposited_many_times_at_once_has_one_number(here, there):
    dossier_id = await ready(here)
    again = [submit(process, dossier_id) for process in (here, there) for _ in range(5)]
    assert set(await asyncio.gather(*again)) == {1}


async def test_a_deposit_asks_for_ids_only_and_for_five_of_them(intake, here):
    """The dossier, its bailleur, the campaign, the draft; whoever deposits at the same time shares two of them."""
    dossier_id, other = await ready(here), await ready(here)
    await submit(here, other)
    before = intake.spent()
    await submit(here, dossier_id)
    spent = {what: count - before[what] for what, count in intake.spent().items()}
    assert spent["searched"] == 0
    assert spent["looked_up"] <= 5
    assert spent["inserted"] == 1


# -- what the landlord saw ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", [0, 1, 3, -1])
async def test_a_draft_that_is_not_the_one_that_was_seen_is_not_deposited(here, there, seen):
    dossier_id = await ready(here, saves=2)
    for process in (here, there):
        with pytest.raises(StaleDraft) as refused:
            await submit(process, dossier_id, revision=seen)
        assert refused.value.facts == {"etag": '"2"'}
    assert (await here.registers.load(CAMPAIGN)).state.last_number == 0


async def test_what_another_process_saved_since_is_not_deposited_unseen(here, there):
    dossier_id = await ready(here)
    await there.save(dossier_id, draft(operation=operation_form(name="Revu")), 1, COLLEAGUE)
    with pytest.raises(StaleDraft):
        await submit(here, dossier_id, revision=1)
    done = await here.submit(dossier_id, 2, REPRESENTATIVE, cause())
    assert done.operation.name == "Revu"


async def test_without_saying_what_was_seen_the_newest_is_deposited(here, there):
    dossier_id = await ready(here)
    await there.save(dossier_id, draft(operation=operation_form(name="Revu")), 1, COLLEAGUE)
    done = await here.submit(dossier_id, None, REPRESENTATIVE, cause())
    assert done.operation.name == "Revu"


async def test_a_document_that_came_in_elsewhere_is_deposited(here, there):
    dossier_id = await here.open(SIREN, REPRESENTATIVE, cause())
    await here.save(dossier_id, draft(), 0, REPRESENTATIVE)
    with pytest.raises(Incomplete):
        await submit(here, dossier_id)
    await there.dossiers.append(dossier_id, lambda _: facts.papers(dossier_id), cause())
    done = await here.submit(dossier_id, 1, REPRESENTATIVE, cause())
    assert [one.kind for one in done.documents] == ["offer_letter", "presentation"]


# -- who may -----------------------------------------------------------------------------------------------------


async def test_only_a_representative_deposits_and_for_a_stranger_there_is_no_dossier(here, there):
    dossier_id = await ready(here)
    for process in (here, there):
        with pytest.raises(Forbidden):
            await submit(process, dossier_id, who=COLLEAGUE)
        with pytest.raises(NotFound):
            await submit(process, dossier_id, who=STRANGER)
        with pytest.raises(NotFound):
            await submit(process, "nowhere")
    await submit(here, dossier_id)
    for process in (here, there):
        with pytest.raises(NotFound):
            await process.mine(dossier_id, STRANGER)
        with pytest.raises(Forbidden):
            await submit(process, dossier_id, who=COLLEAGUE)


async def test_a_draft_that_cannot_be_read_is_no_matter_to_whom_it_does_not_concern(here, monkeypatch):
    deposited, dossier_id = await ready(here), await ready(here)
    await submit(here, deposited)
    await here.known(deposited)  # writes the deposit into its dossier

    async def down(*_: object) -> Draft:
        raise Unavailable("database")

    monkeypatch.setattr(Drafts, "read", down)
    with pytest.raises(NotFound):
        await submit(here, dossier_id, who=STRANGER)
    with pytest.raises(Forbidden):
        await submit(here, dossier_id, who=COLLEAGUE)
    assert await submit(here, deposited) == 1
    with pytest.raises(Unavailable):
        await submit(here, dossier_id)


# -- read your own write -----------------------------------------------------------------------------------------


async def test_every_process_shows_a_deposit_at_once_and_writes_it_once(intake, here, there):
    dossier_id = await ready(here)
    done = await here.submit(dossier_id, 1, REPRESENTATIVE, cause())
    for process in (there, here, there):
        assert (await process.mine(dossier_id, COLLEAGUE)).submitted == done
    await here.note(done, meta())
    assert await intake.noted(here, dossier_id) == ["DossierSubmitted"]


async def test_lists_show_a_deposit_at_once(here, there):
    names = [await ready(here) for _ in range(3)]
    assert [row["deposit_number"] for row in await there.listed(COLLEAGUE, 0, 50)] == [None] * 3
    await submit(here, names[2])
    await submit(here, names[0])
    shown = {row["dossier_id"]: row["deposit_number"] for row in await there.listed(COLLEAGUE, 0, 50)}
    assert shown == {names[2]: 1, names[0]: 2, names[1]: None}
    assert [row["status"] for row in await there.listed(COLLEAGUE, 0, 50)] == ["draft", "submitted", "submitted"]
    assert await there.listed(STRANGER, 0, 50) == []


async def test_a_draft_deposited_elsewhere_cannot_be_saved_and_misses_nothing(here, there):
    dossier_id = await ready(here)
    await submit(here, dossier_id)
    with pytest.raises(AlreadySubmitted):
        await there.save(dossier_id, draft(), 1, REPRESENTATIVE)
    assert await there.checklist(dossier_id, REPRESENTATIVE) == []


async def test_withdrawing_elsewhere_right_after_the_deposit(intake, here, there):
    dossier_id = await ready(here)
    await submit(here, dossier_id)
    await there.withdraw(dossier_id, "Abandon", REPRESENTATIVE, cause())
    assert (await here.mine(dossier_id, REPRESENTATIVE)).status == "withdrawn"
    assert await intake.noted(there, dossier_id) == ["DossierSubmitted", "DossierWithdrawn"]


async def test_reducing_elsewhere_right_after_the_deposit(here, there):
    dossier_id = await ready(here)
    await submit(here, dossier_id)
    await there.reduce(dossier_id, {"batiment": 100}, REPRESENTATIVE, cause())
    reduced = (await here.mine(dossier_id, REPRESENTATIVE)).reduced
    assert reduced is not None
    assert reduced.principal_cents == 100


# -- deposits by number ------------------------------------------------------------------------------------------


async def test_any_deposit_is_found_by_its_number_among_commits_that_hold_one_several_or_none(here, there):
    names = [await ready(here) for _ in range(12)]
    numbered = dict[int, str]()
    for start, size in ((0, 1), (1, 4), (5, 1), (6, 3), (9, 2), (11, 1)):
        batch = names[start : start + size]
        for number, name in zip(await asyncio.gather(*[submit(here, one) for one in batch]), batch, strict=True):
            numbered[number] = name
        await here.withdraw(batch[0], "Abandon", REPRESENTATIVE, cause())
    version = (await there.registers.load(CAMPAIGN)).version
    for number, name in numbered.items():
        found = await there.deposits.numbered(CAMPAIGN, number, version)
        assert (found.dossier_id, found.deposit_number) == (name, number)
    with pytest.raises(AssertionError):
        await there.deposits.numbered(CAMPAIGN, 13, version)


async def test_what_nobody_waits_for_lets_a_rush_of_deposits_pass(here: Dossiers, monkeypatch):
    waiting = [await ready(here) for _ in range(RUSH_REQUESTS)]
    append, awaited = here.registers.append, list[bool]()

    async def looked(*given):
        awaited.append(not here.rush._over.is_set())
        return await append(*given)

    monkeypatch.setattr(here.registers, "append", looked)
    await asyncio.gather(*[here.submit(one, None, REPRESENTATIVE, cause()) for one in waiting])
    assert awaited == [True] * RUSH_REQUESTS
    await here.rush.passed()
