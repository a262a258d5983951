"""Where time enters. Domain code never asks for it: it is passed in and recorded."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ClockFile:
    """The local stacks' stepped clock: real time plus the offset a file holds, `{"offset_seconds": …}`.

    Settings refuse it outside local environments (docs/adr/0006).
    """

    path: Path

    def now(self) -> datetime:
        offset = json.loads(self.path.read_text())["offset_seconds"]
        return datetime.now(UTC) + timedelta(seconds=offset)


def clock(file: Path | None) -> Clock:
    """The stepped clock of a local stack where there is one, the machine's otherwise."""
    return ClockFile(file) if file else SystemClock()
