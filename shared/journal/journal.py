"""Append, fold, inbox and group commit: the one primitive every fact goes through (docs/adr/0001)."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from shared import crash
from shared.clock import Clock
from shared.crash import Step
from shared.documents import Documents, Duplicate
from shared.errors import Unavailable
from shared.events import Cause, Event
from shared.journal.commit import Commit, Entry, commit_key, seal
from shared.journal.head import Head, PageLost, S, StreamKind, folded
from shared.journal.paging import paged
from shared.journal.table import PageNeeded

MAX_DECISIONS_PER_COMMIT = 256
MAX_CACHED_STREAMS = 10_000
MAX_INSERT_ATTEMPTS = 5
INSERT_RETRY_SECONDS = 0.2
# Commits looked up at once while a stream is caught up with.
MAX_READ_AHEAD = 32


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Appended(Generic[S]):
    """The stream after an append; `events` is empty when there was nothing to decide or it was decided before."""

    state: S
    version: int
    events: tuple[Event, ...]


@dataclass(slots=True)
class _Request(Generic[S]):
    decide: Callable[[S], Sequence[Event]]
    cause: Cause
    answer: "asyncio.Future[Appended[S]]"


# What each request gets: its events, or the refusal of its decision.
_Answers = list[tuple[_Request[S], tuple[Event, ...] | Exception]]


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

    async def fetch(self, needed: PageNeeded) -> None: ...


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

    async def read(self, key: str, look: Callable[[S], T]) -> T:
        """What `look` makes of the stream as it stands now, for states whose tables are partly in the database.

        `look` only reads; it runs again when a page it needs has come. Raises: whatever `look` raises.
        """
        while True:
            state = (await self.load(key)).state
            try:
                return await self._paged(lambda state=state: look(state))
            except PageLost:
                self._lane(key).head = Head(self.kind.initial)

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
            for request, outcome in answers:
                if request.answer.done():
                    continue
                if isinstance(outcome, Exception):
                    request.answer.set_exception(outcome)
                else:
                    request.answer.set_result(Appended(state, version, outcome))

    async def _record(self, head: Head[S], key: str, pending: list[_Request[S]]) -> tuple[Commit | None, _Answers[S]]:
        """One commit of what is decided; no answers when somebody was first and it must be decided again."""
        await self._catch_up(head, key)
        try:
            entries, answers = await self._decide(head, pending)
        except PageLost:
            head.forget(self.kind)
            return None, []
        if not entries:
            return None, answers
        commit = seal(self.kind.stream(key), head.version + 1, head.hash, entries, head.sequences, self._clock.now())
        if not await self._insert(commit):
            return None, []
        try:
            await self._fold(head, commit, key)
        except PageLost:
            head.forget(self.kind)
            await self._catch_up(head, key)
        return commit, answers

    async def _decide(self, head: Head[S], batch: list[_Request[S]]) -> tuple[list[Entry], _Answers[S]]:
        """Each decision sees those before it. A refusal answers its own request only, once what it rests on is
        recorded."""
        state, handled = head.state, set[str]()
        entries: list[Entry] = []
        answers: _Answers[S] = []

        def step(request: _Request[S]) -> tuple[tuple[Event, ...], S]:
            causation = request.cause.causation
            if causation is None or not (causation in head.handled or causation in handled):
                events = tuple(request.decide(state))
                return events, folded(state, events)
            return (), state

        for request in batch:
            causation = request.cause.causation
            try:
                events, state = await self._paged(lambda request=request: step(request))
            except (PageLost, Unavailable):
                raise
            except Exception as refusal:
                answers.append((request, refusal))
                continue
            if events:
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
        """Fold what others appended. Point look-ups when warm or on a snapshot; one ordered read when cold."""
        while True:
            try:
                return await self._follow(head, key)
            except PageLost:
                head.forget(self.kind)

    async def _follow(self, head: Head[S], key: str) -> None:
        stream = self.kind.stream(key)
        if head.version == 0 and self._snapshots is not None:
            await self._snapshots.restore(head, key)
        if head.version == 0:
            async for document in self._commits.find({"stream": stream}, sort=[("version", 1)]):
                await self._fold(head, Commit.from_document(document), key)
            return
        ahead = 1
        while True:
            versions = range(head.version + 1, head.version + 1 + ahead)
            found = await asyncio.gather(*[self._commits.get(commit_key(stream, version)) for version in versions])
            for document in found:
                if document is None:
                    return
                await self._fold(head, Commit.from_document(document), key)
            ahead = min(2 * ahead, MAX_READ_AHEAD)

    async def _fold(self, head: Head[S], commit: Commit, key: str) -> None:
        """Raises: PageLost."""
        if self._snapshots is None:
            head.apply(commit, self.kind)
            return
        for needed in head.applying(commit, self.kind):
            await self._snapshots.fetch(needed)
        await self._snapshots.keep(head, key)

    async def _paged(self, work: Callable[[], T]) -> T:
        return work() if self._snapshots is None else await paged(work, self._snapshots.fetch)
