"""Documents of a dossier: uploaded as a raw body, listed with their scan, read when safe."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from services.intake.api.bailleurs import User
from services.intake.documents import label_of
from services.intake.domain.dossier import Dossier, Upload
from services.intake.domain.uploads import SIGNED_CONVENTION
from services.intake.usecases.dossiers import Dossiers
from services.intake.usecases.uploads import Depositing, Incoming, TruncatedUpload
from shared.auth import Principal, Role, require
from shared.contracts.values import DocumentKind
from shared.http import cause_of
from shared.scanner import ScanState
from shared.uploads import content_disposition

Reader = Annotated[Principal, require(Role.BAILLEUR, Role.INSTRUCTOR, Role.LEGAL_OFFICER, Role.AUDITOR)]
STAFF = frozenset({Role.INSTRUCTOR, Role.LEGAL_OFFICER, Role.AUDITOR})
SCANS = {None: ScanState.PENDING, True: ScanState.SAFE, False: ScanState.INFECTED}


class UploadDetail(BaseModel):
    document_id: str
    kind: str
    label: str
    version: int
    filename: str
    media_type: str
    sha256: str
    size_bytes: int
    pages: int | None
    scan: ScanState
    uploaded_at: datetime


def router(dossiers: Dossiers, depositing: Depositing) -> APIRouter:
    routes = APIRouter(prefix="/dossiers/{dossier_id}", tags=["documents"])

    async def visible(dossier_id: str, caller: Principal) -> Dossier:
        """Staff see every dossier, a bailleur its own."""
        if caller.roles & STAFF:
            return await dossiers.known(dossier_id)
        return await dossiers.mine(dossier_id, caller)

    @routes.post("/documents/{kind}", status_code=201, summary="Déposer un document (corps brut)")
    async def upload(
        dossier_id: str,
        kind: DocumentKind,
        request: Request,
        caller: User,
        filename: Annotated[str, Query(min_length=1, max_length=400)],
        content_type: Annotated[str, Header()] = "",
    ) -> UploadDetail:
        dossier = await dossiers.mine(dossier_id, caller)
        incoming = incoming_of(request, content_type, filename)
        return detail(await depositing.take(dossier_id, dossier, kind, incoming, cause_of(request, caller.actor)))

    @routes.post("/signed-convention", status_code=201, summary="Retourner la convention signée (corps brut)")
    async def return_convention(
        dossier_id: str,
        request: Request,
        caller: User,
        filename: Annotated[str, Query(min_length=1, max_length=400)],
        content_type: Annotated[str, Header()] = "",
    ) -> UploadDetail:
        dossier = await dossiers.represented(dossier_id, caller)
        incoming = incoming_of(request, content_type, filename)
        cause = cause_of(request, caller.actor)
        return detail(await depositing.take(dossier_id, dossier, SIGNED_CONVENTION, incoming, cause))

    @routes.get("/documents", summary="Les documents et leurs versions")
    async def list_documents(dossier_id: str, caller: Reader) -> list[UploadDetail]:
        dossier = await visible(dossier_id, caller)
        return [detail(one) for one in sorted(dossier.uploads, key=lambda one: one.document.kind)]

    @routes.get("/documents/{kind}/{version}", summary="Lire un document sûr")
    async def read(dossier_id: str, kind: str, version: int, caller: Reader) -> StreamingResponse:
        found, chunks = depositing.read(await visible(dossier_id, caller), kind, version)
        headers = {
            "Content-Disposition": content_disposition(found.filename),
            "Content-Length": str(found.size_bytes),
            "Content-Security-Policy": "sandbox",
        }
        return StreamingResponse(chunks, media_type=found.media_type, headers=headers)

    return routes


def incoming_of(request: Request, content_type: str, filename: str) -> Incoming:
    length = request.headers.get("content-length", "")
    return Incoming(_chunks(request), content_type, filename, int(length) if length.isdecimal() else None)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises: TruncatedUpload when the sender goes away."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise TruncatedUpload("Le fichier n'est pas arrivé en entier : envoyez-le à nouveau.") from None


def detail(upload: Upload) -> UploadDetail:
    document = upload.document
    return UploadDetail(
        **document.model_dump(exclude={"object_key"}),
        label=label_of(document.kind),
        pages=upload.pages,
        scan=SCANS[upload.safe],
        uploaded_at=upload.uploaded_at,
    )
