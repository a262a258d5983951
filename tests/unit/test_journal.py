"""The journal: each sentence is a promise of shared/journal."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents import MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.journal import Commit, Journal, StreamKind
from shared.journal.journal import Appended
from shared.journal.relay import messages
from shared.journal.verify import verify
from shared.views import View
from tests.counter import KIND, Counter, FixedClock, Muttered, append_all, cause, count, make_journal


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


class LostAnswers(MemoryDocuments):
    """The insert succeeds and its answer is lost."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def insert(self, document):
        await super().insert(document)
        if self.times:
            self.times -= 1
            raise Unavailable("database")


async def test_an_insert_whose_answer_was_lost_counts_once():
    store = LostAnswers(times=1)
    done = await make_journal(store).append("a", lambda _: count(5), cause())
    assert (done.state.total, done.version, await store.count({})) == (5, 1, 1)


class Overtaken(MemoryDocuments):
    """Somebody else takes the version between our look and our insert."""

    rival: Journal[Counter] | None = None

    async def insert(self, document):
        rival, self.rival = self.rival, None
        if rival is not None:
            await rival.append("a", lambda _: count(10), cause("rival#1.1"))
        await super().insert(document)


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


# -- several decisions at once -----------------------------------------------------------------------------------


def refuse(_: Counter):
    raise Refusal("non")


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


# -- appending without a look first ------------------------------------------------------------------------------


class Watched(MemoryDocuments):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.gets: list[str] = []

    async def get(self, key):
        self.gets.append(key)
        return await super().get(key)


async def test_who_knows_a_stream_appends_to_it_without_a_look():
    store = Watched()
    journal = make_journal(store)
    await journal.append("a", lambda _: count(1), cause())
    store.gets.clear()
    await journal.append("a", lambda _: count(1), cause())
    assert store.gets == []


async def test_who_is_refused_is_refused_on_what_the_database_holds():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)

    def once_it_is_ten(state: Counter):
        if state.total < 10:
            raise Refusal("pas encore")
        return count(1)

    await mine.append("a", lambda _: count(1), cause())
    with pytest.raises(Refusal):
        await mine.append("a", once_it_is_ten, cause())
    await other.append("a", lambda _: count(9), cause())
    assert (await mine.append("a", once_it_is_ten, cause())).state.total == 11


async def test_nothing_is_decided_only_on_what_the_database_holds():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)
    await mine.append("a", lambda _: count(1), cause())
    await other.append("a", lambda _: count(9), cause())
    done = await mine.append("a", lambda state: count(1) if state.total == 10 else [], cause())
    assert (done.state.total, done.version) == (11, 3)


async def test_what_another_process_handled_is_not_handled_again_by_who_did_not_look():
    store = MemoryDocuments()
    mine, other = make_journal(store), make_journal(store)
    await mine.append("a", lambda _: count(1), cause("x#1.1"))
    await other.append("a", lambda _: count(2), cause("x#2.1"))
    done = await mine.append("a", lambda _: count(5), cause("x#2.1"))
    assert (done.events, done.state.total, done.version) == ((), 3, 2)


class Paused(Watched):
    """A look-up waits for its answer until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def get(self, key):
        found = await super().get(key)
        self.asked.set()
        await self.open.wait()
        return found


async def test_who_asks_while_a_look_up_waits_its_turn_shares_it():
    store = Paused()
    journal = make_journal(store)
    store.open.clear()
    loads = [asyncio.create_task(journal.load("a"))]
    await store.asked.wait()
    loads += [asyncio.create_task(journal.load("a")) for _ in range(9)]
    await asyncio.sleep(0)
    store.open.set()
    await asyncio.gather(*loads)
    assert store.gets == ["counter:a#1", "counter:a#1"]


async def test_who_asks_after_a_commit_of_another_process_sees_it_though_a_look_up_is_under_way():
    store = Paused()
    journal, other = make_journal(store), make_journal(store)
    await other.append("a", lambda _: count(1), cause())
    await journal.load("a")
    store.asked.clear()
    store.open.clear()
    early = asyncio.create_task(journal.load("a"))
    await store.asked.wait()  # it has its answer: nothing new
    await other.append("a", lambda _: count(9), cause())
    late = asyncio.create_task(journal.load("a"))
    await asyncio.sleep(0)
    store.open.set()
    assert [(await one).state.total for one in (early, late)] == [1, 10]


async def test_who_stops_waiting_for_a_shared_look_up_takes_it_from_nobody():
    store = Paused()
    journal = make_journal(store)
    await journal.append("a", lambda _: count(1), cause())
    store.asked.clear()
    store.open.clear()
    under_way = asyncio.create_task(journal.load("a"))
    await store.asked.wait()
    shared = [asyncio.create_task(journal.load("a")) for _ in range(2)]
    await asyncio.sleep(0)
    shared[0].cancel()
    store.open.set()
    assert ((await under_way).version, (await shared[1]).version) == (1, 1)
    assert (await asyncio.gather(shared[0], return_exceptions=True))[0].__class__ is asyncio.CancelledError


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


async def test_messages_carry_a_gapless_sequence_over_private_events():
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    await journal.append("a", lambda _: [Muttered(words="…"), *count(1)], cause())
    await journal.append("a", lambda _: [Muttered(words="…")], cause())
    await journal.append("a", lambda _: [*count(1), *count(2)], cause("other#4.1"))
    sent = [meta for commit in seen for _, meta in messages(commit, KIND.topics)]
    assert [meta.sequence for meta in sent] == [1, 2, 3]
    assert [meta.id for meta in sent] == ["counter:a#1.2", "counter:a#3.1", "counter:a#3.2"]
    assert sent[1].causation == "other#4.1"


@pytest.mark.parametrize("field", ["entries", "prev_hash", "recorded_at", "sequences"])
async def test_verify_names_the_first_changed_commit(field):
    store = MemoryDocuments()
    journal = make_journal(store)
    for _ in range(3):
        await journal.append("a", lambda _: count(1), cause())
    broken = await store.get("counter:a#2")
    assert broken
    await store.mark("counter:a#2", {field: broken[field].replace("1", "2", 1).replace("0", "9", 1)})
    report = await verify(store.find({}, sort=[("version", 1)]))
    assert [fault.commit for fault in report.faults] == ["counter:a#2"]


async def test_verify_finds_a_removed_commit():
    store = MemoryDocuments()
    journal = make_journal(store)
    for _ in range(3):
        await journal.append("a", lambda _: count(1), cause())
    await store.remove("counter:a#2")
    (fault,) = (await verify(store.find({}, sort=[("version", 1)]))).faults
    assert (fault.commit, fault.check, fault.expected) == ("counter:a#3", "version", "2")


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
