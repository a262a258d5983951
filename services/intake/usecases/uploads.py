"""Documents: streamed in, looked into, stored, scanned; nothing but safe is served or counts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from services.intake.domain import uploads as domain
from services.intake.domain.dossier import Dossier, Upload
from services.intake.store import Awaited, Scans
from shared.clock import Clock
from shared.contracts.values import DocumentKind, StoredDocument
from shared.errors import NotFound, Refusal, Unavailable
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal
from shared.objects import CHUNK_BYTES, ObjectStore, TooLarge
from shared.scanner import Scanner, ScanState
from shared.uploads import DOCUMENTS, DOCUMENTS_AND_PICTURES, inspect, safe_filename

log = structlog.get_logger(__name__)

# An upload that is not in the journal by then was refused, or its process died.
ABANDONED = timedelta(hours=1)


class TruncatedUpload(Refusal):
    type = "upload-truncated"
    title = "Envoi interrompu"
    status = 400


class DocumentPending(Refusal):
    type = "document-pending"
    title = "Document en cours d'analyse"


class DocumentInfected(Refusal):
    type = "document-infected"
    title = "Document refusé par l'analyse antivirus"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in: its stream, and what its sender says of it."""

    chunks: AsyncIterator[bytes]
    declared_type: str
    filename: str
    length: int | None


@dataclass(frozen=True, slots=True)
class Depositing:
    """Uploading to a dossier; the caller's right to it was checked before. `current` gives a dossier with a deposit
    that only the register knows of yet (Dossiers.known).
    """

    scans: Scans
    dossiers: Journal[Dossier]
    current: Callable[[str], Awaitable[Dossier]]
    objects: ObjectStore
    scanner: Scanner
    clock: Clock
    limit_bytes: int

    async def take(self, dossier_id: str, dossier: Dossier, kind: str, incoming: Incoming, cause: Cause) -> Upload:
        """Store one document as the next version of its kind, then have it scanned.

        Raises: AlreadySubmitted, NoSupplementAwaited, NoConventionAwaited, TooLarge, TruncatedUpload,
        TooManyVersions, and the refusals of shared.uploads.inspect. Nothing remains of a refused file.
        """
        domain.check_wanted(dossier, kind)
        if incoming.length is not None and incoming.length > self.limit_bytes:
            raise TooLarge(f"Le fichier dépasse {self.limit_bytes // (1024 * 1024)} Mio.", limit_bytes=self.limit_bytes)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "upload"
            await self._receive(path, incoming)
            allowed = DOCUMENTS_AND_PICTURES if kind == DocumentKind.SUPPLEMENT else DOCUMENTS
            found = await asyncio.to_thread(inspect, path, incoming.declared_type, allowed)
            document_id = new_id()
            key = f"dossiers/{dossier_id}/{kind}/{document_id}"
            stored = await self.objects.put(
                key, _read(path), content_type=found.media_type, limit_bytes=self.limit_bytes
            )
        document = StoredDocument(
            document_id=document_id,
            kind=kind,
            filename=safe_filename(incoming.filename),
            object_key=key,
            media_type=found.media_type,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
        )
        upload = await self._keep(dossier_id, document, found.pages, cause)
        return await self._scan_now(dossier_id, upload, cause)

    async def _receive(self, path: Path, incoming: Incoming) -> None:
        size = 0
        with path.open("wb") as file:
            async for chunk in incoming.chunks:
                size += len(chunk)
                if size > self.limit_bytes:
                    raise TooLarge(
                        f"Le fichier dépasse {self.limit_bytes // (1024 * 1024)} Mio.", limit_bytes=self.limit_bytes
                    )
                file.write(chunk)
        if incoming.length is not None and size != incoming.length:
            raise TruncatedUpload("Le fichier n'est pas arrivé en entier : envoyez-le à nouveau.")

    async def _keep(self, dossier_id: str, document: StoredDocument, pages: int | None, cause: Cause) -> Upload:
        """The next version of its kind; several uploads at once each get their own.

        Its scan is put down first: what the journal holds is never forgotten.
        """
        now = self.clock.now()
        await self.scans.add(Awaited(document.document_id, dossier_id, now))
        await self.current(dossier_id)  # a deposit that was answered while the file came is known to the dossier then
        done = await self.dossiers.append(
            dossier_id,
            lambda dossier: domain.upload(dossier, dossier_id, document, pages, cause.actor, now),
            cause,
        )
        return _upload(done.state, document.document_id)

    async def _scan_now(self, dossier_id: str, upload: Upload, cause: Cause) -> Upload:
        try:
            return await self.scan(dossier_id, upload.document, cause)
        except Unavailable:
            log.warning("scan_postponed", document=upload.document.document_id)
            return upload

    async def scan(self, dossier_id: str, document: StoredDocument, cause: Cause) -> Upload:
        """Ask the scanner and record what it says; a safe signed convention is lodged with it. Raises: Unavailable."""
        verdict = await self.scanner.scan(self.objects.stream(document.object_key))
        safe, now = verdict.state is ScanState.SAFE, self.clock.now()
        done = await self.dossiers.append(
            dossier_id,
            lambda dossier: domain.scanned(dossier, dossier_id, document.document_id, safe, now),
            cause,
        )
        await self.scans.done(document.document_id)
        return _upload(done.state, document.document_id)

    async def scan_pending(self) -> None:
        """What a crash or the scanner's absence left behind."""
        for awaited in await self.scans.awaited():
            dossier = (await self.dossiers.load(awaited.dossier_id)).state
            upload = dossier.upload(awaited.document_id)
            if upload is None:
                if self.clock.now() - awaited.since > ABANDONED:
                    await self.scans.done(awaited.document_id)
            elif upload.safe is None:
                cause = Cause("service:intake", correlation=awaited.document_id)
                await self.scan(awaited.dossier_id, upload.document, cause)
            else:
                await self.scans.done(awaited.document_id)

    def read(self, dossier: Dossier, kind: str, version: int) -> tuple[StoredDocument, AsyncIterator[bytes]]:
        """A safe document. Raises: NotFound, DocumentPending, DocumentInfected."""
        upload = next((one for one in dossier.uploads_of(kind) if one.document.version == version), None)
        if upload is None:
            raise NotFound("Document inconnu.")
        if upload.safe is None:
            raise DocumentPending("Il sera disponible dès la fin de l'analyse.")
        if not upload.safe:
            raise DocumentInfected("Il ne peut pas être consulté.")
        return upload.document, self.objects.stream(upload.document.object_key)


def _upload(dossier: Dossier, document_id: str) -> Upload:
    found = dossier.upload(document_id)
    assert found is not None, "what was appended is there"
    return found


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
