"""Append, fold, inbox and group commit: the one primitive every fact goes through (docs/adr/0001)."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from shared import crash
from shared.clock import Clock
from shared.crash import Step
from shared.documents import Documents, Duplicate
from shared.errors import Unavailable
from shared.events import Cause, Event
from shared.journal.commit import GENESIS_HASH, Commit, Entry, commit_key, seal

MAX_DECISIONS_PER_COMMIT = 256
MAX_CACHED_STREAMS = 10_000
MAX_INSERT_ATTEMPTS = 5
INSERT_RETRY_SECONDS = 0.2


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
        for entry in commit.decoded():
            self.take(entry, kind)
        self.version, self.hash = commit.version, commit.hash

    def take(self, entry: Entry, kind: StreamKind[S]) -> None:
        for event in entry.events:
            self.state = self.state.fold(event)
            if event.topic in kind.topics:
                self.sequences[event.topic] = self.sequences.get(event.topic, 0) + 1
        if entry.cause.causation is not None:
            self.handled.add(entry.cause.causation)


@dataclass(slots=True)
class _Request(Generic[S]):
    decide: Callable[[S], Sequence[Event]]
    cause: Cause
    answer: "asyncio.Future[Appended[S]]"


_Answers = list[tuple[_Request[S], tuple[Event, ...]]]


@dataclass(slots=True)
class _Lane(Generic[S]):
    """One appender a stream a process: whatever waits goes into one commit."""

    head: Head[S]
    waiting: deque[_Request[S]] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class HeadCache(Protocol):
    """Where heads are kept between processes (shared/journal/snapshots.py); what it gives is checked, never trusted."""

    async def restore(self, head: Head[Any], key: str) -> None: ...

    async def keep(self, head: Head[Any], key: str) -> None: ...


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
    ) -> None:
        """`on_commit(commit, state)` runs after each insert, before the append returns (views, relay)."""
        self.kind = kind
        self._commits = commits
        self._clock = clock
        self._on_commit = on_commit
        self._snapshots = snapshots
        self._lanes: OrderedDict[str, _Lane[S]] = OrderedDict()

    async def load(self, key: str) -> Appended[S]:
        """The stream as it stands in the database now."""
        lane = self._lane(key)
        async with lane.lock:
            await self._catch_up(lane.head, key)
            return Appended(lane.head.state, lane.head.version, ())

    async def append(self, key: str, decide: Callable[[S], Sequence[Event]], cause: Cause) -> Appended[S]:
        """Decide on the folded stream and record what was decided, once.

        When `cause.causation` was handled before, or nothing is decided, nothing is inserted. When somebody else
        was first the decision is taken again on what they wrote.
        Raises: whatever `decide` raises; Unavailable when the outcome could not be learned (safe to repeat).
        """
        lane = self._lane(key)
        answer: asyncio.Future[Appended[S]] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Request(decide, cause, answer))
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
            batch = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), MAX_DECISIONS_PER_COMMIT))]
            try:
                await self._commit_batch(lane, key, batch)
            except BaseException as error:
                for request in batch:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise

    async def _commit_batch(self, lane: _Lane[S], key: str, batch: list[_Request[S]]) -> None:
        while pending := [request for request in batch if not request.answer.done()]:
            async with lane.lock:
                try:
                    commit, answers = await self._record(lane.head, key, pending)
                except BaseException:
                    lane.head = Head(self.kind.initial)  # what the database holds is unknown: read it again
                    raise
                state, version = lane.head.state, lane.head.version
            if commit is not None:
                await self._on_commit(commit, state)  # without the lock: a view that is overtaken loads the stream
            for request, events in answers:
                if not request.answer.done():
                    request.answer.set_result(Appended(state, version, events))

    async def _record(self, head: Head[S], key: str, pending: list[_Request[S]]) -> tuple[Commit | None, _Answers[S]]:
        """One commit of what is decided; no answers when somebody was first and it must be decided again."""
        await self._catch_up(head, key)
        entries, answers = self._decide(head, pending)
        if not entries:
            return None, answers
        commit = seal(self.kind.stream(key), head.version + 1, head.hash, entries, head.sequences, self._clock.now())
        if not await self._insert(commit):
            return None, []
        head.apply(commit, self.kind)
        if self._snapshots is not None:
            await self._snapshots.keep(head, key)
        return commit, answers

    def _decide(self, head: Head[S], batch: list[_Request[S]]) -> tuple[list[Entry], _Answers[S]]:
        """Each decision sees those before it. A refusal answers its own request only."""
        state, handled = head.state, set[str]()
        entries: list[Entry] = []
        answers: _Answers[S] = []
        for request in batch:
            events: tuple[Event, ...] = ()
            causation = request.cause.causation
            if causation is None or causation not in head.handled | handled:
                try:
                    events = tuple(request.decide(state))
                except Exception as refusal:
                    if not request.answer.done():
                        request.answer.set_exception(refusal)
                    continue
            if events:
                for event in events:
                    state = state.fold(event)
                if causation is not None:
                    handled.add(causation)
                entries.append(Entry(request.cause, events))
            answers.append((request, events))
        return entries, answers

    async def _insert(self, commit: Commit) -> bool:
        """True when the commit is in the journal, ours; False when somebody else has that version.

        After a time-out the same bytes go to the same `_id`, so an insert that had succeeded is recognised.
        """
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
        """Fold what others appended. A point look-up a commit when warm; one ordered read when cold."""
        stream = self.kind.stream(key)
        if head.version == 0 and self._snapshots is not None:
            await self._snapshots.restore(head, key)
        if head.version == 0:
            async for document in self._commits.find({"stream": stream}, sort=[("version", 1)]):
                head.apply(Commit.from_document(document), self.kind)
            return
        while document := await self._commits.get(commit_key(stream, head.version + 1)):
            head.apply(Commit.from_document(document), self.kind)
