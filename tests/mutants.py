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

ROOT = Path(__file__).parents[1]
COPIED = ("services", "shared", "deploy", "tests", "pyproject.toml")
SUITES = (
    "tests/unit/envelope",
    "tests/unit/journal",
    "tests/unit/test_deciding.py",
    "tests/unit/relay",
    "tests/unit/outbox",
    "tests/unit/test_snapshots.py",
    "tests/handlers",
    "tests/simulation",
)
RUN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that must be there: the text that holds it and the text without it."""

    name: str
    file: str
    text: str
    without: str


GUARDS = (
    Guard(
        "duplicate key read back",
        "shared/journal/journal.py",
        'return stored is not None and stored["hash"] == commit.hash',
        "return stored is not None",
    ),
    Guard(
        "exit of a writer that meets another's commit",
        "services/envelope/writer.py",
        "        if campaign_id in self._taken:\n",
        "        if False:\n",
    ),
    Guard(
        "epoch commit",
        "services/envelope/writer.py",
        "        if ledger.writer == self.id:\n",
        "        if True:\n",
    ),
    Guard(
        "inbox check by causation",
        "shared/journal/deciding.py",
        "if causation is not None and (causation in self._head.handled or causation in self._handled):",
        "if False:",
    ),
    Guard(
        "look at what was handled before a run is taken at once",
        "shared/journal/deciding.py",
        " or self._head.handled.has_any(ids)",
        "",
    ),
    Guard(
        "look at what the same commit handles before a run is taken at once",
        "shared/journal/deciding.py",
        "not self._handled.isdisjoint(ids) or ",
        "",
    ),
    Guard(
        "cause that comes twice in a run taken at once",
        "shared/journal/deciding.py",
        "len(ids) < len(causes) or ",
        "",
    ),
    Guard(
        "causes of a run taken at once kept for those behind it",
        "shared/journal/deciding.py",
        "        self._handled |= ids\n",
        "",
    ),
    Guard(
        "order of a run taken at once",
        "services/envelope/domain/decisions.py",
        "if not in_order or ",
        "if ",
    ),
    Guard(
        "room for a run taken at once",
        "services/envelope/domain/decisions.py",
        " or sum(amounts) > ledger.available_cents:",
        ":",
    ),
    Guard(
        "amounts of a run taken at once",
        "services/envelope/domain/decisions.py",
        "min(amounts) <= 0 or ",
        "",
    ),
    Guard(
        "dossiers of a run taken at once",
        "services/envelope/domain/decisions.py",
        "    if len(set(names)) < len(names) or ledger.reservations.has_any(names):\n",
        "    if False:\n",
    ),
    Guard(
        "those who wait before a run taken at once",
        "services/envelope/domain/decisions.py",
        "not asked or ledger.waiting or ledger.held or ledger.voided:",
        "not asked:",
    ),
    Guard(
        "epoch before a run taken at once",
        "services/envelope/writer.py",
        "ours = ledger.writer == self.id and not",
        "ours = not",
    ),
    Guard(
        "rules due before a run taken at once",
        "services/envelope/writer.py",
        " and not ledger.scheduled and",
        " and",
    ),
    Guard(
        "interruptions due before a run taken at once",
        "services/envelope/writer.py",
        "self.id and not ledger.scheduled and not ledger.interruptions",
        "self.id and not ledger.scheduled",
    ),
    Guard(
        "order gate of the inbox",
        "shared/places.py",
        "return Order.NEXT if sequence == position + 1 else Order.EARLY",
        "return Order.NEXT",
    ),
    Guard(
        "order gate of the ledger",
        "services/envelope/domain/decisions.py",
        "    if number > ledger.decided + 1:\n",
        "    if False:\n",
    ),
    Guard(
        "cap check at reserve",
        "services/envelope/domain/decisions.py",
        "if amount <= ledger.available_cents and not behind:",
        "if not behind:",
    ),
    Guard(
        "cap asserted at every event",
        "services/envelope/domain/ledger.py",
        "        assert folded.reserved_cents + folded.committed_cents <= folded.cap_cents, type(event).__name__\n",
        "",
    ),
    Guard(
        "cap asserted in a run of reservations",
        "services/envelope/domain/ledger.py",
        '        assert reserved + self.committed_cents <= self.cap_cents, "Reserved"\n',
        "",
    ),
    Guard(
        "announcement before a commit",
        "shared/journal/journal.py",
        "            await self._outbox.begin(commit.stream, commit.version)\n",
        "            pass\n",
    ),
    Guard(
        "a topic that ends before what was sent to it",
        "shared/journal/filled.py",
        "if first < self._ends.get(place, 0)}",
        "if first < 0}",
    ),
    Guard(
        "a topic that began otherwise than it is known to have",
        "shared/journal/filled.py",
        "if held.get(place, missing)[0] not in (one, None)}",
        "if False}",
    ),
    Guard(
        "mark of a topic that is being filled",
        "shared/journal/filled.py",
        'await self._put([{"_id": mark, "topic": topic, "lost": True} for mark, topic in marks.items()])',
        "pass",
    ),
    Guard(
        "reading again of a topic that began otherwise",
        "shared/origins.py",
        "            await self._reader.rewind(other)\n",
        "",
    ),
    Guard(
        "announcement of a process that stands still",
        "shared/journal/relay.py",
        "            await self._follow_abandoned()\n",
        "            pass\n",
    ),
    Guard(
        "announcement on its way is no orphan",
        "shared/journal/outbox.py",
        " | {self._coming}",
        "",
    ),
    Guard(
        "what is done is forgotten before its announcement is removed",
        "shared/journal/outbox.py",
        "            del self._mine[one.stream]\n",
        "            pass\n",
    ),
    Guard(
        "passed places that could not be removed",
        "shared/places.py",
        "            self._passed += passed\n",
        "            pass\n",
    ),
    Guard(
        "announcement kept until every stream it tells of was followed",
        "shared/journal/relay.py",
        " or None in ends.values()",
        "",
    ),
    Guard(
        "snapshot checked against the journal",
        "shared/journal/snapshots.py",
        'if commit is None or commit["hash"] != kept.head.hash:',
        "if commit is None:",
    ),
    Guard(
        "hash check",
        "shared/journal/verify.py",
        '        ("empreinte", commit.computed_hash(), commit.hash),\n',
        "",
    ),
    Guard(
        "what no relay can follow told as backlog",
        "shared/journal/relay.py",
        "            self._stuck[stream] = self._looks\n",
        "",
    ),
    Guard(
        "partition whose first messages are gone not read again",
        "shared/origins.py",
        "None if starts[one] else moment for one, moment",
        "moment for one, moment",
    ),
    Guard(
        "last look at what was empty after a filling",
        "shared/journal/filled.py",
        "                held = await self._look(filling)\n",
        "",
    ),
)


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
