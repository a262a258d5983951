"""What a commit under way is made of: decision after decision, each on what those before it decided."""

from typing import Generic

from shared.events import Cause, Event
from shared.journal.entries import Entry
from shared.journal.head import Head, S, folded
from shared.journal.lane import Decide, Request


class Deciding(Generic[S]):
    """Entries to record, each decision's events or refusal, and the state after. A step that raises changes nothing."""

    def __init__(self, head: Head[S]) -> None:
        self._head = head
        self._handled: set[str] = set()
        self.state = head.state
        self.entries: list[Entry] = []
        self.outcomes: list[tuple[Event, ...] | Exception] = []

    def step(self, decide: Decide[S], cause: Cause) -> None:
        """Raises: whatever `decide` raises, PageNeeded among it."""
        causation = cause.causation
        if causation is not None and (causation in self._head.handled or causation in self._handled):
            self.outcomes.append(())
            return
        events = tuple(decide(self.state))
        if events:
            self.state = folded(self.state, events)
            if causation is not None:
                self._handled.add(causation)
            self.entries.append(Entry(cause, events))
        self.outcomes.append(events)

    def at_once(self, request: Request[S]) -> bool:
        """Whether all of a request were taken in one step. Raises: PageNeeded."""
        causes = request.causes
        ids = {cause.causation for cause in causes if cause.causation is not None}
        if len(ids) < len(causes) or not self._handled.isdisjoint(ids) or self._head.handled.has_any(ids):
            return False
        assert request.at_once is not None, "who asks has looked"
        taken = request.at_once(self.state)
        if taken is None:
            return False
        events, state = taken
        assert len(events) == len(causes), "one event a decision"
        alone = [(event,) for event in events]
        self.state = state
        self._handled |= ids
        self.entries += map(Entry, causes, alone)
        self.outcomes += alone
        return True
