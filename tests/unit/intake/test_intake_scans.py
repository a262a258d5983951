"""Uploads: kept before they are scanned, scanned whatever dies meanwhile, and never served before they are safe."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest

from services.intake.domain import dossier
from services.intake.domain.dossier import Dossier
from services.intake.domain.uploads import AlreadySubmitted
from services.intake.store import Awaited, Scans
from services.intake.usecases.uploads import ABANDONED, Depositing, DocumentInfected, DocumentPending, Incoming
from shared.documents import Document, MemoryDocuments
from shared.errors import NotFound, Unavailable
from shared.journal import Journal
from shared.objects import DirectoryObjects, collect
from shared.scanner import EICAR, EmbeddedScanner, ScanVerdict
from tests.counter import START, FixedClock, cause
from tests.facts import DOSSIER, submitted
from tests.unit.intake.samples import opened


class Scanner(EmbeddedScanner):
    """The embedded scanner, which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.scans = 0

    async def scan(self, chunks: AsyncIterator[bytes]) -> ScanVerdict:
        if self.away:
            raise Unavailable("scanner")
        self.scans += 1
        return await super().scan(chunks)


class Refusing(MemoryDocuments):
    """A collection that does not answer removals."""

    async def remove(self, key: str) -> None:
        raise Unavailable("database")


class Desk:
    """Uploading to one dossier."""

    def __init__(self, folder: Path) -> None:
        self.rows: MemoryDocuments = MemoryDocuments()
        self.clock, self.scanner, self.commits = FixedClock(), Scanner(), MemoryDocuments()
        self.folder = folder

    @property
    def depositing(self) -> Depositing:
        """A process that has just started."""

        async def nothing(*_: object) -> None:
            """Nobody follows."""

        journal = Journal(dossier.KIND, self.commits, self.clock, nothing)

        async def current(key: str) -> Dossier:
            return (await journal.load(key)).state

        objects = DirectoryObjects(self.folder)
        return Depositing(Scans(self.rows), journal, current, objects, self.scanner, self.clock, limit_bytes=100_000)

    async def dossier(self) -> Dossier:
        return (await self.depositing.dossiers.load(DOSSIER)).state

    async def take(self, content: bytes, kind: str = "presentation", seen: Dossier | None = None):
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        incoming = Incoming(chunks(), "application/pdf", "dossier.pdf", len(content))
        return await self.depositing.take(DOSSIER, seen or await self.dossier(), kind, incoming, cause())

    async def awaited(self) -> list[Document]:
        return [row async for row in self.rows.find({})]

    async def read(self, version: int = 1) -> bytes:
        _, chunks = self.depositing.read(await self.dossier(), "presentation", version)
        return await collect(chunks)


@pytest.fixture
async def desk(tmp_path) -> Desk:
    made = Desk(tmp_path)
    await made.depositing.dossiers.append(DOSSIER, lambda _: [opened()], cause())
    return made


def pdf(note: bytes = b"") -> bytes:
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.save(out, deterministic_id=True)
    return out.getvalue() + note


async def test_a_document_is_scanned_as_it_comes_and_served(desk):
    content = pdf()
    upload = await desk.take(content)
    assert (upload.safe, upload.document.version, upload.pages, upload.uploaded_at) == (True, 1, 1, START)
    assert await desk.read() == content
    assert await desk.awaited() == []


async def test_an_infected_document_is_kept_and_never_served(desk):
    assert (await desk.take(pdf(EICAR))).safe is False
    with pytest.raises(DocumentInfected):
        await desk.read()
    assert (await desk.take(pdf())).document.version == 2
    assert await desk.read(2)
    with pytest.raises(NotFound):
        await desk.read(3)


async def test_while_the_scanner_is_away_documents_wait_and_are_scanned_by_any_process_when_it_is_back(desk):
    desk.scanner.away = True
    assert (await desk.take(pdf())).safe is None
    with pytest.raises(DocumentPending):
        await desk.read()
    with pytest.raises(Unavailable):
        await desk.depositing.scan_pending()
    desk.scanner.away = False
    await desk.depositing.scan_pending()
    assert await desk.read() == pdf()
    assert await desk.awaited() == []


async def test_a_verdict_whose_process_died_before_it_left_the_queue_is_not_asked_for_again(desk):
    kept, desk.rows = desk.rows, Refusing()
    upload = await desk.take(pdf())
    assert upload.safe is None, "what could not be finished is postponed"
    assert [one.safe for one in (await desk.dossier()).uploads] == [True]
    kept._documents, desk.rows = desk.rows._documents, kept
    await desk.depositing.scan_pending()
    assert (desk.scanner.scans, await desk.awaited()) == (1, [])


async def test_an_upload_that_was_refused_at_the_last_moment_is_forgotten_after_an_hour(desk):
    before = await desk.dossier()
    await desk.depositing.dossiers.append(DOSSIER, lambda _: [submitted()], cause())
    with pytest.raises(AlreadySubmitted):
        await desk.take(pdf(), seen=before)
    desk.clock.moment += ABANDONED
    await desk.depositing.scan_pending()
    assert len(await desk.awaited()) == 1, "another process may be about to record it"
    desk.clock.moment += timedelta(seconds=1)
    await desk.depositing.scan_pending()
    assert (await desk.awaited(), desk.scanner.scans) == ([], 0)


async def test_an_upload_about_to_be_recorded_is_left_to_its_process(desk):
    await Scans(desk.rows).add(Awaited("new", DOSSIER, START))
    await desk.depositing.scan_pending()
    assert [row["document_id"] for row in await desk.awaited()] == ["new"]
