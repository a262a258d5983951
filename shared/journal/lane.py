"""What waits to be decided on a stream, and whom its journal tells of what it does."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol

from shared.events import Cause, Event
from shared.journal.head import Head, S
from shared.journal.pages import PageNeeded

MAX_DECISIONS_PER_COMMIT = 4_000
MAX_CACHED_STREAMS = 10_000


class Appended(NamedTuple, Generic[S]):
    """The stream after an append; `events` is empty when there was nothing to decide or it was decided before."""

    state: S
    version: int
    events: tuple[Event, ...]


class AppendedAll(NamedTuple, Generic[S]):
    """The stream after several decisions, and what each came to: its events, as in `Appended`, or its refusal."""

    state: S
    version: int
    outcomes: Sequence[tuple[Event, ...] | Exception]

    def only(self) -> Appended[S]:
        """Where there was one decision. Raises: its refusal."""
        (outcome,) = self.outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return Appended(self.state, self.version, outcome)


Decide = Callable[[S], Sequence[Event]]
# One of several decisions, by its place among them from 0 on.
DecideEach = Callable[[int, S], Sequence[Event]]
# What several decisions make of a state in one step, one event each, and the state after; None when they have to be
# taken one after the other. The same comes out.
AtOnce = Callable[[S], tuple[Sequence[Event], S] | None]


@dataclass(slots=True)
class Request(Generic[S]):
    """Decisions that go into one commit, one a cause, in their order."""

    causes: Sequence[Cause]
    decide: DecideEach[S]
    answer: "asyncio.Future[AppendedAll[S]]"
    at_once: AtOnce[S] | None = None


@dataclass(slots=True)
class Lane(Generic[S]):
    """One appender a stream a process: whatever waits goes into one commit."""

    head: Head[S]
    waiting: deque[Request[S]] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    look: "asyncio.Task[Appended[S]] | None" = None

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.look or self.lock.locked()) and (self.worker is None or self.worker.done())


class Lanes(Generic[S]):
    """By stream key; of too many the one that is idle for longest is forgotten."""

    def __init__(self, initial: S) -> None:
        self._initial = initial
        self._lanes: OrderedDict[str, Lane[S]] = OrderedDict()

    def of(self, key: str) -> Lane[S]:
        lane = self._lanes.get(key)
        if lane is None:
            self._make_room()
            lane = self._lanes[key] = Lane(Head(self._initial))
        self._lanes.move_to_end(key)
        return lane

    def _make_room(self) -> None:
        while len(self._lanes) >= MAX_CACHED_STREAMS:
            idle = next((key for key, lane in self._lanes.items() if lane.idle), None)
            if idle is None:
                return
            del self._lanes[idle]


class HeadCache(Protocol):
    """Where heads are kept between processes (shared/journal/snapshots.py); what it gives is checked, never trusted."""

    async def restore(self, head: Head[Any], key: str) -> None: ...

    async def keep(self, head: Head[Any], key: str) -> bool:
        """True when the head knows nothing any more: what is kept is newer, and has to be restored."""
        ...

    async def fetch(self, needed: PageNeeded) -> None: ...

    async def settled(self) -> None: ...


class Outbox(Protocol):
    """Told before a commit is inserted, so that no process can die between a commit and its publication unseen
    (shared/journal/outbox.py).
    """

    async def begin(self, stream: str, version: int) -> None: ...

    def abandon(self, stream: str, version: int, *, inserted: bool) -> None:
        """Nothing will enqueue the commit; `inserted` when it is, or may be, in the journal."""
        ...


def answer(batch: list[Request[S]], reached: Appended[S], outcomes: Sequence[tuple[Event, ...] | Exception]) -> None:
    told = iter(outcomes)
    for request in batch:
        own = list(islice(told, len(request.causes)))
        if not request.answer.done():
            request.answer.set_result(AppendedAll(reached.state, reached.version, own))


def next_batch(waiting: deque[Request[S]]) -> list[Request[S]]:
    """Whole requests, as many as one commit takes; at least one."""
    batch = [waiting.popleft()]
    size = len(batch[0].causes)
    while waiting and size + len(waiting[0].causes) <= MAX_DECISIONS_PER_COMMIT:
        batch.append(waiting.popleft())
        size += len(batch[-1].causes)
    return batch
