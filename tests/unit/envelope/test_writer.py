"""The writer: one epoch at a time, and the door when another took over."""

from datetime import timedelta

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.ledger import KIND
from services.envelope.domain.refusals import UnknownCampaign
from services.envelope.usecases import Envelope
from services.envelope.writer import EX_FENCED, Writer
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Journal
from tests.counter import FixedClock, cause
from tests.unit.envelope.test_ledger import NOW, rules


class Left(BaseException):
    """Stands for the process that ended."""


def leave(code: int) -> None:
    raise Left(code)


def envelope(store, moment=NOW) -> Envelope:
    async def on_commit(*_) -> None:
        return None

    clock = FixedClock(moment)
    ledgers = Journal(KIND, store, clock, on_commit)
    return Envelope(
        ledgers=ledgers,
        campaigns=None,  # pyright: ignore[reportArgumentType] (no proposal is made here)
        writer=Writer(ledgers, clock, leave),
        campaign_id="c",
        known=MemoryDocuments(),
        clock=clock,
    )


def writer(store, moment=NOW) -> Writer:
    return envelope(store, moment).writer


def opening(ledger):
    return decisions.adopt(ledger, rules(), NOW)


LATER = NOW + timedelta(days=1)


def scheduling(ledger):
    return decisions.adopt(ledger, rules(2_000, 2, effective_at=LATER), NOW)


def submission(number):
    return lambda ledger: decisions.submit(ledger, str(number), number, 10, NOW)


async def test_the_first_command_takes_over_with_an_epoch_commit():
    one = writer(MemoryDocuments())
    done = await one.append("c", opening, cause("x#1.1"))
    assert (done.state.epoch, done.state.writer) == (1, one.id)
    assert one.campaigns == {"c"}
    assert (await one.append("c", submission(1), cause("x#2.1"))).state.epoch == 1


async def test_another_writer_takes_over_and_the_first_leaves_before_it_decides():
    store = MemoryDocuments()
    one, two = writer(store), writer(store)
    await one.append("c", opening, cause("x#1.1"))
    assert (await two.append("c", submission(1), cause("x#2.1"))).state.epoch == 2
    with pytest.raises(Left) as left:
        await one.append("c", submission(2), cause("x#3.1"))
    assert left.value.args == (EX_FENCED,)
    assert (await two.append("c", submission(2), cause("x#3.1"))).state.decided == 2


async def test_every_commit_says_the_epoch_of_its_writer():
    store = MemoryDocuments()
    one, two = writer(store), writer(store)
    await one.append("c", opening, cause("x#1.1"))
    await one.append("c", submission(1), cause("x#2.1"))
    await two.append("c", submission(2), cause("x#3.1"))
    await two.append("c", submission(3), cause("x#4.1"))
    assert [row["epoch"] async for row in store.find({}, sort=[("version", 1)])] == [1, 1, 2, 2]


class Unsure(MemoryDocuments):
    """Takes the first commit and answers nobody until it is allowed to."""

    answers = False

    async def insert(self, document):
        if not self.answers:
            await self.put(document)
            raise Unavailable("database")
        await super().insert(document)


async def unsure(monkeypatch) -> tuple[Unsure, Writer]:
    """A writer that does not know whether its first command took the ledger over; it did."""
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    store = Unsure()
    one = writer(store)
    with pytest.raises(Unavailable):
        await one.append("c", opening, cause("x#1.1"))
    store.answers = True
    return store, one


async def test_a_writer_that_never_heard_that_it_took_over_goes_on_in_the_epoch_it_began(monkeypatch):
    store, one = await unsure(monkeypatch)
    done = await one.append("c", submission(1), cause("x#2.1"))
    assert (done.state.epoch, done.state.decided, one.campaigns) == (1, 1, {"c"})
    assert [row["epoch"] async for row in store.find({}, sort=[("version", 1)])] == [1, 1]


async def test_a_writer_that_never_heard_it_and_was_replaced_takes_over_anew_and_the_other_leaves(monkeypatch):
    """A takeover more than needed; every decision is still taken in the newest epoch, on what was decided before."""
    store, one = await unsure(monkeypatch)
    two = writer(store)
    await two.append("c", submission(1), cause("x#2.1"))
    done = await one.append("c", submission(2), cause("x#3.1"))
    assert (done.state.epoch, done.state.writer, done.state.decided) == (3, one.id, 2)
    with pytest.raises(Left):
        await two.append("c", submission(3), cause("x#4.1"))
    assert (await one.append("c", submission(1), cause("x#2.1"))).state.decided == 2
    assert [row["epoch"] async for row in store.find({}, sort=[("version", 1)])] == [1, 2, 3]


async def test_a_refused_first_command_does_not_pretend_to_hold_the_ledger():
    store = MemoryDocuments()
    one = writer(store)
    with pytest.raises(UnknownCampaign):
        await one.append("c", submission(1), cause())
    assert one.campaigns == frozenset()
    assert await store.count({}) == 0
    assert (await one.append("c", opening, cause())).state.writer == one.id


async def test_a_message_seen_twice_is_decided_once_across_a_takeover():
    store = MemoryDocuments()
    one, two = writer(store), writer(store)
    await one.append("c", opening, cause("x#1.1"))
    await one.append("c", submission(1), cause("x#2.1"))
    await two.append("c", submission(1), cause("x#2.1"))
    await two.append("c", submission(2), cause("x#3.1"))
    assert (await two.append("c", lambda _: [], cause())).state.decided == 2


async def scheduled() -> MemoryDocuments:
    """A ledger whose cap of 1 000 cents becomes 2 000 at LATER; its writer has ended."""
    store = MemoryDocuments()
    before = writer(store)
    await before.append("c", opening, cause("x#1.1"))
    await before.append("c", scheduling, cause("x#2.1"))
    return store


async def test_a_deposit_after_the_moment_of_scheduled_rules_is_decided_under_them_although_nobody_looked():
    restarted = writer(await scheduled(), LATER)
    done = await restarted.append("c", lambda ledger: decisions.submit(ledger, "a", 1, 1_500, LATER), cause("x#3.1"))
    assert (done.state.cap_cents, done.state.reserved_cents) == (2_000, 1_500)


async def test_a_deposit_before_the_moment_is_decided_under_the_rules_of_then():
    restarted = writer(await scheduled(), LATER - timedelta(microseconds=1))
    await restarted.append("c", lambda ledger: decisions.submit(ledger, "a", 1, 600, NOW), cause("x#3.1"))
    done = await restarted.append("c", lambda ledger: decisions.submit(ledger, "b", 2, 600, NOW), cause("x#4.1"))
    assert (done.state.cap_cents, done.state.reserved_cents, len(done.state.waiting)) == (1_000, 600, 1)


async def test_after_a_restart_due_rules_come_in_force_without_a_command_where_the_commands_would_come():
    store = await scheduled()
    standby, holder = envelope(store, LATER), envelope(store, LATER)
    await standby.follow_due_rules(holding=False)
    assert (await standby.ledger("c")).cap_cents == 1_000
    await holder.follow_due_rules(holding=True)
    ledger = await holder.ledger("c")
    assert (ledger.cap_cents, ledger.writer) == (2_000, holder.writer.id)


async def test_holding_the_commands_takes_nothing_over_while_no_rules_are_due():
    store = await scheduled()
    await envelope(store).follow_due_rules(holding=True)
    assert (await envelope(store).ledger("c")).epoch == 1
