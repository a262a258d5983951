"""What one fetch tells of many streams, appended a commit a stream."""

import asyncio
from typing import Generic

from shared.events import Cause
from shared.journal import Journal
from shared.journal.head import S
from shared.journal.lane import Decide


class Told(Generic[S]):
    """What was heard of the streams of a kind, and at which places."""

    def __init__(self) -> None:
        self._decisions: dict[str, list[tuple[int, Decide[S], Cause]]] = {}

    def add(self, key: str, place: int, decide: Decide[S], cause: Cause) -> None:
        self._decisions.setdefault(key, []).append((place, decide, cause))

    async def append_to(self, journal: Journal[S]) -> dict[int, Exception]:
        """Append it, a commit a stream; what was refused, by place."""

        async def append(key: str, told: list[tuple[int, Decide[S], Cause]]) -> dict[int, Exception]:
            decisions = [decide for _, decide, _ in told]
            done = await journal.append_all(key, [one for *_, one in told], lambda nth, state: decisions[nth](state))
            outcomes = zip(told, done.outcomes, strict=True)
            return {place: one for (place, *_), one in outcomes if isinstance(one, Exception)}

        failures = await asyncio.gather(*[append(key, told) for key, told in self._decisions.items()])
        return {place: failure for some in failures for place, failure in some.items()}
