"""How far the answers of intake have been read, learnt from looks at the broker (docs/adr/0016)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

Offsets = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What the topic held at a moment: by partition, the offset after its last message."""

    at: datetime
    ends: Offsets

    def handled_by(self, handled: Offsets) -> bool:
        return all(handled.get(partition, 0) >= end for partition, end in self.ends.items())


@dataclass(frozen=True, slots=True)
class Reading:
    """`read_until`: what the topic held at that moment is handled. `reachable_since`: no look failed from then on.
    `target` is an earlier look that handling has not reached yet.
    """

    reachable_since: datetime | None = None
    read_until: datetime | None = None
    target: Look | None = None

    def looked(self, at: datetime, ends: Offsets, handled: Offsets) -> "Reading":
        """After a look; under steady traffic handling is always a little behind, so earlier looks count too."""
        reading = replace(self, reachable_since=self.reachable_since or at)
        now = Look(at, ends)
        if now.handled_by(handled):
            return replace(reading, read_until=at, target=None)
        if self.target is None:
            return replace(reading, target=now)
        if self.target.handled_by(handled):
            return replace(reading, read_until=self.target.at, target=now)
        return reading

    def settled(self, settling: timedelta) -> datetime | None:
        """The moment up to which every answer lodged is read: the bus has been reachable ever since, long enough
        (`settling`) for intake to have published what it had recorded. None while that is not known.
        """
        if self.read_until is None or self.reachable_since is None:
            return None
        moment = self.read_until - settling
        return moment if moment >= self.reachable_since else None
