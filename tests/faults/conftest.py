"""A stack of its own for every fault, and the table at the end: fault, outcome, recovery time."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.real import RealStack
from deploy.local.services import Services
from tests.faults.drill import Drill, Row
from tests.platform import Platform, Visit

ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RealStack]:
    with RealStack(tmp_path / "stack") as stack:
        yield stack


@pytest.fixture
def platform(stack: RealStack) -> Iterator[Platform]:
    with Services(stack) as services:
        running = Platform(stack, services)
        running.open_campaign()
        yield running


@pytest.fixture
async def drill(visit: Visit, request: pytest.FixtureRequest) -> AsyncIterator[Drill]:
    """Named by the test: its sentence, and its parameters."""
    sentence = request.node.name.removeprefix("test_").replace("_", " ")
    row = Row(sentence)
    request.config.stash[ROWS].append(row)
    made = Drill(visit, row)
    yield made
    await made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("faults")
    lines = [("fault", "outcome", "recovery")]
    for row in rows:
        took = "—" if row.seconds is None else f"{row.seconds:.1f} s from {row.counted_from}"
        lines.append((row.fault, row.outcome, took))
    widths = [max(len(line[place]) for line in lines) for place in range(3)]
    for line in lines:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
