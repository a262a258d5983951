"""Several decisions taken in one step: the journal holds what it would hold had they been taken one by one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.envelope.domain import decisions
from services.envelope.domain.decisions import Deposited
from services.envelope.domain.ledger import Ledger
from shared.documents import Document, MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.events import Event
from shared.journal import Appended, Commit, Journal
from tests.counter import Counter, append_all, cause, count, make_journal
from tests.unit.envelope.book import NOW
from tests.unit.journal.documents import LostAnswers, Overtaken, refuse
from tests.unit.snapshots.processes import Opened, Process, decided, folded_from, twelve


def one_more(state: Counter) -> list[Event]:
    """Says how much there was before it."""
    return count(state.total + 1)


def never(_: Any) -> list[Event]:
    raise AssertionError("it was to be taken in one step")


class Run:
    """Decisions of one request, and what takes them in one step: who looks sees on what it was asked."""

    def __init__(self, *ids: str | None, decide: Callable[[Counter], Sequence[Event]] = one_more) -> None:
        self.decisions = [(decide, cause(one)) for one in ids]
        self.seen: list[int] = []

    def at_once(self, state: Counter) -> tuple[Sequence[Event], Counter]:
        self.seen.append(state.total)
        events = list[Event]()
        for _ in self.decisions:
            events += one_more(state)
            state = state.fold(events[-1])
        return events, state

    async def on(self, journal: Journal[Counter]) -> list[Appended[Counter] | Exception]:
        return await append_all(journal, "a", self.decisions, self.at_once)


def ids(first: int, end: int) -> list[str]:
    return [f"x#{number}.1" for number in range(first, end)]


async def stored(store: MemoryDocuments) -> list[Document]:
    return [row async for row in store.find({}, sort=[("version", 1)])]


def steps(done: Appended[Counter] | Exception) -> tuple[int, ...]:
    assert isinstance(done, Appended)
    return done.state.steps


async def test_the_commit_is_the_one_that_deciding_one_by_one_gives_byte_for_byte():
    for many in (1, 7, 20, 300):
        together, singly = MemoryDocuments(), MemoryDocuments()
        run = Run(*ids(0, many), decide=never)
        done = await run.on(make_journal(together))
        same = await append_all(make_journal(singly), "a", Run(*ids(0, many)).decisions)
        assert await stored(together) == await stored(singly)
        assert done == same
        assert run.seen == [0]


async def test_a_run_of_which_anything_was_handled_before_is_decided_one_by_one_and_each_once():
    store = MemoryDocuments()
    journal = make_journal(store)
    await Run("x#2.1").on(journal)
    run = Run(*ids(1, 4))
    done = await run.on(journal)
    assert [one.events for one in done if isinstance(one, Appended)] == [tuple(count(2)), (), tuple(count(4))]
    assert run.seen == []
    assert (await Run(*ids(1, 4), decide=never).on(journal))[0] == Appended(Counter(7, (1, 2, 4)), 2, ())


async def test_a_cause_that_comes_twice_in_a_run_has_one_effect():
    run = Run("x#1.1", "x#1.1", "x#2.1")
    done = await run.on(make_journal(MemoryDocuments()))
    assert [one.events for one in done if isinstance(one, Appended)] == [tuple(count(1)), (), tuple(count(2))]
    assert run.seen == []


async def test_what_follows_no_message_is_decided_each_by_itself():
    run = Run(None, None)
    assert steps((await run.on(make_journal(MemoryDocuments())))[1]) == (1, 2)
    assert run.seen == []


async def test_a_run_sees_what_those_before_it_in_the_same_commit_decided():
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    first, second = Run("x#1.1", "x#2.1", decide=never), Run("x#4.1", decide=never)
    alone = append_all(journal, "a", [(one_more, cause("x#3.1"))])
    await asyncio.gather(first.on(journal), alone, second.on(journal))
    assert (first.seen, second.seen) == ([0], [7])
    assert [len(commit.decoded()) for commit in seen] == [4]
    assert (await journal.load("a")).state.steps == (1, 2, 4, 8)


async def test_a_cause_that_a_run_before_it_in_the_same_commit_took_has_no_second_effect():
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    first, again = Run(*ids(1, 4), decide=never), Run(*ids(3, 5))
    _, done = await asyncio.gather(first.on(journal), again.on(journal))
    assert [one.events for one in done if isinstance(one, Appended)] == [(), tuple(count(8))]
    assert (len(seen), again.seen) == (1, [])


async def test_what_cannot_be_taken_in_one_step_is_taken_one_by_one():
    asked = list[int]()

    def not_today(state: Counter) -> None:
        asked.append(state.total)

    done = await append_all(make_journal(MemoryDocuments()), "a", Run(*ids(1, 4)).decisions, not_today)
    assert (asked, steps(done[0])) == ([0], (1, 2, 4))


async def test_a_step_that_fails_unforeseen_is_left_to_the_single_decisions():
    journal = make_journal(MemoryDocuments())
    run = Run("x#1.1", "x#2.1")

    def broken(_: Counter) -> tuple[Sequence[Event], Counter]:
        raise ZeroDivisionError

    with capture_logs() as logs:
        done = await append_all(journal, "a", run.decisions, broken)
    assert [steps(one) for one in done] == [(1, 2), (1, 2)]
    assert [line["error"] for line in logs if line["event"] == "not_taken_at_once"] == ["ZeroDivisionError"]


@pytest.mark.parametrize("refused_first", [True, False])
async def test_who_is_refused_takes_nothing_from_a_run_in_the_same_commit(refused_first):
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    run = Run(*ids(1, 4), decide=never)
    refused = append_all(journal, "a", [(refuse, cause("y#1.1")), (one_more, cause("y#2.1"))])
    asked = [refused, run.on(journal)] if refused_first else [run.on(journal), refused]
    answers = await asyncio.gather(*asked)
    alone, together = answers if refused_first else reversed(answers)
    assert [type(one) for one in alone] == [Refusal, Appended]
    assert [type(one) for one in together] == [Appended] * 3
    assert (steps(together[0]), len(seen)) == ((1, 2, 4, 8), 1)


# -- when somebody was first -------------------------------------------------------------------------------------


async def test_a_run_that_was_overtaken_is_decided_again_on_what_the_other_wrote():
    store = Overtaken()
    store.rival = make_journal(store)
    run = Run(*ids(1, 3), decide=never)
    done = await run.on(make_journal(store))
    assert run.seen == [0, 10]
    assert steps(done[1]) == (10, 11, 22)
    assert (await make_journal(store).load("a")).state.steps == (10, 11, 22)


async def test_what_the_other_handled_is_not_decided_again_after_the_race():
    store = Overtaken()
    store.rival = make_journal(store)
    run = Run("x#1.1", "rival#1.1")
    done = await run.on(make_journal(store))
    assert [one.events for one in done if isinstance(one, Appended)] == [tuple(count(11)), ()]
    assert run.seen == [0]


async def test_a_run_whose_answer_was_lost_counts_once_and_one_that_is_not_stored_can_be_repeated(monkeypatch):
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    done = await Run(*ids(1, 3), decide=never).on(make_journal(LostAnswers(times=1)))
    assert steps(done[0]) == (1, 2)

    class Refusing(MemoryDocuments):
        away = True

        async def insert(self, document):
            if self.away:
                raise Unavailable("database")
            await super().insert(document)

    store = Refusing()
    journal, run = make_journal(store), Run(*ids(1, 3), decide=never)
    with pytest.raises(Unavailable):
        await run.on(journal)
    store.away = False
    assert steps((await run.on(journal))[0]) == (1, 2)
    assert run.seen == [0, 0]


# -- on tables that are partly in the database -------------------------------------------------------------------


def deposits(first: int, end: int) -> list[Deposited]:
    return [Deposited(str(number), number, 10) for number in range(first, end)]


async def test_pages_a_run_needs_are_fetched_and_it_is_decided_on_them():
    commits, snapshots = await decided(60)
    process, asked = Opened(commits, snapshots), list[bool]()

    def at_once(ledger: Ledger):
        asked.append(True)
        return decisions.submit_all(ledger, deposits(61, 71), NOW)

    done = await append_all(process.journal, "c", [(never, cause(one)) for one in ids(61, 71)], at_once)
    assert all(isinstance(one, Appended) for one in done)
    assert len(asked) > 1
    whole = await folded_from(commits)
    assert (whole.decided, whole.reserved_cents) == (70, 700)
    assert await process.journal.read("c", lambda ledger: ledger == whole)


async def test_a_dossier_of_a_run_that_only_a_stored_page_knows_is_not_reserved_twice():
    commits, snapshots = await decided(60)
    run = [*deposits(61, 64), Deposited("3", 64, 10)]

    def each(one: Deposited):
        return lambda ledger: decisions.submit(ledger, *one, NOW), cause(f"y#{one.deposit_number}.1")

    def at_once(ledger: Ledger):
        return decisions.submit_all(ledger, run, NOW)

    journal = Opened(commits, snapshots).journal
    *reserved, refused = await append_all(journal, "c", [each(one) for one in run], at_once)
    assert [type(one) for one in reserved] == [Appended] * 3
    assert isinstance(refused, decisions.CommandConflict)


async def test_what_was_handled_before_the_snapshot_is_found_by_a_run():
    commits, snapshots = await twelve()
    run = Run(*ids(12, 15), "x#3.1")
    done = await run.on(Process(commits, snapshots).journal)
    assert [len(one.events) for one in done if isinstance(one, Appended)] == [0, 1, 1, 0]
    assert run.seen == []


@pytest.mark.parametrize("kind", ["/reservations/", "/handled/"])
async def test_a_run_that_needs_a_lost_page_is_decided_on_the_stream_folded_anew(kind):
    commits, snapshots = await decided(60)
    process = Opened(commits, snapshots)
    await process.journal.append("c", lambda ledger: decisions.submit(ledger, "61", 61, 10, NOW), cause("x#61.1"))
    for number in range(62, 70):
        await process.do(decisions.submit, str(number), number, 10)
    restarted = Opened(commits, snapshots)
    await restarted.journal.load("c")
    for key in [key for key in snapshots._documents if kind in key]:
        await snapshots.remove(key)

    def at_once(ledger: Ledger):
        return decisions.submit_all(ledger, deposits(70, 75), NOW)

    await append_all(restarted.journal, "c", [(never, cause(one)) for one in ids(70, 75)], at_once)
    whole = await folded_from(commits)
    assert whole.decided == 74
    assert await restarted.journal.read("c", lambda ledger: ledger == whole)
