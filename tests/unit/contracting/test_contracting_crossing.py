"""One order told by hand and by the bank at the same moment, or with an outage between two steps, is counted once."""

import asyncio

import pytest

from services.contracting.domain.facts import Basis
from services.contracting.domain.refusals import PaymentClosed
from shared.documents import MemoryDocuments
from tests.unit.contracting.cases import sent
from tests.unit.contracting.office import ACTOR, SECOND, Office, problem
from tests.unit.contracting.papers import REFERENCE, Line, camt
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY
from tests.unit.contracting.test_contracting_queues import act, names, office_with, pay
from tests.unit.contracting.test_contracting_refunds import cut_off

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


# -- debits ------------------------------------------------------------------------------------------------------------


async def bank(coming: int, going: int) -> tuple[Office, list[dict], list[dict]]:
    """A slow database, so many counted premiums and so many debits of one that nothing tells apart."""
    commits = SlowDocuments()
    office = Office(commits=commits)
    await office.know(sent())
    came = [Line(entry_id=f"B{number}", payer=f"Payeur {number}") for number in range(coming)]
    went = [Line(entry_id=f"D{number}", sign="DBIT", reference="") for number in range(going)]
    told = await pay(office, *came, *went)
    commits.turns = 5
    return office, told[:coming], told[coming:]


async def at_once(office: Office, lead: int, *pairs: tuple[dict, dict]) -> list[str]:
    """Two people apply a debit to a credit each, the second so much later."""

    async def apply(number: int, debit: dict, credit: dict) -> str:
        for _ in range(number * lead):
            await asyncio.sleep(0)
        try:
            await office.refunds.apply_debit(debit["payment_id"], credit["payment_id"], ACTOR)
        except PaymentClosed:
            return "closed"
        return "applied"

    return await asyncio.gather(*[apply(number, *pair) for number, pair in enumerate(pairs)])


@pytest.mark.parametrize("lead", range(0, 60, 5))
async def test_one_debit_undoes_one_credit(lead):
    office, came, (debit,) = await bank(2, 1)
    assert sorted(await at_once(office, lead, (debit, came[0]), (debit, came[1]))) == ["applied", "closed"]
    states = [(await office.received.load(one["payment_id"])).state for one in came]
    assert sorted(one.left_cents for one in states) == [0, PREMIUM_CENTS]
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


@pytest.mark.parametrize("lead", range(0, 60, 5))
async def test_one_credit_is_undone_by_one_debit_and_the_other_is_unknown_again(lead):
    office, (credit,), debits = await bank(1, 2)
    assert sorted(await at_once(office, lead, (debits[0], credit), (debits[1], credit))) == ["applied", "closed"]
    assert (await office.engagement()).paid_cents == 0
    (left,) = await office.queue("unknown")
    await act(office, left, "dismissal", {"reason": "Frais"})
    assert await office.queue("unknown") == []


async def test_a_debit_that_an_outage_left_claimed_is_no_other_credits_and_is_finished_by_the_timer(monkeypatch):
    office, (first, second), (debit,) = await bank(2, 1)
    with cut_off(monkeypatch, office.engagements), pytest.raises(ConnectionAbortedError):
        await office.refunds.apply_debit(debit["payment_id"], first["payment_id"], ACTOR)
    answer = await act(office, debit, "debit", {"credit_id": second["payment_id"]})
    assert problem(answer) == "payment-closed"
    assert (await office.engagement()).paid_cents == 2 * PREMIUM_CENTS
    await office.refunds.finish_interrupted()
    await office.refunds.finish_interrupted()
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS
    state = (await office.received.load(first["payment_id"])).state
    assert (state.left_cents, [one.shown_by for one in state.shown]) == (0, [ACTOR.actor])


async def test_a_claim_whose_credit_went_another_way_is_given_up_by_the_timer(monkeypatch):
    office, (credit,), debits = await bank(1, 2)
    with cut_off(monkeypatch, office.engagements), pytest.raises(ConnectionAbortedError):
        await office.refunds.apply_debit(debits[0]["payment_id"], credit["payment_id"], ACTOR)
    await office.refunds.apply_debit(debits[1]["payment_id"], credit["payment_id"], ACTOR)
    await office.refunds.finish_interrupted()
    assert await names(office, "unknown") == ["D0"]
