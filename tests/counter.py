"""A small stream for tests of the journal: it counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from shared.contracts.intake import DOSSIER_TOPIC
from shared.events import Cause, Event
from shared.journal import Appended, Commit, Journal, StreamKind

START = datetime(2024, 4, 29, 7, tzinfo=UTC)


class Counted(Event):
    topic: ClassVar[str | None] = DOSSIER_TOPIC
    dossier_id: str
    amount: int


class Muttered(Event):
    words: str


@dataclass(frozen=True, slots=True)
class Counter:
    total: int = 0
    steps: tuple[int, ...] = ()

    def fold(self, event: Event) -> "Counter":
        match event:
            case Counted(amount=amount):
                return replace(self, total=self.total + amount, steps=(*self.steps, amount))
            case _:
                return self


KIND = StreamKind("counter", Counter(), frozenset({DOSSIER_TOPIC}))


class FixedClock:
    def __init__(self, now: datetime = START) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, **step: float) -> None:
        self.moment += timedelta(**step)


def count(amount: int, key: str = "a") -> list[Event]:
    return [Counted(dossier_id=key, amount=amount)]


def cause(causation: str | None = None) -> Cause:
    return Cause("service:test", "c0ffee", causation)


async def append_all(
    journal: Any, key: str, decisions: Sequence[tuple[Callable[[Any], Sequence[Event]], Cause]], at_once: Any = None
) -> list[Appended[Any] | Exception]:
    """Several decisions in one commit, by a journal or a writer: of each the stream after it all, or its refusal."""
    causes = [cause for _, cause in decisions]
    done = await journal.append_all(key, causes, lambda place, state: decisions[place][0](state), at_once)
    return [one if isinstance(one, Exception) else Appended(done.state, done.version, one) for one in done.outcomes]


def make_journal(commits, seen: list[Commit] | None = None) -> Journal[Counter]:
    async def on_commit(commit: Commit, _: Counter) -> None:
        if seen is not None:
            seen.append(commit)

    return Journal(KIND, commits, FixedClock(), on_commit)
