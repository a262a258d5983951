"""Recompute what a journal says of itself: hashes, chain, gaps, counts, causes, and what its streams fold to.

`python -m shared.journal.verify --url … --database …` reads one database and knows no service; deploy/audit knows all
five and checks their views, snapshots and time stamps too. Both only read.
"""

import argparse
import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.documents import Database, Documents
from shared.journal import entries
from shared.journal.commit import GENESIS_HASH, UNREADABLE, Commit, canonical_json, readable
from shared.journal.faults import Broken, Fault
from shared.journal.head import Head, StreamKind

# What a stream must be at one of its versions.
Probe = Callable[[Head[Any]], Fault | None]


def nothing_more(_: Any) -> Iterable[Broken]:
    return ()


@dataclass(frozen=True, slots=True)
class Known:
    """A kind of stream that verification may fold; `broken` looks at the state a stream ends with. Where one process at
    a time may write, `epoch` is what the state says its epoch is.
    """

    kind: StreamKind[Any]
    broken: Callable[[Any], Iterable[Broken]] = nothing_more
    epoch: Callable[[Any], int] | None = None


@dataclass(slots=True)
class Report:
    """What was read: streams, commits, events, each stream's first fault, and the heads of what could be folded.

    `causes` are the events decisions followed, with the commit that says so and when it was recorded.
    """

    streams: int = 0
    commits: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)
    heads: dict[str, Head[Any]] = field(default_factory=dict)
    sizes: dict[str, list[int]] = field(default_factory=dict)
    causes: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not self.faults

    def holds(self, message_id: str) -> bool:
        """Whether an event's id (`stream#version.position`) names one that was read."""
        stream, _, place = message_id.rpartition("#")
        version, _, position = place.partition(".")
        sizes = self.sizes.get(stream, [])
        return int(version) <= len(sizes) and int(position) <= sizes[int(version) - 1]


@dataclass(slots=True)
class _Tail:
    version: int = 0
    hash: str = GENESIS_HASH
    epoch: int = 0
    closed: bool = False


class Verifier:
    """Takes the commits of a database, each stream's in version order, and tells what is wrong.

    Streams of a `known` kind are folded. With `until`, each stream ends before its first commit recorded later.
    """

    def __init__(self, known: Mapping[str, Known] | None = None, until: datetime | None = None) -> None:
        self._known = known or {}
        self._until = until
        self._tails: dict[str, _Tail] = {}
        self._probes: dict[str, dict[int, list[Probe]]] = {}
        self.report = Report()

    def expect(self, stream: str, version: int, probe: Probe) -> None:
        """Look at a stream at one of its versions; a version that never comes is a fault."""
        self._probes.setdefault(stream, {}).setdefault(version, []).append(probe)

    def take(self, document: Mapping[str, Any]) -> None:
        try:
            commit = Commit.from_document(document)
        except UNREADABLE as error:
            unread = Fault(document["_id"], "lecture", "une inscription", f"{type(error).__name__}: {error}")
            self.report.faults.append(unread)
            self._tails.setdefault(document["_id"].rpartition("#")[0], _Tail()).closed = True
            return
        tail = self._tails.setdefault(commit.stream, _Tail())
        if self._until is not None and datetime.fromisoformat(commit.recorded_at) > self._until:
            tail.closed = True
        if tail.closed:
            return
        self.report.commits += 1
        fault = _link_fault(commit, document["_id"], tail) or self._fold_fault(commit)
        if fault is not None:
            self.report.faults.append(fault)
            tail.closed = True
            return
        size = entries.size(commit.entries)
        self.report.events += size
        self.report.sizes.setdefault(commit.stream, []).append(size)
        tail.version, tail.hash, tail.epoch = commit.version, commit.hash, commit.epoch
        self._probe(commit.stream, commit.version)

    def finish(self) -> Report:
        """What whole streams must be, and what was expected and never came."""
        self.report.streams = len(self._tails)
        broken = {fault.commit.rpartition("#")[0] for fault in self.report.faults}
        for stream, head in self.report.heads.items():
            if stream not in broken:
                found = self._known[_kind(stream)].broken(head.state)
                where = f"{stream}#{head.version}"
                self.report.faults += [Fault(where, one.check, one.expected, one.found) for one in found]
        for stream, versions in self._probes.items():
            if stream not in broken and self._until is None:
                last = self._tails[stream].version if stream in self._tails else 0
                self.report.faults += [
                    Fault(f"{stream}#{version}", "inscription", "présente", f"le flux finit à {last}")
                    for version in sorted(versions)
                ]
        return self.report

    def _probe(self, stream: str, version: int) -> None:
        head = self.report.heads.get(stream) or Head(None, version, self._tails[stream].hash)
        for probe in self._probes.get(stream, {}).pop(version, []):
            fault = probe(head)
            if fault is not None:
                self.report.faults.append(fault)

    def _fold_fault(self, commit: Commit) -> Fault | None:
        known = self._known.get(_kind(commit.stream))
        if known is None:
            return None
        head = self.report.heads.setdefault(commit.stream, Head(known.kind.initial))
        try:
            commit.decoded()  # wholly: a fold looks at fewer fields than others read
            causes = commit.said().causes
            seen = Counter(causes)
            twice = {cause for cause, times in seen.items() if times > 1 or cause in head.handled}
            if twice:
                return Fault(commit.key, "cause traitée une fois", "jamais vue", ", ".join(sorted(twice)))
            counted = canonical_json(head.sequences)
            if commit.sequences != counted:
                return Fault(commit.key, "décompte des messages", counted, commit.sequences)
            head.apply(commit, known.kind)
            # Commits from before epochs were said say none; after one that says it, every one must.
            if known.epoch is not None and commit.epoch not in (0, begun := known.epoch(head.state)):
                return Fault(commit.key, "époque de l'état", str(begun), str(commit.epoch))
            recorded_at = datetime.fromisoformat(commit.recorded_at)
            self.report.causes |= dict.fromkeys(causes, (commit.key, recorded_at))
        except Exception as error:  # whatever a fold says of a fact it does not admit is what is wrong
            return Fault(commit.key, "repli", "un fait que l'état admet", f"{type(error).__name__}: {error}")
        return None


def _kind(stream: str) -> str:
    return stream.split(":", 1)[0]


def _link_fault(commit: Commit, key: str, tail: _Tail) -> Fault | None:
    checks = (
        ("identifiant", commit.key, key),
        ("version", str(tail.version + 1), str(commit.version)),
        ("chaînage", tail.hash, commit.prev_hash),
        ("empreinte", commit.computed_hash(), commit.hash),
    )
    for check, expected, found in checks:
        if expected != found:
            return Fault(key, check, expected, found)
    if commit.epoch < tail.epoch:
        return Fault(key, "époque", f"{tail.epoch} ou une suivante", str(commit.epoch))
    return None


async def verify(documents: AsyncIterable[dict[str, Any]], known: Mapping[str, Known] | None = None) -> Report:
    """Check commits given in version order (streams may be interleaved)."""
    verifier = Verifier(known)
    async for document in documents:
        verifier.take(document)
    return verifier.finish()


async def in_order(commits: Documents) -> AsyncIterator[dict[str, Any]]:
    """Every commit, its text readable, stream after stream, each in version order. The database sorts by its own
    index, by `_id`, where version 10 comes before version 2; no more than one stream is held in memory.
    """
    name, stream = "", list[dict[str, Any]]()
    async for document in commits.find({}, sort=[("_id", 1)]):
        of = document["_id"].rpartition("#")[0]
        if of != name:
            for one in sorted(stream, key=_version):
                yield readable(one)
            name, stream = of, []
        stream.append(document)
    for one in sorted(stream, key=_version):
        yield readable(one)


def _version(document: Mapping[str, Any]) -> int:
    return document.get("version", 0)


async def verify_database(url: str, database: str) -> Report:
    """Verify the journal of one service's database."""
    opened = Database(url, database)
    try:
        return await verify(in_order(opened.collection("journal")))
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
