"""Append, fold, inbox and group commit: the one primitive every fact goes through (docs/adr/0001)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from shared import crash
from shared.clock import Clock
from shared.crash import Step
from shared.documents import Document, Documents, Duplicate
from shared.errors import Unavailable
from shared.events import Cause, Event
from shared.journal.commit import Commit, commit_key, seal
from shared.journal.deciding import Deciding
from shared.journal.entries import Entry
from shared.journal.head import Head, PageLost, S, StreamKind
from shared.journal.lane import (
    Appended,
    AppendedAll,
    AtOnce,
    Decide,
    DecideEach,
    HeadCache,
    Lane,
    Lanes,
    Outbox,
    Request,
    answer,
    next_batch,
)
from shared.journal.pages import PageNeeded
from shared.journal.paging import paged

log = structlog.get_logger(__name__)

MAX_INSERT_ATTEMPTS = 5
INSERT_RETRY_SECONDS = 0.2
# A stream is read by the `_id`s of its commits, the one look-up every server answers from an index; what is longer
# than this is asked for as a whole.
MAX_SINGLE_READS = 40
# Commits looked up at once while a stream is caught up with.
MAX_READ_AHEAD = 32

T = TypeVar("T")
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
        # What a single writer says of itself in each commit, by stream key; asked when a commit is decided.
        self.epoch_of: Callable[[str], int] = lambda _: 0
        self._lanes = Lanes(kind.initial)

    def seen(self, key: str) -> S:
        """The stream as this process knows it, maybe not yet: for what never changes once it is there."""
        return self._lanes.of(key).head.state

    def load(self, key: str) -> "asyncio.Future[Appended[S]]":
        """The stream as it stands in the database now. Who asks while a look-up waits for its turn shares it."""
        lane = self._lanes.of(key)
        if lane.look is None:
            lane.look = asyncio.create_task(self._look(lane, key))
        return asyncio.shield(lane.look)

    async def _look(self, lane: Lane[S], key: str) -> Appended[S]:
        try:
            async with lane.lock:
                lane.look = None  # who asks from here on may know of something newer than this look-up will see
                await self._catch_up(lane.head, key)
                return Appended(lane.head.state, lane.head.version, ())
        finally:
            if lane.look is asyncio.current_task():
                lane.look = None

    async def read(self, key: str, look: Callable[[S], T]) -> T:
        """What `look` makes of the stream as it stands now, for states whose tables are partly in the database.

        `look` only reads; it runs again when a page it needs has come. Raises: whatever `look` raises.
        """
        while True:
            state = (await self.load(key)).state
            try:
                return await self._paged(lambda state=state: look(state))
            except PageLost:
                lane = self._lanes.of(key)
                async with lane.lock:
                    lane.head.forget(self.kind)

    async def append(self, key: str, decide: Decide[S], cause: Cause) -> Appended[S]:
        """Decide on the folded stream and record what was decided, once.

        When `cause.causation` was handled before, or nothing is decided, nothing is inserted. When somebody else
        was first the decision is taken again on what they wrote.
        Raises: whatever `decide` raises; Unavailable when the outcome could not be learned (safe to repeat).
        """
        return (await self.append_all(key, [cause], lambda _, state: decide(state))).only()

    async def append_all(
        self, key: str, causes: Sequence[Cause], decide: DecideEach[S], at_once: AtOnce[S] | None = None
    ) -> AppendedAll[S]:
        """Several decisions in one commit, `decide(place, state)` for each cause, on what those before it decided; a
        refusal is its own outcome only. `at_once` takes them in one step when none was handled before.

        Raises: Unavailable when the outcome could not be learned (safe to repeat).
        """
        lane = self._lanes.of(key)
        answer: asyncio.Future[AppendedAll[S]] = asyncio.get_running_loop().create_future()
        lane.waiting.append(Request(causes, decide, answer, at_once))
        if lane.worker is None or lane.worker.done():
            lane.worker = asyncio.create_task(self._work(lane, key))
        return await answer

    async def events(self, key: str) -> AsyncIterator[Event]:
        """Every event of a stream, in order."""
        async for document in self._commits.find({"stream": self.kind.stream(key)}, sort=[("version", 1)]):
            for entry in Commit.from_document(document).decoded():
                for event in entry.events:
                    yield event

    async def settled(self) -> None:
        """Wait until no snapshot is being written."""
        if self._snapshots is not None:
            await self._snapshots.settled()

    async def _work(self, lane: Lane[S], key: str) -> None:
        while lane.waiting:
            batch = next_batch(lane.waiting)
            try:
                await self._commit_batch(lane, key, batch)
            except BaseException as error:
                for request in batch:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise

    async def _commit_batch(self, lane: Lane[S], key: str, batch: list[Request[S]]) -> None:
        outcomes: list[tuple[Event, ...] | Exception] | None = None
        while outcomes is None:
            async with lane.lock:
                try:
                    commit, outcomes, reached = await self._record(lane.head, key, batch)
                except BaseException:
                    lane.head.forget(self.kind)  # what the database holds is unknown: read it again
                    raise
            if commit is not None:
                # Without the lock: a view that is overtaken loads the stream.
                await self._on_commit(commit, reached.state)
            if outcomes is not None:
                answer(batch, reached, outcomes)

    async def _record(
        self, head: Head[S], key: str, batch: Sequence[Request[S]]
    ) -> tuple[Commit | None, list[tuple[Event, ...] | Exception] | None, Appended[S]]:
        """One commit of what is decided; no outcomes when somebody was first and it must be decided again. The stream
        as it is then.

        A warm head is not brought up to date first: the insert fails when it is behind. Only who was refused, with
        nothing inserted to prove the head, is refused on what the database holds.
        """
        if head.version == 0:
            await self._catch_up(head, key)
        try:
            entries, outcomes, decided = await self._decide(head, batch)
        except PageLost:
            head.forget(self.kind)
            return None, None, Appended(head.state, head.version, ())
        if not entries:
            before = head.version
            await self._catch_up(head, key)
            return None, outcomes if head.version == before else None, Appended(head.state, head.version, ())
        said = (head.sequences, self._clock.now(), self.epoch_of(key))
        commit = seal(self.kind.stream(key), head.version + 1, head.hash, entries, *said)
        if not await self._insert(commit):
            await self._catch_up(head, key)
            return None, None, Appended(head.state, head.version, ())
        try:
            head.advance(commit, commit.said(), decided, self.kind)
            reached = Appended(head.state, head.version, ())
            if self._snapshots is not None:
                await self._snapshots.keep(head, key)
        except BaseException:
            self._abandon(commit, inserted=True)
            raise
        return commit, outcomes, reached

    async def _decide(
        self, head: Head[S], batch: Sequence[Request[S]]
    ) -> tuple[list[Entry], list[tuple[Event, ...] | Exception], S]:
        """What to record, each decision's events or refusal, and the state after. Each decision sees those before.

        Raises: PageLost, Unavailable.
        """
        deciding = Deciding(head)
        for request in batch:
            if request.at_once is not None and await self._taken_at_once(deciding, request):
                continue
            for place, cause in enumerate(request.causes):
                step = partial(deciding.step, partial(request.decide, place), cause)
                try:
                    try:
                        step()
                    except PageNeeded:
                        await self._paged(step)
                except (PageLost, Unavailable):
                    raise
                except Exception as refusal:
                    deciding.outcomes.append(refusal)
        return deciding.entries, deciding.outcomes, deciding.state

    async def _taken_at_once(self, deciding: Deciding[S], request: Request[S]) -> bool:
        """Raises: PageLost, Unavailable. What nobody foresaw is left to the single decisions, each with its outcome."""
        try:
            return await self._paged(lambda: deciding.at_once(request))
        except (PageLost, Unavailable):
            raise
        except Exception as error:
            log.error("not_taken_at_once", kind=self.kind.name, error=type(error).__name__, exc_info=True)
            return False

    async def _insert(self, commit: Commit) -> bool:
        """True when the commit is in the journal, ours; False when somebody else has that version."""
        if self._outbox is not None:
            await self._outbox.begin(commit.stream, commit.version)
        try:
            inserted = await self._inserted(commit)
        except BaseException:
            self._abandon(commit, inserted=True)
            raise
        if not inserted:
            self._abandon(commit, inserted=False)
        return inserted

    def _abandon(self, commit: Commit, *, inserted: bool) -> None:
        if self._outbox is not None:
            self._outbox.abandon(commit.stream, commit.version, inserted=inserted)

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
        """Fold what others appended. One look-up when there is nothing new."""
        while True:
            try:
                return await self._follow(head, key)
            except PageLost:
                head.forget(self.kind)

    async def _follow(self, head: Head[S], key: str) -> None:
        stream, ahead = self.kind.stream(key), 1
        if head.version == 0 and self._snapshots is not None:
            await self._snapshots.restore(head, key)
        begun = head.version
        while head.version - begun < MAX_SINGLE_READS or begun:
            for document in await self._commits_from(stream, head.version + 1, ahead):
                if document is None:
                    return
                await self._fold(head, Commit.from_document(document), key)
            ahead = min(2 * ahead, MAX_READ_AHEAD)
        rest = {"stream": stream, "version": {"$gt": head.version}}
        async for document in self._commits.find(rest, sort=[("version", 1)]):
            await self._fold(head, Commit.from_document(document), key)

    async def _commits_from(self, stream: str, first: int, count: int) -> list[Document | None]:
        """So many versions, None for what is not there. A look at the next one is by far the most frequent."""
        keys = [commit_key(stream, version) for version in range(first, first + count)]
        if count == 1:
            return [await self._commits.get(keys[0])]
        return await asyncio.gather(*[self._commits.get(key) for key in keys])

    async def _fold(self, head: Head[S], commit: Commit, key: str) -> None:
        """Raises: PageLost."""
        if self._snapshots is None:
            head.apply(commit, self.kind)
            return
        for needed in head.applying(commit, self.kind):
            await self._snapshots.fetch(needed)
        if await self._snapshots.keep(head, key):
            raise PageLost(f"{commit.stream}: another process keeps a newer snapshot")

    async def _paged(self, work: Callable[[], T]) -> T:
        return work() if self._snapshots is None else await paged(work, self._snapshots.fetch)
