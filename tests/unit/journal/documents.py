"""Documents that lose answers or are overtaken, and a decision that refuses."""

from shared.documents import MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.journal import Journal
from tests.counter import Counter, cause, count


class LostAnswers(MemoryDocuments):
    """The insert succeeds and its answer is lost."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def insert(self, document):
        await super().insert(document)
        if self.times:
            self.times -= 1
            raise Unavailable("database")


class Overtaken(MemoryDocuments):
    """Somebody else takes the version between our look and our insert."""

    rival: Journal[Counter] | None = None

    async def insert(self, document):
        rival, self.rival = self.rival, None
        if rival is not None:
            await rival.append("a", lambda _: count(10), cause("rival#1.1"))
        await super().insert(document)


def refuse(_: Counter):
    raise Refusal("non")
