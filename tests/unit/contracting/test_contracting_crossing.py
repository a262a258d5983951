"""One order told by hand and by the bank at the same moment, or with an outage between two steps, is counted once."""

import asyncio

import pytest

from services.contracting.domain.facts import Basis
from shared.documents import MemoryDocuments
from tests.unit.contracting.office import ACTOR, SECOND, Office
from tests.unit.contracting.papers import REFERENCE, Line, camt
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY, sent
from tests.unit.contracting.test_contracting_queues import act, names, office_with, pay

HALF = PREMIUM_CENTS // 2


def unknown(entry_id: str = "B2024-1", cents: int = PREMIUM_CENTS) -> Line:
    return Line(cents, entry_id, reference="", payer="Inconnu", end_to_end="E1")


class SlowDocuments(MemoryDocuments):
    """A database whose answers take a few turns of everybody else."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    async def _wait(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)

    async def get(self, key):
        await self._wait()
        return await super().get(key)

    async def insert(self, document):
        await self._wait()
        await super().insert(document)


async def entered(office: Office, name: str, cents: int = HALF) -> None:
    await office.payments.record(name, REFERENCE, cents, TODAY, ACTOR)


@pytest.mark.parametrize("lead", range(0, 150, 5))
async def test_a_half_confirmed_while_the_bank_tells_it_is_counted_once(lead):
    """`lead`: how far the import is when the confirmation comes."""
    commits = SlowDocuments()
    office = Office(commits=commits)
    await office.know(sent())
    await entered(office, "h1")
    commits.turns = 5

    async def confirm() -> None:
        for _ in range(lead):
            await asyncio.sleep(0)
        await office.payments.confirm("h1", SECOND)

    told = office.statements.take(camt(Line(cents=HALF)).encode(), "application/xml", ACTOR)
    await asyncio.gather(confirm(), told)
    state = await office.engagement()
    assert (state.paid_cents, state.paid, len(await office.queue("duplicate"))) == (HALF, None, 1)


@pytest.mark.parametrize("first", [0, 1])
async def test_two_of_one_order_that_an_outage_left_matched_are_counted_once(first):
    office = await office_with()
    rows = await pay(office, unknown(), unknown("B2"))
    for row in rows[first:] + rows[:first]:
        await office.payments._settle(row["payment_id"], DOSSIER, Basis.PERSON, ACTOR)
    await asyncio.gather(office.payments.finish_interrupted(), office.payments.finish_interrupted())
    state = await office.engagement()
    assert (state.paid_cents, len(await office.queue("duplicate"))) == (PREMIUM_CENTS, 1)


async def test_an_outage_before_the_payment_is_said_held_is_finished_by_the_timer(monkeypatch):
    office = await office_with()
    await entered(office, "h1")
    await office.confirm("h1")
    append, calls = office.received.append, []

    async def fail(key, decide, cause):
        calls.append(key)
        if calls.count(key) == 3:  # received, matched, then held
            raise ConnectionAbortedError
        return await append(key, decide, cause)

    with monkeypatch.context() as patch:
        patch.setattr(office.received, "append", fail)
        with pytest.raises(ConnectionAbortedError):
            await office.statements.take(camt(Line(cents=HALF)).encode(), "application/xml", ACTOR)
    assert await names(office, "duplicate") == []
    await office.payments.finish_interrupted()
    assert await names(office, "duplicate") == ["B2024-1"]
    assert (await office.engagement()).paid_cents == HALF


async def test_two_people_enter_one_order_and_the_second_entry_is_held_until_a_person_says_so():
    office = await office_with()
    for name in ("h1", "h2"):
        await entered(office, name)
        await office.confirm(name)
    assert [row["payment_id"] for row in await office.queue("duplicate")] == ["h2"]
    assert (await office.engagement()).paid_cents == HALF
    await act(office, {"payment_id": "h2"}, "match", {"dossier_id": DOSSIER})
    assert (await office.engagement()).paid_cents == 2 * HALF


async def test_a_payment_held_while_a_person_looked_is_not_counted_unseen(monkeypatch):
    office = await office_with()
    await entered(office, "h1")
    await office.confirm("h1")
    (row,) = await pay(office, unknown(cents=HALF))
    known, held = office.payments.books.known, office.payments.mark_duplicate

    async def meanwhile(dossier_id):
        monkeypatch.setattr(office.engagements, "load", load)
        await held(row["payment_id"], "h1", SECOND)
        return await load(dossier_id)

    load = office.engagements.load
    assert (await known(row["payment_id"])).held is None
    monkeypatch.setattr(office.engagements, "load", meanwhile)
    await office.payments.match(row["payment_id"], DOSSIER, ACTOR)
    assert (await office.engagement()).paid_cents == HALF
    assert await names(office, "duplicate") == ["B2024-1"]
