"""Documents of a dossier: which are wanted, each version kept, and which of them count."""

from datetime import datetime

from services.intake.domain import answers
from services.intake.domain.answers import NoSupplementAwaited
from services.intake.domain.checklist import Papers
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import DocumentScanned, DocumentUploaded
from shared.contracts.values import DocumentKind, StoredDocument
from shared.errors import Refusal
from shared.events import Event

SIGNED_CONVENTION = "signed_convention"
MAX_VERSIONS = 50


class AlreadySubmitted(Refusal):
    type = "already-submitted"
    title = "Le dossier est envoyé : il ne peut plus être modifié"


class TooManyVersions(Refusal):
    type = "too-many-versions"
    title = "Trop de versions de ce document"


def check_wanted(dossier: Dossier, kind: str) -> None:
    """Raises: AlreadySubmitted, NoSupplementAwaited, NoConventionAwaited."""
    if kind == SIGNED_CONVENTION:
        answers.check_convention_awaited(dossier)
    elif kind == DocumentKind.SUPPLEMENT:
        if dossier.supplement is None:
            raise NoSupplementAwaited("Aucune demande de complément n'est ouverte.")
    elif dossier.submitted is not None:
        raise AlreadySubmitted()


def upload(
    dossier: Dossier, dossier_id: str, document: StoredDocument, pages: int | None, by: str, now: datetime
) -> list[Event]:
    """Keep a stored document as the next version of its kind. Raises: as check_wanted; TooManyVersions."""
    check_wanted(dossier, document.kind)
    version = len(dossier.uploads_of(document.kind)) + 1
    if version > MAX_VERSIONS:
        raise TooManyVersions(f"{MAX_VERSIONS} versions au plus.")
    numbered = document.model_copy(update={"version": version})
    return [DocumentUploaded(dossier_id=dossier_id, document=numbered, pages=pages, uploaded_at=now, uploaded_by=by)]


def scanned(dossier: Dossier, dossier_id: str, document_id: str, safe: bool, now: datetime) -> list[Event]:
    """The verdict of a scan; a safe signed convention is lodged with it. The first verdict stays."""
    found = dossier.upload(document_id)
    if found is None or found.safe is not None:
        return []
    events: list[Event] = [DocumentScanned(dossier_id=dossier_id, document_id=document_id, safe=safe, scanned_at=now)]
    if safe and found.document.kind == SIGNED_CONVENTION:
        events += answers.lodge_convention(dossier, found.document, now)
    return events


def papers_of(dossier: Dossier) -> Papers:
    """What counts for the deposit: no older version while the newest is not looked at."""
    by_kind = sorted(dossier.uploads, key=lambda one: one.document.kind)
    safe = {one.document.kind: one.document for one in by_kind if one.safe}
    newest = {one.document.kind: one for one in by_kind}
    pending = tuple(kind for kind, one in newest.items() if one.safe is None)
    return Papers(tuple(safe.values()), pending)
