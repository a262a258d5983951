"""Intake's queries: drafts, uploaded documents, and the views of dossiers, accounts and questions."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.intake.domain.bailleur import Account
from services.intake.domain.checklist import Papers
from services.intake.domain.dossier import Dossier
from services.intake.domain.question import Question
from services.intake.domain.status import TABLE
from services.intake.forms import DraftForm
from shared.contracts.values import StoredDocument
from shared.documents import Document, Documents, Duplicate
from shared.errors import Refusal
from shared.scanner import ScanState


class StaleDraft(Refusal):
    """Somebody saved a newer revision; read it and save again."""

    type = "stale-etag"
    title = "Le brouillon a changé depuis votre lecture"
    status = 412


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft at a revision; the revision is its ETag."""

    form: DraftForm
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class Drafts:
    """Insert-only revisions: a unique insert is the compare-and-set, older ones are pruned after."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def read(self, dossier_id: str) -> Draft:
        """The newest revision; an empty one at revision 0 before the first save."""
        found = self._documents.find({"dossier_id": dossier_id}, sort=[("revision", -1)], limit=1)
        async for row in found:
            return Draft(DraftForm.model_validate_json(row["form"]), row["revision"])
        return Draft(DraftForm(), 0)

    async def save(self, dossier_id: str, form: DraftForm, read_revision: int) -> Draft:
        """Save on top of the revision that was read. Raises: StaleDraft."""
        newest = await self.read(dossier_id)
        if newest.revision != read_revision:
            raise StaleDraft(etag=newest.etag)
        revision = read_revision + 1
        row = {
            "_id": f"{dossier_id}#{revision}",
            "dossier_id": dossier_id,
            "revision": revision,
            "form": form.model_dump_json(),
        }
        try:
            await self._documents.insert(row)
        except Duplicate:
            raise StaleDraft(etag=f'"{revision}"') from None
        # The one before stays: a reader between the two never finds nothing.
        await self._documents.remove(f"{dossier_id}#{revision - 2}")
        return Draft(form, revision)


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded document and what the scanner said of it."""

    dossier_id: str
    kind: str
    version: int
    document_id: str
    filename: str
    object_key: str
    media_type: str
    sha256: str
    size_bytes: int
    pages: int | None
    scan: str
    uploaded_at: datetime
    uploaded_by: str

    @property
    def key(self) -> str:
        return f"{self.dossier_id}/{self.kind}/{self.version}"

    @property
    def safe(self) -> bool:
        return self.scan == ScanState.SAFE

    def stored(self) -> StoredDocument:
        """Its reference for an event."""
        names = StoredDocument.model_fields
        return StoredDocument.model_validate({name: value for name, value in asdict(self).items() if name in names})


class Uploads:
    """Documents by dossier, kind and version; versions are kept."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def add(self, upload: Upload) -> bool:
        """False when the version is taken: try the next one."""
        try:
            await self._documents.insert(asdict(upload) | {"_id": upload.key})
        except Duplicate:
            return False
        return True

    async def of(self, dossier_id: str, kind: str | None = None) -> list[Upload]:
        """By kind and version."""
        query = {"dossier_id": dossier_id} | ({"kind": kind} if kind else {})
        found = [_upload(row) async for row in self._documents.find(query)]
        return sorted(found, key=lambda upload: (upload.kind, upload.version))

    async def pending(self) -> list[Upload]:
        return [_upload(row) async for row in self._documents.find({"scan": ScanState.PENDING.value})]

    async def scanned(self, upload: Upload, state: ScanState) -> None:
        await self._documents.mark(upload.key, {"scan": state.value})


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(**{name: row[name] for name in Upload.__dataclass_fields__})


def papers_of(uploads: list[Upload]) -> Papers:
    """What counts of the uploads, in version order: no older version while the newest is not looked at."""
    safe = {upload.kind: upload.stored() for upload in uploads if upload.safe}
    newest = {upload.kind: upload for upload in uploads}
    pending = tuple(kind for kind, upload in newest.items() if upload.scan == ScanState.PENDING)
    return Papers(tuple(safe.values()), pending)


def render_dossier(dossier_id: str, dossier: Dossier) -> Document:
    submitted, envelope = dossier.submitted, dossier.envelope
    return {
        "dossier_id": dossier_id,
        "siren": dossier.opened.siren if dossier.opened else None,
        "campaign_id": dossier.opened.campaign_id if dossier.opened else None,
        "deposit_number": submitted.deposit_number if submitted else None,
        "operation": submitted.operation.name if submitted else None,
        "commune": submitted.operation.commune_name if submitted else None,
        "principal_cents": (dossier.reduced or submitted).principal_cents if submitted else None,
        "status": dossier.status.value,
        "status_label": TABLE[dossier.status].label,
        "envelope": type(envelope).__name__.lower() if envelope else None,
        "due_at": dossier.due_at,
    }


def render_account(siren: str, account: Account) -> Document:
    return {"siren": siren, "members": [subject for subject, _ in account.members]}


def render_question(question_id: str, question: Question) -> Document:
    written = question.written
    return {
        "question_id": question_id,
        "siren": written.siren if written else None,
        "subject": written.subject if written else None,
        "asked_at": written.asked_at if written else None,
        "mailed": question.mailed,
    }


async def sirens_of(accounts: Documents, subject: str) -> list[str]:
    """The bailleurs a user belongs to."""
    return [row["siren"] async for row in accounts.find({"members": subject})]


def dossiers_of(view: Documents, sirens: list[str], skip: int, limit: int) -> AsyncIterator[Document]:
    return view.find({"siren": {"$in": sirens}}, sort=[("deposit_number", 1)], skip=skip, limit=limit)


def unmailed(view: Documents) -> AsyncIterator[Document]:
    return view.find({"mailed": False})
