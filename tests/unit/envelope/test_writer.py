"""The writer: one epoch at a time, and the door when another took over."""

from datetime import timedelta
from typing import Any

import pytest

from services.envelope.domain import decisions, moments
from services.envelope.domain.decisions import Deposited
from services.envelope.domain.facts import EpochBegan
from services.envelope.domain.ledger import KIND, Ledger
from services.envelope.domain.refusals import UnknownCampaign
from services.envelope.usecases import Deposit, Envelope
from services.envelope.writer import EX_FENCED, Writer
from shared.contracts.envelope import CapChanged, Reserved, SuspensionDecided
from shared.contracts.intake import DossierWithdrawn
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.events import MessageMeta
from shared.journal import Appended, Journal
from tests.counter import FixedClock, append_all, cause
from tests.unit.envelope.book import NOW, rules


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


# -- a run of deposits in one step -------------------------------------------------------------------------------


class Run:
    """Deposits of so many cents each, numbered from `first` on, and how often they were looked at together."""

    def __init__(self, first: int, *amounts: int, now=NOW) -> None:
        self.asked = [Deposited(str(number), number, amount) for number, amount in enumerate(amounts, start=first)]
        self.now = now
        self.looks = 0

    def at_once(self, ledger: Ledger):
        self.looks += 1
        return decisions.submit_all(ledger, self.asked, self.now)

    def _each(self, one: Deposited):
        return lambda ledger: decisions.submit(ledger, *one, self.now), cause(f"x#{one.deposit_number}.2")

    async def by(self, writer: Writer) -> list[Appended[Ledger]]:
        done = await append_all(writer, "c", [self._each(one) for one in self.asked], self.at_once)
        return [one for one in done if isinstance(one, Appended)]


def types(done: list[Appended[Ledger]]) -> list[list[type]]:
    return [[type(event) for event in one.events] for one in done]


async def opened() -> MemoryDocuments:
    """An open ledger whose writer has ended."""
    store = MemoryDocuments()
    await writer(store).append("c", opening, cause("x#1.1"))
    return store


async def test_the_first_deposits_of_a_writer_come_after_its_epoch_and_those_that_follow_go_in_one_step():
    one = writer(await opened())
    first, then = Run(1, 10, 20), Run(3, 30, 40)
    assert types(await first.by(one)) == [[EpochBegan, Reserved], [Reserved]]
    assert first.looks == 0
    done = await then.by(one)
    assert types(done) == [[Reserved], [Reserved]]
    assert then.looks == 1
    assert (done[0].state.epoch, done[0].state.writer, done[0].state.reserved_cents) == (2, one.id, 100)


async def test_deposits_that_go_in_one_step_are_recorded_in_their_writer_s_epoch():
    store = await opened()
    one = writer(store)
    await Run(1, 10).by(one)
    await Run(2, 10, 10).by(one)
    assert [row["epoch"] async for row in store.find({}, sort=[("version", 1)])] == [1, 2, 2]


async def test_while_rules_wait_for_their_moment_each_deposit_is_decided_by_itself():
    one = writer(await scheduled())
    await Run(1, 10).by(one)
    run = Run(2, 10, 10)
    assert types(await run.by(one)) == [[Reserved], [Reserved]]
    assert run.looks == 0


async def test_rules_that_fall_due_are_in_force_before_a_run_of_deposits():
    service = envelope(await scheduled())
    one, clock = service.writer, service.clock
    await Run(1, 10).by(one)
    assert isinstance(clock, FixedClock)
    clock.moment = LATER
    run = Run(2, 1_500, 10, now=LATER)
    done = await run.by(one)
    assert types(done) == [[CapChanged, Reserved], [Reserved]]
    assert (run.looks, done[0].state.reserved_cents) == (0, 1_520)


async def test_while_an_interruption_waits_for_its_moment_each_deposit_is_decided_by_itself():
    one = writer(await opened())
    suspended = SuspensionDecided(campaign_id="c", decided_at=NOW, effective_at=LATER)
    await one.append("c", lambda ledger: moments.interrupt(ledger, suspended, NOW), cause("x#2.1"))
    run = Run(1, 10, 10)
    assert types(await run.by(one)) == [[Reserved], [Reserved]]
    assert run.looks == 0


async def test_a_writer_that_was_replaced_leaves_although_its_deposits_went_in_one_step():
    store = await opened()
    one, two = writer(store), writer(store)
    await Run(1, 10).by(one)
    await Run(2, 10).by(two)
    late = Run(3, 10, 10)
    with pytest.raises(Left) as left:
        await late.by(one)
    assert left.value.args == (EX_FENCED,)
    assert late.looks == 1  # on what it knew; the insert told it
    assert (await two.append("c", lambda _: [], cause())).state.decided == 2


def heard(number: int, event) -> tuple[Any, MessageMeta]:
    name = type(event).__name__
    return event, MessageMeta(f"t#{number}.1", name, 1, "t", number, number, NOW, "c0ffee")


async def test_a_service_takes_a_fetch_of_deposits_in_one_step_and_a_mixed_one_each_by_itself(monkeypatch):
    looks = list[int]()

    def looking(ledger: Ledger, asked, now):
        looks.append(len(asked))
        return submit_all(ledger, asked, now)

    submit_all = decisions.submit_all
    monkeypatch.setattr(decisions, "submit_all", looking)
    together, singly = envelope(await opened()), envelope(await opened())
    said: list[Any] = [
        Deposit(campaign_id="c", dossier_id=str(n), deposit_number=n, principal_cents=10) for n in range(1, 10)
    ]
    said.append(DossierWithdrawn(campaign_id="c", dossier_id="3", withdrawn_at=NOW, reason="essai"))
    messages = [heard(number, event) for number, event in enumerate(said, start=1)]
    for first, end in ((0, 1), (1, 4), (4, 8), (8, 10)):
        assert not any(await together.commands(messages[first:end]))
    for event, meta in messages:
        await singly.command(event, meta)
    assert looks == [3, 4]
    one, other = await together.ledger("c"), await singly.ledger("c")
    assert one._replace(writer="") == other._replace(writer="")
    assert (one.decided, one.reserved_cents) == (9, 80)
