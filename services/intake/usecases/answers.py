"""Supplements, offers and conventions: what a bailleur answers and reads."""

from dataclasses import dataclass

from services.intake.domain import answers as domain
from services.intake.domain.dossier import Dossier
from services.intake.usecases.dossiers import Dossiers
from shared.auth import Principal
from shared.clock import Clock
from shared.contracts.values import DocumentKind, StoredDocument
from shared.errors import NotFound, Refusal
from shared.events import Cause
from shared.filing import read_kept
from shared.journal import Journal
from shared.objects import ObjectStore


class UnknownDocument(Refusal):
    type = "unknown-document"
    title = "Document inconnu ou non disponible"
    status = 422


@dataclass(frozen=True, slots=True)
class Answers:
    dossiers: Dossiers
    journal: Journal[Dossier]
    objects: ObjectStore
    clock: Clock

    async def lodge_supplement(
        self, dossier_id: str, request_id: str, document_ids: list[str], message: str, caller: Principal, cause: Cause
    ) -> Dossier:
        """Raises: NotFound, UnknownDocument, DossierEnded, NoSupplementAwaited."""
        found = await self.dossiers.mine(dossier_id, caller)
        uploads = found.uploads_of(DocumentKind.SUPPLEMENT)
        safe = {upload.document.document_id: upload.document for upload in uploads if upload.safe}
        for place, document_id in enumerate(document_ids):
            if document_id not in safe:
                raise UnknownDocument("Déposez d'abord ce document.", pointer=f"/document_ids/{place}")
        documents = tuple(safe[document_id] for document_id in document_ids)
        now = self.clock.now()
        done = await self.journal.append(
            dossier_id, lambda state: domain.lodge_supplement(state, request_id, documents, message, now), cause
        )
        return done.state

    async def accept(
        self, dossier_id: str, offer_id: str, document_sha256: str, caller: Principal, cause: Cause
    ) -> Dossier:
        """The moment of reception is taken first: it is the one that counts (DOMAIN rule 7)."""
        now = self.clock.now()
        await self.dossiers.represented(dossier_id, caller)
        done = await self.journal.append(
            dossier_id, lambda state: domain.accept_offer(state, offer_id, document_sha256, now), cause
        )
        return done.state

    async def decline(self, dossier_id: str, offer_id: str, reason: str, caller: Principal, cause: Cause) -> Dossier:
        now = self.clock.now()
        await self.dossiers.represented(dossier_id, caller)
        done = await self.journal.append(
            dossier_id, lambda state: domain.decline_offer(state, offer_id, reason, now), cause
        )
        return done.state

    async def document(self, document: StoredDocument | None) -> bytes:
        """What another service printed, checked against its hash. Raises: NotFound, DocumentAltered."""
        if document is None:
            raise NotFound("Ce document n'existe pas encore.")
        return await read_kept(self.objects, document)
