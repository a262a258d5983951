"""Whether a service's topics still hold what they were sent; one that was deleted, or lost, is filled again.

They keep everything, so the moment of a partition's first message says which topic it is: it is kept in the service's
database, for whichever process looks next, with a mark while a topic is being filled again (docs/adr/0019).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from shared.documents import Document, Documents
from shared.ids import new_id

# Topic and partition.
Place = tuple[str, int]
# The offset of the first message and the one after the last.
Span = tuple[int, int]
# When a partition's first message was sent, in milliseconds, and the offset after its last; empty ones are left out.
# None where the first messages are gone: which topic it is cannot be told then, and it is taken for the one it was.
Held = Mapping[Place, tuple[int | None, int]]
Look = Callable[[set[str]], Awaitable[Held]]


class Filled:
    """What is kept of topics, and what this process has seen of them. Every method raises Unavailable."""

    def __init__(self, documents: Documents, look: Look) -> None:
        self._documents = documents
        self._look = look
        self.lost = set[str]()
        self._filling = set[str]()
        self._marks = dict[str, str]()
        # The places this process has compared with what is kept, and where they ended by what it sent.
        self._known = set[Place]()
        self._ends = dict[Place, int]()

    async def remember(self) -> None:
        """Topics whose filling was cut short."""
        self._marks |= {row["_id"]: row["topic"] for row in await self._rows() if "lost" in row}
        self.lost |= set(self._marks.values())

    async def check(self) -> None:
        """See which topics have lost something; one that does not answer, as a missing one, hides no other."""
        filling = set(self._filling)  # one that is whole by the time of the answer is not what is kept of it now
        kept = await self._kept()
        self._known &= kept.keys()  # others may have taken back what was empty: what is sent there next is kept again
        topics = sorted({topic for topic, _ in kept} - filling)
        answers = await asyncio.gather(*[self._look({topic}) for topic in topics], return_exceptions=True)
        failures = list[BaseException]()
        for topic, held in zip(topics, answers, strict=True):
            if isinstance(held, BaseException):
                failures.append(held)
            else:
                self._compare({place: began for place, began in kept.items() if place[0] == topic}, held)
        if failures:
            raise failures[0]

    async def sent(self, spans: Mapping[Place, Span]) -> None:
        """Something came to lie there: before the end of what was sent earlier, when that was lost."""
        self.lost |= {place[0] for place, (first, _) in spans.items() if first < self._ends.get(place, 0)}
        self._ends |= {place: end for place, (_, end) in spans.items()}
        new = {topic for topic, _ in spans.keys() - self._known} - self._filling
        if new:
            kept, held = await self._kept(), await self._look(new)
            self._compare({place: began for place, began in kept.items() if place[0] in new}, held)
            await self._keep({place: held[place][0] for place in held.keys() - kept.keys()})
            self._known |= set(held)

    async def begin_filling(self, topics: Iterable[str]) -> None:
        """Mark topics that will be whole when they are filled again, and not before."""
        lost = set(topics)
        self.lost |= lost  # until the marks are there
        marks = {f"{topic}|lost|{new_id()}": topic for topic in sorted(lost - set(self._marks.values()))}
        await self._put([{"_id": mark, "topic": topic, "lost": True} for mark, topic in marks.items()])
        self._marks |= marks
        self._ends = {place: end for place, end in self._ends.items() if place[0] not in lost}
        self._filling |= lost
        self.lost -= lost

    async def end_filling(self, topics: Iterable[str], *, whole: bool) -> None:
        """They hold everything again, if it was done `whole` and they lost nothing meanwhile."""
        filling = set(topics)
        self._filling -= filling
        if not whole:
            self.lost |= filling
            return
        try:
            kept, held = await self._kept(), await self._look(filling)
            # What stays empty now, as after a change of the number of partitions, would be missed for ever.
            empty = {place for place in kept if place[0] in filling and place not in held}
            if empty:
                await asyncio.gather(*[self._documents.remove(_row_key(place)) for place in empty])
                self._known -= empty
                # Another process may have kept one of them since that look; what it sent is there by now.
                held = await self._look(filling)
            nothing = (0, 0)
            short = {place[0] for place, end in self._ends.items() if held.get(place, nothing)[1] < end}
            self.lost |= filling & short
            done = filling - self.lost
            await self._keep({place: began for place, (began, _) in held.items() if place[0] in done})
            marks = [mark for mark, topic in self._marks.items() if topic in done]
            await asyncio.gather(*[self._documents.remove(mark) for mark in marks])
        except BaseException:
            self.lost |= filling
            raise
        for mark in marks:
            del self._marks[mark]

    def _compare(self, kept: Mapping[Place, int], held: Held) -> None:
        missing = (0, 0)
        other = {place[0] for place, one in kept.items() if held.get(place, missing)[0] not in (one, None)}
        self.lost |= other - self._filling

    async def _kept(self) -> dict[Place, int]:
        return {(row["topic"], row["partition"]): row["began"] for row in await self._rows() if "began" in row}

    async def _keep(self, began: Mapping[Place, int | None]) -> None:
        await self._put(
            [
                {"_id": _row_key(place), "topic": place[0], "partition": place[1], "began": one}
                for place, one in began.items()
                if one is not None
            ]
        )

    async def _rows(self) -> list[Document]:
        return [row async for row in self._documents.find({})]

    async def _put(self, rows: Iterable[Document]) -> None:
        await asyncio.gather(*[self._documents.put(row) for row in rows])


def _row_key(place: Place) -> str:
    return f"{place[0]}|{place[1]}"
