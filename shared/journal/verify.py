"""Recompute every hash and look for gaps: `python -m shared.journal.verify --url … --database …` (read-only)."""

import argparse
import asyncio
import json
import os
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from shared.documents import Database
from shared.journal.commit import GENESIS_HASH, Commit


@dataclass(frozen=True, slots=True)
class Fault:
    """The first commit of a stream that is wrong, what was expected and what is there."""

    commit: str
    check: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.commit} : {self.check} — attendu {self.expected}, trouvé {self.found}"


@dataclass(slots=True)
class Report:
    """What was read: streams, commits, events, and each stream's first fault."""

    streams: int = 0
    commits: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.faults


@dataclass(slots=True)
class _Tail:
    version: int = 0
    hash: str = GENESIS_HASH
    broken: bool = False


async def verify(documents: AsyncIterable[dict[str, Any]]) -> Report:
    """Check commits given in version order (streams may be interleaved)."""
    tails: dict[str, _Tail] = {}
    report = Report()
    async for document in documents:
        commit = Commit.from_document(document)
        tail = tails.setdefault(commit.stream, _Tail())
        report.commits += 1
        if tail.broken:
            continue
        fault = _fault(commit, document["_id"], tail)
        if fault is not None:
            report.faults.append(fault)
            tail.broken = True
            continue
        # Counted without decoding: a verifier need not know the events of every service.
        report.events += sum(len(entry["events"]) for entry in json.loads(commit.entries))
        tail.version, tail.hash = commit.version, commit.hash
    report.streams = len(tails)
    return report


def _fault(commit: Commit, key: str, tail: _Tail) -> Fault | None:
    checks = (
        ("identifiant", commit.key, key),
        ("version", str(tail.version + 1), str(commit.version)),
        ("chaînage", tail.hash, commit.prev_hash),
        ("empreinte", commit.computed_hash(), commit.hash),
    )
    for check, expected, found in checks:
        if expected != found:
            return Fault(key, check, expected, found)
    return None


async def verify_database(url: str, database: str) -> Report:
    """Verify the journal of one service's database."""
    opened = Database(url, database)
    try:
        return await verify(opened.collection("journal").find({}, sort=[("version", 1)]))
    finally:
        opened.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Vérifie les journaux d'une base, en lecture seule.")
    parser.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parser.add_argument("--database", required=True)
    arguments = parser.parse_args()
    if not arguments.url:
        parser.error("--url ou ALS_MONGO_URL est nécessaire")
    report = asyncio.run(verify_database(arguments.url, arguments.database))
    print(f"{arguments.database} : {report.streams} flux, {report.commits} inscriptions, {report.events} faits")
    for fault in report.faults:
        print(f"  FAUX {fault}")
    raise SystemExit(0 if report.clean else 1)


if __name__ == "__main__":
    main()
