"""What a process knows of a stream: the fold of its commits and what they say of themselves."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar, runtime_checkable

from shared.journal.commit import GENESIS_HASH, Commit
from shared.journal.entries import Alike, Piece, Said
from shared.journal.pages import PageNeeded
from shared.journal.table import Table


class State(Protocol):
    """What a stream folds to; immutable."""

    def fold(self, event: Any) -> Self: ...


@runtime_checkable
class FoldsAlike(Protocol):
    """A state that has a faster way for many events of some classes, and None for the others; the same comes out."""

    def fold_alike(self, alike: Alike) -> Self | None: ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class StreamKind(Generic[S]):
    """A family of streams: `{name}:{key}`, what they fold from, and the topics their events are published to."""

    name: str
    initial: S
    topics: frozenset[str] = frozenset()

    def stream(self, key: str) -> str:
        return f"{self.name}:{key}"


def folded(state: S, pieces: Sequence[Piece]) -> S:
    """What a state becomes by events."""
    for piece in pieces:
        if not isinstance(piece, Alike):
            state = state.fold(piece)
            continue
        at_once = state.fold_alike(piece) if isinstance(state, FoldsAlike) else None
        state = folded(state, piece.events()) if at_once is None else at_once
    return state


def _folding(state: S, pieces: Sequence[Piece]) -> Generator[PageNeeded, None, S]:
    """Event after event, going on where a page came: a commit may look at a page an event."""
    for piece in pieces:
        for event in piece.events() if isinstance(piece, Alike) else (piece,):
            while True:
                try:
                    state = state.fold(event)
                    break
                except PageNeeded as needed:
                    yield needed
    return state


class PageLost(Exception):
    """What a state rests on is no longer stored: the stream is folded anew."""


class Handled(NamedTuple):
    """That an event was handled; its id is the row's key."""

    @classmethod
    def of(cls, _: Sequence[Any]) -> "Handled":
        return HANDLED


HANDLED = Handled()
NOTHING_HANDLED = Table(Handled)


@dataclass(slots=True)
class Head(Generic[S]):
    """A stream as this process knows it.

    `generation` names the snapshot its tables rest on, of version `kept`. `begun` is the version at which one was last
    begun, and `fresh` counts the events since.
    """

    state: S
    version: int = 0
    hash: str = GENESIS_HASH
    handled: Table[Handled] = field(default_factory=lambda: NOTHING_HANDLED)
    sequences: dict[str, int] = field(default_factory=dict)
    generation: str = ""
    kept: int = 0
    begun: int = 0
    fresh: int = 0

    def apply(self, commit: Commit, kind: StreamKind[S]) -> None:
        """Fold the next commit of a stream that is wholly in memory."""
        for needed in self.applying(commit, kind):
            raise needed

    def applying(self, commit: Commit, kind: StreamKind[S]) -> Iterator[PageNeeded]:
        """Fold the next commit, wholly when this ends; what it tells must be fetched before it is asked on."""
        assert commit.version == self.version + 1, f"gap in {commit.stream} at {commit.version}"
        assert commit.prev_hash == self.hash, f"broken chain in {commit.stream} at {commit.version}"
        said = commit.said()
        try:
            state = folded(self.state, said.pieces)
        except PageNeeded:
            state = yield from _folding(self.state, said.pieces)
        self.advance(commit, said, state, kind)

    def advance(self, commit: Commit, said: Said, state: S, kind: StreamKind[S]) -> None:
        """Move to a commit whose events fold to `state`."""
        for cls, count in said.counts().items():
            self.fresh += count
            if cls.topic in kind.topics:
                self.sequences[cls.topic] = self.sequences.get(cls.topic, 0) + count
        self.handled = self.handled.add_all(dict.fromkeys(said.causes, HANDLED))
        self.state, self.version, self.hash = state, commit.version, commit.hash

    def forget(self, kind: StreamKind[S]) -> None:
        """Know nothing of the stream again."""
        fresh = Head(kind.initial)
        for name in Head.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))
