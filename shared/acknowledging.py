"""Telling the broker what a group has handled, beside whatever it handles next (docs/adr/0002)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaMessage

from shared import crash
from shared.crash import Step
from shared.together import looked_at

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 3.0


class Acknowledging:
    """One acknowledgement at a time. Who dies before it is done is given what it tells of once more, besides what comes
    next, and drops it as seen.

    `turn` is also taken by whoever has messages read again, so that neither undoes the other.
    """

    def __init__(self, group: str, beside: Callable[[], Awaitable[None]]) -> None:
        """`beside` is done at the same time."""
        self.turn = asyncio.Lock()
        self._group = group
        self._beside = beside
        self._last: asyncio.Future[Any] | None = None
        self._leaving = False

    async def begin(self, message: KafkaMessage) -> None:
        """Return while it is under way. `message` was handled, and so was all that was read before it."""
        await self.turn.acquire()
        self._last = asyncio.gather(self._acknowledge(message), self._beside())
        self._last.add_done_callback(self._over)
        # It takes down how far was read as it begins, which is now: after this more may be read.
        await asyncio.sleep(0)
        if self._leaving:
            await self._last

    async def settle(self) -> None:
        """Wait a little for the one under way, and from here on wholly for each: the group is about to be left."""
        self._leaving = True
        if self._last is not None:
            await asyncio.wait([self._last], timeout=SETTLE_SECONDS)

    def _over(self, last: asyncio.Future[Any]) -> None:
        self.turn.release()
        looked_at(last)  # a loop that ends cancels what is under way

    async def _acknowledge(self, message: KafkaMessage) -> None:
        crash.reached(Step.BEFORE_ACK)
        try:
            await message.ack()
        except KafkaError as error:
            # The group moved on or the broker went away: the messages come again and are dropped as seen.
            log.warning("ack_failed", group=self._group, error=type(error).__name__)
        except Exception as error:
            log.error("ack_failed", group=self._group, error=type(error).__name__, exc_info=True)
