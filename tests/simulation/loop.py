"""Time that passes only when nothing else can happen: an event loop whose every run is the same."""

import asyncio
import contextvars
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.counter import START

# The node that a task belongs to; tasks a node starts die with it.
NODE: contextvars.ContextVar[Any] = contextvars.ContextVar("node", default=None)


class NothingLeft(Exception):
    """Every task waits for something that will not come."""


class _Selector(selectors.SelectSelector):
    """Instead of waiting, time jumps to the next timer."""

    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def select(self, timeout: float | None = None):
        if timeout is None:
            raise NothingLeft
        self._pass_time(max(timeout, 0))
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Virtual seconds; no socket, no thread, no wall clock. Tasks are listed with the node that started them."""

    def __init__(self) -> None:
        self._seconds = 0.0
        super().__init__(_Selector(self._pass))
        self._clock_resolution = 1e-9
        self.set_task_factory(_owned_task)
        self.set_exception_handler(lambda *_: None)  # what ends a node ends its tasks; the checks find what is wrong

    def time(self) -> float:
        return self._seconds

    def _pass(self, seconds: float) -> None:
        self._seconds += seconds


def _owned_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> "asyncio.Task[Any]":
    task = asyncio.Task(coro, loop=loop, **options)
    node = NODE.get()
    if node is not None:
        node.tasks.append(task)
    return task


class SimulatedClock:
    """Starts at the opening of the campaign; clocks of several machines differ by what they are `off`."""

    off = timedelta()

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time()) + self.off
