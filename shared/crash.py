"""Labelled steps where a test may have the process killed, to prove that what follows loses and doubles nothing.

Armed by `ALS_CRASH_AT` in local environments only (settings refuse it elsewhere).
"""

import os
import signal
from enum import StrEnum


class Step(StrEnum):
    BEFORE_INSERT = "before-insert"
    AFTER_INSERT = "after-insert"
    BEFORE_PUBLISH = "before-publish"
    AFTER_PUBLISH = "after-publish"
    BEFORE_ACK = "before-ack"


_armed: Step | None = None


def arm(step: Step | None) -> None:
    """Die, as by kill -9, the next time `step` is reached."""
    global _armed  # noqa: PLW0603 (one process, one crash)
    _armed = step


def reached(step: Step) -> None:
    if step is _armed:
        os.kill(os.getpid(), signal.SIGKILL)
