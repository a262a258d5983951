"""What an audit checks: each service by itself, then what one says of another (ARCHITECTURE, Invariants 1 to 11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.x509 import Certificate

from deploy.audit.knowledge import Knowledge
from deploy.audit.source import Source
from services.envelope.domain.ledger import Ledger
from services.intake.domain.register import Register
from shared.documents import Document, MemoryDocuments
from shared.journal import Fault, canonical_json, stamps
from shared.journal.bundle import plain
from shared.journal.head import Head
from shared.journal.snapshots import Snapshots, version_of
from shared.journal.verify import Probe, Report, Verifier


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, by service; `between` are faults no service has by itself."""

    reports: dict[str, Report]
    stamps: dict[str, int]
    between: list[Fault]

    @property
    def clean(self) -> bool:
        return not self.between and all(report.clean for report in self.reports.values())


async def audit(source: Source, knowledge: dict[str, Knowledge], roots: list[Certificate]) -> Audit:
    reports, stamped = dict[str, Report](), dict[str, int]()
    for name, known in knowledge.items():
        reports[name], stamped[name] = await _service(source, name, known, roots)
    return Audit(reports, stamped, between(reports, knowledge, source.started_at))


async def as_of(source: Source, service: str, known: Knowledge, moment: datetime) -> Report:
    """A service's streams as they stood at a moment."""
    verifier = Verifier(known.kinds, until=moment)
    async for row in source.rows(service, "journal"):
        verifier.take(row)
    return verifier.finish()


async def _service(source: Source, name: str, known: Knowledge, roots: list[Certificate]) -> tuple[Report, int]:
    verifier = Verifier(known.kinds)
    async for row in source.rows(name, "views"):
        _expect_view(verifier, row, known)
    kept = {row["_id"]: row async for row in source.rows(name, "snapshots")}
    for row in kept.values():
        version = version_of(row)
        if version is not None:  # a page, or what nobody can read and everybody ignores
            verifier.expect(row["_id"], version, _snapshot_probe(known, row, kept))
    stamped = [row async for row in source.rows(name, "stamps")]
    verifier.report.faults += stamps.faults(stamped, roots)
    for one in stamped:
        for stream, (version, hash_) in stamps.heads(one).items():
            verifier.expect(stream, version, _stamp_probe(f"{stream}#{version}", hash_))
    async for row in source.rows(name, "journal"):
        verifier.take(row)
    return verifier.finish(), len(stamped)


def _expect_view(verifier: Verifier, row: Document, known: Knowledge) -> None:
    stream = f"{row['view']}:{row['key']}"
    if row["document"] is None:
        verifier.report.faults.append(Fault(stream, "vue", "présente", "absente"))
        return
    version = row["document"]["stream_version"]
    if row["behind"]:
        verifier.report.faults.append(Fault(stream, "vue à jour", f"après la version {version}", f"version {version}"))
    render = known.renders[row["view"]]

    def probe(head: Head[Any]) -> Fault | None:
        drawn = render(row["key"], head.state) | {"_id": row["key"], "stream_version": version}
        expected, found = canonical_json(plain(drawn)), canonical_json(plain(row["document"]))
        return None if expected == found else Fault(f"{stream}#{version}", "vue", expected, found)

    verifier.expect(stream, version, probe)


def _snapshot_probe(known: Knowledge, row: Document, pages: dict[str, Document]) -> Probe:
    kind = known.kinds[row["_id"].split(":", 1)[0]].kind
    return lambda head: Snapshots(kind, MemoryDocuments(), MemoryDocuments()).fault(row, pages, head)


def _stamp_probe(commit: str, expected: str) -> Probe:
    return lambda head: None if head.hash == expected else Fault(commit, "empreinte horodatée", expected, head.hash)


def between(reports: dict[str, Report], knowledge: dict[str, Knowledge], started_at: datetime) -> list[Fault]:
    """What one service's journal says of another's: causes that must exist, numbers that must agree.

    Journals are read one after the other while the services run, so only what was recorded before is held to it.
    """
    producers = {kind: reports[name] for name, known in knowledge.items() for kind in known.published}
    faults = list[Fault]()
    for report in reports.values():
        for cause, (commit, recorded_at) in report.causes.items():
            producer = producers.get(cause.split(":", 1)[0])
            if producer is not None and recorded_at < started_at and not producer.holds(cause):
                faults.append(Fault(commit, "cause", "un fait inscrit chez son producteur", cause))
    registers = {stream: head.state for report in reports.values() for stream, head in report.heads.items()}
    for stream, state in registers.items():
        if isinstance(state, Ledger):
            register = registers.get(f"register:{stream.split(':', 1)[1]}")
            faults += _numbers(stream, state, register) if isinstance(register, Register) else []
    return faults


def _numbers(stream: str, ledger: Ledger, register: Register) -> Iterable[Fault]:
    """The ledger decides the deposits of the register, under their numbers."""
    for dossier_id, line in ledger.reservations.items():
        deposit = register.deposits.get(dossier_id)
        there = str(deposit.number) if deposit else "aucun dépôt"
        if there != str(line.number) and line.number <= register.last_number:
            yield Fault(stream, f"numéro du dossier {dossier_id}", str(line.number), there)
