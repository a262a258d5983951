"""Documents: streamed in, looked into, stored, scanned; nothing but safe is served or counts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from services.intake.domain import answers
from services.intake.domain.dossier import Dossier
from services.intake.store import Upload, Uploads
from services.intake.usecases.dossiers import AlreadySubmitted
from shared.clock import Clock
from shared.contracts.values import DocumentKind
from shared.errors import NotFound, Refusal, Unavailable
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal
from shared.objects import CHUNK_BYTES, ObjectStore, TooLarge
from shared.scanner import Scanner, ScanState
from shared.uploads import DOCUMENTS, DOCUMENTS_AND_PICTURES, inspect, safe_filename

log = structlog.get_logger(__name__)

SIGNED_CONVENTION = "signed_convention"
MAX_VERSIONS = 50


class TruncatedUpload(Refusal):
    type = "upload-truncated"
    title = "Envoi interrompu"
    status = 400


class TooManyVersions(Refusal):
    type = "too-many-versions"
    title = "Trop de versions de ce document"


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
    """Uploading to a dossier; the caller's right to it was checked before."""

    uploads: Uploads
    dossiers: Journal[Dossier]
    objects: ObjectStore
    scanner: Scanner
    clock: Clock
    limit_bytes: int

    async def take(self, dossier_id: str, dossier: Dossier, kind: str, incoming: Incoming, cause: Cause) -> Upload:
        """Store one document as the next version of its kind, then have it scanned.

        Raises: AlreadySubmitted, NoSupplementAwaited, NoConventionAwaited, TooLarge, TruncatedUpload,
        TooManyVersions, and the refusals of shared.uploads.inspect. Nothing remains of a refused file.
        """
        _check_wanted(dossier, kind)
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
        upload = Upload(
            dossier_id=dossier_id,
            kind=kind,
            version=1,
            document_id=document_id,
            filename=safe_filename(incoming.filename),
            object_key=key,
            media_type=found.media_type,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            pages=found.pages,
            scan=ScanState.PENDING.value,
            uploaded_at=self.clock.now(),
            uploaded_by=cause.actor,
        )
        return await self._scan_now(await self._number(upload), cause)

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

    async def _number(self, upload: Upload) -> Upload:
        """The next version of its kind; several uploads at once each get their own."""
        taken = len(await self.uploads.of(upload.dossier_id, upload.kind))
        for version in range(taken + 1, MAX_VERSIONS + 1):
            numbered = replace(upload, version=version)
            if await self.uploads.add(numbered):
                return numbered
        raise TooManyVersions(f"{MAX_VERSIONS} versions au plus.")

    async def _scan_now(self, upload: Upload, cause: Cause) -> Upload:
        try:
            return await self.scan(upload, cause)
        except Unavailable:
            log.warning("scan_postponed", document=upload.document_id)
            return upload

    async def scan(self, upload: Upload, cause: Cause) -> Upload:
        """Ask the scanner and record what it says; a safe signed convention is lodged. Raises: Unavailable."""
        verdict = await self.scanner.scan(self.objects.stream(upload.object_key))
        scanned = replace(upload, scan=verdict.state.value)
        if scanned.safe and scanned.kind == SIGNED_CONVENTION:
            # Lodged before it is marked: a crash in between scans and lodges again, and lodging is idempotent.
            await self.dossiers.append(
                upload.dossier_id,
                lambda dossier: answers.lodge_convention(dossier, scanned.stored(), self.clock.now()),
                cause,
            )
        await self.uploads.scanned(upload, verdict.state)
        return scanned

    async def scan_pending(self) -> None:
        """What a crash or the scanner's absence left behind."""
        for upload in await self.uploads.pending():
            await self.scan(upload, Cause("service:intake", correlation=upload.document_id))

    async def read(self, dossier_id: str, kind: str, version: int) -> tuple[Upload, AsyncIterator[bytes]]:
        """A safe document. Raises: NotFound, DocumentPending, DocumentInfected."""
        found = [upload for upload in await self.uploads.of(dossier_id, kind) if upload.version == version]
        if not found:
            raise NotFound("Document inconnu.")
        (upload,) = found
        if upload.scan == ScanState.PENDING:
            raise DocumentPending("Il sera disponible dès la fin de l'analyse.")
        if not upload.safe:
            raise DocumentInfected("Il ne peut pas être consulté.")
        return upload, self.objects.stream(upload.object_key)


def _check_wanted(dossier: Dossier, kind: str) -> None:
    if kind == SIGNED_CONVENTION:
        answers.check_convention_awaited(dossier)
    elif kind == DocumentKind.SUPPLEMENT:
        if dossier.supplement is None:
            raise answers.NoSupplementAwaited("Aucune demande de complément n'est ouverte.")
    elif dossier.submitted is not None:
        raise AlreadySubmitted()


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
