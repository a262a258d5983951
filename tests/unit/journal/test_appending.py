"""The journal: each sentence is a promise of shared/journal."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents import MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.journal import Commit, Journal, StreamKind
from shared.journal.journal import Appended
from shared.journal.verify import verify
from shared.views import View
from tests.counter import KIND, Counter, FixedClock, append_all, cause, count, make_journal
from tests.unit.journal.documents import LostAnswers, Overtaken, refuse


async def test_what_is_appended_is_folded():
    journal = make_journal(MemoryDocuments())
    await journal.append("a", lambda _: count(2), cause())
    done = await journal.append("a", lambda state: count(state.total), cause())
    assert (done.state.total, done.version) == (4, 2)
    assert (await journal.load("a")).state.steps == (2, 2)


async def test_an_event_is_handled_once():
    store = MemoryDocuments()
    for journal in (make_journal(store), make_journal(store)):
        await journal.append("a", lambda _: count(1), cause("x#1.1"))
    assert (await journal.load("a")).state.total == 1
    assert await store.count({}) == 1


async def test_nothing_decided_inserts_nothing():
    store = MemoryDocuments()
    done = await make_journal(store).append("a", lambda _: [], cause("x#1.1"))
    assert (done.version, done.events, await store.count({})) == (0, (), 0)


async def test_two_processes_append_without_gap_or_loss():
    store = MemoryDocuments()
    journals = [make_journal(store) for _ in range(4)]
    await asyncio.gather(*[journals[i % 4].append("a", lambda _: count(1), cause(f"x#{i}.1")) for i in range(100)])
    assert (await make_journal(store).load("a")).state.total == 100
    report = await verify(store.find({}, sort=[("version", 1)]))
    assert report.clean
    assert report.events == 100


async def test_what_waits_goes_into_one_commit():
    store, seen = MemoryDocuments(), list[Commit]()
    journal = make_journal(store, seen)
    done = await asyncio.gather(
        *[journal.append("a", lambda s: count(s.total + 1), cause(f"x#{i}.1")) for i in range(9)]
    )
    assert len(seen) < 9
    assert [one.events[0].model_dump()["amount"] for one in done] == [2**i for i in range(9)]


async def test_a_refusal_answers_its_own_request_only():
    journal = make_journal(MemoryDocuments())
    answers = await asyncio.gather(
        journal.append("a", lambda _: count(1), cause()),
        journal.append("a", refuse, cause()),
        journal.append("a", lambda _: count(1), cause()),
        return_exceptions=True,
    )
    assert isinstance(answers[1], Refusal)
    assert (await journal.load("a")).state.total == 2


async def test_an_insert_whose_answer_was_lost_counts_once():
    store = LostAnswers(times=1)
    done = await make_journal(store).append("a", lambda _: count(5), cause())
    assert (done.state.total, done.version, await store.count({})) == (5, 1, 1)


async def test_a_version_that_somebody_else_took_is_folded_and_the_decision_taken_again():
    store = Overtaken()
    store.rival = make_journal(store)
    done = await make_journal(store).append("a", lambda state: count(state.total + 1), cause("x#1.1"))
    assert (done.version, done.state.steps) == (2, (10, 11))
    assert (await make_journal(store).load("a")).state.steps == (10, 11)


async def test_a_view_that_is_overtaken_reads_the_stream_again_while_the_append_waits():
    store, views = Overtaken(), MemoryDocuments()
    view = View[Counter](views, lambda _, state: {"total": state.total})

    async def project(commit: Commit, state: Counter) -> None:
        if commit.version == 1:
            await make_journal(store).append("a", lambda _: count(10), cause())
        await view.put(journal, store, "a", state, commit.version)

    journal = Journal(KIND, store, FixedClock(), project)
    async with asyncio.timeout(10):
        await journal.append("a", lambda _: count(1), cause())
    assert await views.get("a") == {"_id": "a", "total": 11, "stream_version": 2}


async def test_decisions_given_together_are_one_commit_and_each_has_its_own_outcome():
    store, seen = MemoryDocuments(), list[Commit]()
    journal = make_journal(store, seen)
    decisions = [
        (lambda state: count(state.total + 1), cause("x#1.1")),
        (refuse, cause("x#2.1")),
        (lambda state: count(state.total + 1), cause("x#3.1")),
        (lambda _: [], cause("x#4.1")),
        (lambda _: count(9), cause("x#1.1")),
    ]
    outcomes = await append_all(journal, "a", decisions)
    assert isinstance(outcomes.pop(1), Refusal)
    done = [one for one in outcomes if isinstance(one, Appended)]
    assert [one.events for one in done] == [tuple(count(1)), tuple(count(2)), (), ()]
    assert {(one.version, one.state.total) for one in done} == {(1, 3)}
    assert [one.version for one in seen] == [1]


async def test_decisions_that_are_all_refused_or_empty_insert_nothing():
    store = MemoryDocuments()
    refused, nothing = await append_all(make_journal(store), "a", [(refuse, cause()), (lambda _: [], cause())])
    assert isinstance(refused, Refusal)
    assert isinstance(nothing, Appended)
    assert (nothing.version, nothing.events, await store.count({})) == (0, (), 0)


async def test_no_commit_takes_more_decisions_than_it_may_and_no_request_is_parted(monkeypatch):
    monkeypatch.setattr("shared.journal.lane.MAX_DECISIONS_PER_COMMIT", 4)
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    several = [(lambda _: count(1), cause())] * 3
    await asyncio.gather(*[append_all(journal, "a", several[:size]) for size in (3, 1, 2, 3)])
    assert [len(commit.decoded()) for commit in seen] == [4, 2, 3]


class Down(MemoryDocuments):
    async def insert(self, document):
        raise Unavailable("database")


async def test_an_outage_is_said_and_the_append_can_be_repeated(monkeypatch):
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    store = Down()
    journal = make_journal(store)
    with pytest.raises(Unavailable):
        await journal.append("a", lambda _: count(1), cause("x#1.1"))
    journal._commits = MemoryDocuments()
    assert (await journal.append("a", lambda _: count(1), cause("x#1.1"))).state.total == 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.booleans()), min_size=1, max_size=30),
)
def test_any_interleaving_of_processes_and_duplicates_gives_each_cause_one_effect(steps):
    async def play():
        store = MemoryDocuments()
        journals = [make_journal(store) for _ in range(3)]
        appends = []
        for number, (process, amount, twice) in enumerate(steps):
            for _ in range(1 + twice):
                decide = lambda _, amount=amount: count(amount)  # noqa: E731
                appends.append(journals[process].append("a", decide, cause(f"x#{number}.1")))
        await asyncio.gather(*appends)
        folded = await make_journal(store).load("a")
        assert folded.state.total == sum(amount for _, amount, _ in steps)
        assert (await verify(store.find({}, sort=[("version", 1)]))).clean

    asyncio.run(play())


class Thin:
    """A state that one event breaks."""

    def fold(self, event):
        assert event.amount != 13, "thirteen"
        return self


async def test_an_event_that_breaks_the_fold_fails_its_own_request_only():
    async def on_commit(_: Commit, __: Thin) -> None: ...

    journal = Journal(StreamKind("thin", Thin()), MemoryDocuments(), FixedClock(), on_commit)
    amounts = (1, 13, 2)
    answers = await asyncio.gather(
        *[journal.append("a", lambda _, amount=amount: count(amount), cause()) for amount in amounts],
        return_exceptions=True,
    )
    assert isinstance(answers[1], AssertionError)
    assert [isinstance(answer, BaseException) for answer in answers] == [False, True, False]


async def test_a_refusal_that_rests_on_what_could_not_be_recorded_is_not_given(monkeypatch):
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    journal = make_journal(Down())

    def refuse_after_the_first(state: Counter):
        if state.total:
            raise Refusal("déjà compté")
        return count(1)

    answers = await asyncio.gather(
        journal.append("a", lambda _: count(1), cause()),
        journal.append("a", refuse_after_the_first, cause()),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
