"""Can the suite fail? `python -m tests.mutants`: takes one guard away at a time and expects a test to go red.

Works on a copy of the tree; prints a line a guard and exits 1 when one was not missed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.guards import GUARDS, Guard

ROOT = Path(__file__).parents[1]
COPIED = ("services", "shared", "deploy", "tests", "pyproject.toml")
SUITES = (
    "tests/unit/envelope",
    "tests/unit/journal",
    "tests/unit/test_deciding.py",
    "tests/unit/test_verify_wholly.py",
    "tests/unit/relay",
    "tests/unit/outbox",
    "tests/unit/snapshots",
    "tests/handlers",
    "tests/simulation",
)
RUN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    guard: Guard
    red: str

    @property
    def missed(self) -> bool:
        return bool(self.red)


def try_without(guard: Guard, tree: Path) -> Outcome:
    """Run the suites on `tree` without the guard, then put it back."""
    file = tree / guard.file
    original = file.read_text()
    assert original.count(guard.text) == 1, f"{guard.name}: its text is no longer in {guard.file}"
    file.write_text(original.replace(guard.text, guard.without))
    try:
        return Outcome(guard, first_red(tree))
    finally:
        file.write_text(original)


def first_red(tree: Path) -> str:
    """The first test that fails, or nothing; suite after suite, so that one that cannot even be read hides no test."""
    return next(filter(None, (_first_red_of(suite, tree) for suite in SUITES)), "")


def _first_red_of(suite: str, tree: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", suite]
    # No bytecode: a file changed twice within a second would be run as it was before.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    if done.returncode == 0:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the guards whose name holds one of these")
    words = parser.parse_args().words
    guards = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, tree / name)
        assert first_red(tree) == "", "the suites are red before anything is taken away"
        outcomes = [try_without(guard, tree) for guard in guards]
    table = Table("guard taken away", "in", "first test that goes red")
    for outcome in outcomes:
        table.add_row(outcome.guard.name, outcome.guard.file, outcome.red or "NONE")
    Console(width=220).print(table)
    raise SystemExit(0 if all(outcome.missed for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
