"""Append, fold, inbox and group commit: the one primitive every fact goes through (docs/adr/0001)."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Generic, Protocol, Self, TypeVar

from shared import crash
from shared.clock import Clock
from shared.crash import Step
from shared.documents import Documents, Duplicate
from shared.errors import Unavailable
from shared.events import Cause, Event
from shared.journal.commit import GENESIS_HASH, Commit, Entry, commit_key, seal

MAX_DECISIONS_PER_COMMIT = 1_000
MAX_CACHED_STREAMS = 10_000
MAX_INSERT_ATTEMPTS = 5
INSERT_RETRY_SECONDS = 0.2
# A stream is read by the `_id`s of its commits, the one look-up every server answers from an index; what is longer
# than this is asked for as a whole.
MAX_SINGLE_READS = 40


class State(Protocol):
    """What a stream folds to; immutable."""

    def fold(self, event: Any) -> Self: ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class StreamKind(Generic[S]):
    """A family of streams: `{name}:{key}`, what they fold from, and the topics their events are published to."""

    name: str
    initial: S
    topics: frozenset[str] = frozenset()

    def stream(self, key: str) -> str:
        return f"{self.name}:{key}"


@dataclass(frozen=True, slots=True)
class Appended(Generic[S]):
    """The stream after an append; `events` is empty when there was nothing to decide or it was decided before."""

    state: S
    version: int
    events: tuple[Event, ...]


@dataclass(slots=True)
class Head(Generic[S]):
    """A stream as this process knows it."""

    state: S
    version: int = 0
    hash: str = GENESIS_HASH
    handled: set[str] = field(default_factory=set)
    sequences: dict[str, int] = field(default_factory=dict)

    def apply(self, commit: Commit, kind: StreamKind[S]) -> None:
        assert commit.version == self.version + 1, f"gap in {commit.stream} at {commit.version}"
        assert commit.prev_hash == self.hash, f"broken chain in {commit.stream} at {commit.version}"
        entries = commit.decoded()
        self.advance(commit, entries, folded(self.state, [event for entry in entries for event in entry.events]), kind)

    def advance(self, commit: Commit, entries: Sequence[Entry], state: S, kind: StreamKind[S]) -> None:
        """Move to a commit whose entries fold to `state`."""
        self.state = state
        for entry in entries:
            for event in entry.events:
                if event.topic in kind.topics:
                    self.sequences[event.topic] = self.sequences.get(event.topic, 0) + 1
            if entry.cause.causation is not None:
                self.handled.add(entry.cause.causation)
        self.version, self.hash = commit.version, commit.hash


Decide = Callable[[S], Sequence[Event]]


@dataclass(slots=True)
class _Request(Generic[S]):
    """Decisions that go into one commit, in their order."""

    decisions: Sequence[tuple[Decide[S], Cause]]
    answer: "asyncio.Future[list[Appended[S] | Exception]]"


def folded(state: S, events: Sequence[Event]) -> S:
    for event in events:
        state = state.fold(event)
    return state


@dataclass(slots=True)
class _Lane(Generic[S]):
    """One appender a stream a process: whatever waits goes into one commit."""

    head: Head[S]
    waiting: deque[_Request[S]] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    look: "asyncio.Task[Appended[S]] | None" = None


class HeadCache(Protocol):
    """Where heads are kept between processes (shared/journal/snapshots.py); what it gives is checked, never trusted."""

    async def restore(self, head: Head[Any], key: str) -> None: ...

    async def keep(self, head: Head[Any], key: str) -> None: ...


class Outbox(Protocol):
    """Told before a commit is inserted, so that no process can die between a commit and its publication unseen
    (shared/journal/outbox.py).
    """

    async def begin(self, stream: str, version: int) -> None: ...

    def abandon(self, stream: str, version: int, *, inserted: bool) -> None:
        """Nothing will enqueue the commit; `inserted` when it is, or may be, in the journal."""
        ...


OnCommit = Callable[[Commit, Any], Awaitable[None]]


class Journal(Generic[S]):
    """The streams of one kind."""

    def __init__(
        self,
        kind: StreamKind[S],
        commits: Documents,
        clock: Clock,
        on_commit: OnCommit,
        snapshots: HeadCache | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        """`on_commit(commit, state)` runs after each insert, before the append returns (views, relay)."""
        self.kind = kind
        self._commits = commits
        self._clock = clock
        self._on_commit = on_commit
        self._snapshots = snapshots
        self._outbox = outbox
        self._lanes: OrderedDict[str, _Lane[S]] = OrderedDict()

    async def load(self, key: str) -> Appended[S]:
        """The stream as it stands in the database now. Who asks while a look-up waits for its turn shares it."""
        lane = self._lane(key)
        if lane.look is None:
            lane.look = asyncio.create_task(self._look(lane, key))
        return await asyncio.shield(lane.look)

    async def _look(self, lane: _Lane[S], key: str) -> Appended[S]:
        try:
            async with lane.lock:
                lane.look = None  # who asks from here on may know of something newer than this look-up will see
                await self._catch_up(lane.head, key)
                return Appended(lane.head.state, lane.head.version, ())
        finally:
            if lane.look is asyncio.current_task():
                lane.look = None

    async def append(self, key: str, decide: Decide[S], cause: Cause) -> Appended[S]:
        """Decide on the folded stream and record what was decided, once.

        When `cause.causation` was handled before, or nothing is decided, nothing is inserted. When somebody else
        was first the decision is taken again on what they wrote.
        Raises: whatever `decide` raises; Unavailable when the outcome could not be learned (safe to repeat).
        """
        (outcome,) = await self.append_all(key, [(decide, cause)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def append_all(self, key: str, decisions: Sequence[tuple[Decide[S], Cause]]) -> list[Appended[S] | Exception]:
        """Several decisions in one commit, each on what those before it decided; a refusal is its own outcome only.

        Raises: Unavailable when the outcome could not be learned (safe to repeat).
        """
        lane = self._lane(key)
        answer: asyncio.Future[list[Appended[S] | Exception]] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Request(decisions, answer))
        if lane.worker is None or lane.worker.done():
            lane.worker = asyncio.create_task(self._work(lane, key))
        return await answer

    async def events(self, key: str) -> AsyncIterator[Event]:
        """Every event of a stream, in order."""
        async for document in self._commits.find({"stream": self.kind.stream(key)}, sort=[("version", 1)]):
            for entry in Commit.from_document(document).decoded():
                for event in entry.events:
                    yield event

    def _lane(self, key: str) -> _Lane[S]:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(Head(self.kind.initial))
            if len(self._lanes) > MAX_CACHED_STREAMS:
                self._drop_oldest_idle()
        self._lanes.move_to_end(key)
        return lane

    def _drop_oldest_idle(self) -> None:
        for key, lane in self._lanes.items():
            if not lane.waiting and not lane.lock.locked() and (lane.worker is None or lane.worker.done()):
                del self._lanes[key]
                return

    async def _work(self, lane: _Lane[S], key: str) -> None:
        while lane.waiting:
            batch = _next_batch(lane.waiting)
            try:
                await self._commit_batch(lane, key, batch)
            except BaseException as error:
                for request in batch:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise

    async def _commit_batch(self, lane: _Lane[S], key: str, batch: list[_Request[S]]) -> None:
        decisions = [decision for request in batch for decision in request.decisions]
        outcomes: list[tuple[Event, ...] | Exception] | None = None
        while outcomes is None:
            async with lane.lock:
                try:
                    commit, outcomes = await self._record(lane.head, key, decisions)
                except BaseException:
                    lane.head = Head(self.kind.initial)  # what the database holds is unknown: read it again
                    raise
                reached = Appended(lane.head.state, lane.head.version, ())
            if commit is not None:
                # Without the lock: a view that is overtaken loads the stream.
                await self._on_commit(commit, reached.state)
            if outcomes is not None:
                _answer(batch, reached, outcomes)

    async def _record(
        self, head: Head[S], key: str, decisions: Sequence[tuple[Decide[S], Cause]]
    ) -> tuple[Commit | None, list[tuple[Event, ...] | Exception] | None]:
        """One commit of what is decided; no outcomes when somebody was first and it must be decided again.

        A warm head is not brought up to date first: the insert fails when it is behind. Only who was refused, with
        nothing inserted to prove the head, is refused on what the database holds.
        """
        if head.version == 0:
            await self._catch_up(head, key)
        entries, outcomes, decided = self._decide(head, decisions)
        if not entries:
            before = head.version
            await self._catch_up(head, key)
            return None, outcomes if head.version == before else None
        commit = seal(self.kind.stream(key), head.version + 1, head.hash, entries, head.sequences, self._clock.now())
        if not await self._insert(commit):
            await self._catch_up(head, key)
            return None, None
        head.advance(commit, entries, decided, self.kind)
        if self._snapshots is not None:
            await self._snapshots.keep(head, key)
        return commit, outcomes

    def _decide(
        self, head: Head[S], decisions: Sequence[tuple[Decide[S], Cause]]
    ) -> tuple[list[Entry], list[tuple[Event, ...] | Exception], S]:
        """What to record, each decision's events or refusal, and the state after. Each decision sees those before."""
        state, handled = head.state, set[str]()
        entries: list[Entry] = []
        outcomes: list[tuple[Event, ...] | Exception] = []
        for decide, cause in decisions:
            events: tuple[Event, ...] = ()
            causation = cause.causation
            if causation is None or not (causation in head.handled or causation in handled):
                try:
                    events = tuple(decide(state))
                    state = folded(state, events)
                except Exception as refusal:
                    outcomes.append(refusal)
                    continue
            if events:
                if causation is not None:
                    handled.add(causation)
                entries.append(Entry(cause, events))
            outcomes.append(events)
        return entries, outcomes, state

    async def _insert(self, commit: Commit) -> bool:
        """True when the commit is in the journal, ours; False when somebody else has that version."""
        if self._outbox is not None:
            await self._outbox.begin(commit.stream, commit.version)
        try:
            inserted = await self._inserted(commit)
        except BaseException:
            if self._outbox is not None:
                self._outbox.abandon(commit.stream, commit.version, inserted=True)
            raise
        if self._outbox is not None and not inserted:
            self._outbox.abandon(commit.stream, commit.version, inserted=False)
        return inserted

    async def _inserted(self, commit: Commit) -> bool:
        """After a time-out the same bytes go to the same `_id`, so an insert that had succeeded is recognised."""
        for attempt in range(1, MAX_INSERT_ATTEMPTS + 1):
            try:
                crash.reached(Step.BEFORE_INSERT)
                await self._commits.insert(commit.document())
                crash.reached(Step.AFTER_INSERT)
                return True
            except Duplicate:
                stored = await self._commits.get(commit.key)
                return stored is not None and stored["hash"] == commit.hash
            except Unavailable:
                if attempt == MAX_INSERT_ATTEMPTS:
                    raise
                await asyncio.sleep(INSERT_RETRY_SECONDS * attempt)
        raise AssertionError("unreachable")

    async def _catch_up(self, head: Head[S], key: str) -> None:
        """Fold what others appended: one look-up when there is nothing new."""
        stream = self.kind.stream(key)
        if head.version == 0 and self._snapshots is not None:
            await self._snapshots.restore(head, key)
        for _ in range(MAX_SINGLE_READS):
            document = await self._commits.get(commit_key(stream, head.version + 1))
            if document is None:
                return
            head.apply(Commit.from_document(document), self.kind)
        rest = {"stream": stream, "version": {"$gt": head.version}}
        async for document in self._commits.find(rest, sort=[("version", 1)]):
            head.apply(Commit.from_document(document), self.kind)


def _answer(batch: list[_Request[S]], reached: Appended[S], outcomes: Sequence[tuple[Event, ...] | Exception]) -> None:
    told = iter(outcomes)
    for request in batch:
        answers = list[Appended[S] | Exception]()
        for outcome in islice(told, len(request.decisions)):
            answers.append(outcome if isinstance(outcome, Exception) else replace(reached, events=outcome))
        if not request.answer.done():
            request.answer.set_result(answers)


def _next_batch(waiting: deque[_Request[S]]) -> list[_Request[S]]:
    """Whole requests, as many as one commit takes; at least one."""
    batch = [waiting.popleft()]
    size = len(batch[0].decisions)
    while waiting and size + len(waiting[0].decisions) <= MAX_DECISIONS_PER_COMMIT:
        batch.append(waiting.popleft())
        size += len(batch[-1].decisions)
    return batch
