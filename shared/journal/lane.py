"""What waits to be decided on a stream, and whom its journal tells of what it does."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol

from shared.events import Cause, Event
from shared.journal.head import Head, S
from shared.journal.table import PageNeeded

MAX_DECISIONS_PER_COMMIT = 2_000


class Appended(NamedTuple, Generic[S]):
    """The stream after an append; `events` is empty when there was nothing to decide or it was decided before."""

    state: S
    version: int
    events: tuple[Event, ...]


Decide = Callable[[S], Sequence[Event]]
# What several decisions make of a state in one step, one event each, and the state after; None when they have to be
# taken one after the other. The same comes out.
AtOnce = Callable[[S], tuple[Sequence[Event], S] | None]


@dataclass(slots=True)
class Request(Generic[S]):
    """Decisions that go into one commit, in their order."""

    decisions: Sequence[tuple[Decide[S], Cause]]
    answer: "asyncio.Future[list[Appended[S] | Exception]]"
    at_once: AtOnce[S] | None = None


@dataclass(slots=True)
class Lane(Generic[S]):
    """One appender a stream a process: whatever waits goes into one commit."""

    head: Head[S]
    waiting: deque[Request[S]] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    look: "asyncio.Task[Appended[S]] | None" = None


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
        answers = list[Appended[S] | Exception]()
        for outcome in islice(told, len(request.decisions)):
            refused = isinstance(outcome, Exception)
            answers.append(outcome if refused else Appended(reached.state, reached.version, outcome))
        if not request.answer.done():
            request.answer.set_result(answers)


def next_batch(waiting: deque[Request[S]]) -> list[Request[S]]:
    """Whole requests, as many as one commit takes; at least one."""
    batch = [waiting.popleft()]
    size = len(batch[0].decisions)
    while waiting and size + len(waiting[0].decisions) <= MAX_DECISIONS_PER_COMMIT:
        batch.append(waiting.popleft())
        size += len(batch[-1].decisions)
    return batch
