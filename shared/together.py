"""Many small requests as few large ones: what comes while one is under way waits and goes out together. And how work
that is not needed any more ends.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CANCELLATIONS = 3
CANCELLED_AGAIN_SECONDS = 1.0


def looked_at(done: "asyncio.Future[Any]") -> None:
    """What came of it is no matter to anybody, or was told elsewhere: asyncio need not say that nobody asked."""
    if not done.cancelled():
        done.exception()


def let_go(asked: "asyncio.Future[Any]") -> None:
    """What was asked for is not needed any more, whatever came of it."""
    asked.add_done_callback(looked_at)
    asked.cancel()


async def ended(tasks: Iterable["asyncio.Task[Any]"]) -> set["asyncio.Task[Any]"]:
    """Cancel tasks until they have ended, and return those that will not. Some libraries swallow a cancellation that
    comes as they close something, and `asyncio.wait_for` did before Python 3.12 when what it waited for was just done.
    """
    left = set(tasks)
    for _ in range(CANCELLATIONS):
        if not left:
            break
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=CANCELLED_AGAIN_SECONDS)
        for task in done:
            looked_at(task)
    return left


class Together(Generic[T, R]):
    """`send` gets at most `limit` items in the order they came, of which no two have the same `key` if that is given;
    it returns one answer an item (an exception is raised where the item was added), or raises for all of them. A lone
    item goes at once.
    """

    def __init__(
        self, send: Callable[[list[T]], Awaitable[Sequence[R | Exception]]], key: Callable[[T], str] | None, limit: int
    ) -> None:
        self._send = send
        self._key = key
        self._limit = limit
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """Returns when it was sent. Raises: its answer, or what `send` raised."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch = self._next()
            try:
                answers = await self._send([item for item, _ in batch])
                assert len(answers) == len(batch), "one answer an item"
            except BaseException as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, answer), given in zip(batch, answers, strict=True):
                if answer.done():
                    continue
                if isinstance(given, Exception):
                    answer.set_exception(given)
                else:
                    answer.set_result(given)

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch, keys = list[tuple[T, asyncio.Future[R]]](), set[str]()
        while self._waiting and len(batch) < self._limit:
            if self._key is not None:
                key = self._key(self._waiting[0][0])
                if key in keys:
                    break
                keys.add(key)
            batch.append(self._waiting.popleft())
        return batch
