"""Steps the local stacks' clock: real time plus an offset in a file (docs/adr/0006), and what the day brings."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from deploy.local import freeze_register
from shared.calendar import PARIS
from shared.clock import ClockFile


class BackwardStep(Exception):
    """The clock only goes forward."""


def start_at(path: Path, instant: datetime) -> None:
    """Set a new clock; one that exists goes on as it is, so a second run continues where the first ended."""
    if not path.exists():
        _write(path, (instant - datetime.now(UTC)).total_seconds())
    _publish(path)


def step_to(path: Path, instant: datetime) -> None:
    """Raises: BackwardStep."""
    if instant < ClockFile(path).now():
        raise BackwardStep(instant.isoformat())
    _write(path, (instant - datetime.now(UTC)).total_seconds())
    _publish(path)


def _publish(path: Path) -> None:
    """The register of asset freezes as of today, beside the clock."""
    freeze_register.publish(path.parent, ClockFile(path).now().astimezone(PARIS).date())


def _write(path: Path, offset_seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"offset_seconds": offset_seconds}))
    os.replace(fresh, path)
