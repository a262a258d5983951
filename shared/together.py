"""Many small requests as few large ones: what comes while one is under way waits and goes out together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
# What became of one item: nothing to say, or what its caller is to be told.
Outcome = Exception | None


class Together(Generic[T]):
    """`send` gets at most `limit` items, of which no two have the same key, in the order they came; it returns one
    outcome an item, or raises for all of them. A lone item goes at once.
    """

    def __init__(
        self, send: Callable[[list[T]], Awaitable[list[Outcome]]], key: Callable[[T], str], limit: int
    ) -> None:
        self._send = send
        self._key = key
        self._limit = limit
        self._waiting: deque[tuple[T, asyncio.Future[None]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Returns when it was sent. Raises: its outcome, or what `send` raised."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        await answer

    async def _work(self) -> None:
        while self._waiting:
            batch = self._next()
            try:
                outcomes = await self._send([item for item, _ in batch])
                assert len(outcomes) == len(batch), "one outcome an item"
            except BaseException as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                if answer.done():
                    continue
                if outcome is None:
                    answer.set_result(None)
                else:
                    answer.set_exception(outcome)

    def _next(self) -> list[tuple[T, asyncio.Future[None]]]:
        batch, keys = list[tuple[T, asyncio.Future[None]]](), set[str]()
        while self._waiting and len(batch) < self._limit and self._key(self._waiting[0][0]) not in keys:
            keys.add(self._key(self._waiting[0][0]))
            batch.append(self._waiting.popleft())
        return batch
