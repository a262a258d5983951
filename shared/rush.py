"""Who waits for an answer first: on an opening minute a service tells others a little later (docs/adr/0019)."""

import asyncio
from contextlib import suppress
from types import TracebackType

# So many answers awaited at once are a rush, until there are fewer for so long.
RUSH_REQUESTS = 8
CALM_SECONDS = 0.05
# What gives way to a rush does so no longer; one that lasts shares with it from then on.
MAX_SECONDS = 2.0


async def no_rush() -> None:
    """There is nobody to give way to."""


class Rush:
    """Entered by what somebody waits for; what nobody waits for lets its beginning pass."""

    def __init__(self) -> None:
        self._awaited = 0
        self._until = 0.0
        self._over = asyncio.Event()
        self._over.set()
        self._ending: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._awaited += 1
        if self._awaited < RUSH_REQUESTS:
            return
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._over.is_set():
            self._over.clear()
            self._until = asyncio.get_running_loop().time() + MAX_SECONDS

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._awaited -= 1
        if self._awaited < RUSH_REQUESTS and not self._over.is_set() and self._ending is None:
            self._ending = asyncio.get_running_loop().call_later(CALM_SECONDS, self._end)

    async def passed(self) -> None:
        """Wait until a rush is over, MAX_SECONDS from its beginning at most."""
        left = self._until - asyncio.get_running_loop().time()
        if not self._over.is_set() and left > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._over.wait()

    def _end(self) -> None:
        self._ending = None
        self._over.set()
