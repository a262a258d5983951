"""The papers of an engagement: printed, signed by ALS, kept under a retention lock."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from services.contracting.documents import (
    BAILLEUR_BOX,
    BAILLEUR_FIELD,
    TEMPLATES,
    render_acte,
    render_convention,
    render_premium_call,
)
from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement, EngagementDocument
from services.contracting.domain.facts import Guarantor, Payee, SignedPrinting
from shared.contracts.values import Printing, StoredDocument
from shared.errors import Unavailable
from shared.filing import keep_pdf, retained_until
from shared.ids import new_id
from shared.objects import ObjectStore
from shared.signing import BadKeyMaterial, Box, Seal
from shared.typeset import printing

log = structlog.get_logger(__name__)

ALS_FIELD = "Caution"


@dataclass(frozen=True, slots=True)
class Papers:
    """Prints and keeps; `guarantor` is how ALS is identified. `retention_days` counts from the printing; without it
    papers are kept without a lock.
    """

    objects: ObjectStore
    seal: Seal
    payee: Payee
    guarantor: Guarantor
    retention_days: int | None = None

    async def convention(self, engagement: Engagement, agreed: Terms) -> tuple[StoredDocument, SignedPrinting]:
        """Signed by ALS, with an empty field for the bailleur. Raises: Unavailable."""
        pdf = await render_convention(engagement, agreed, self.guarantor)
        field = BAILLEUR_FIELD, BAILLEUR_BOX
        signed = await self._sign(pdf, agreed.sent_at, "Convention de cautionnement", field)
        return await self._keep(engagement, EngagementDocument.CONVENTION, signed, agreed.sent_at), self._signed_as(pdf)

    async def premium_call(self, engagement: Engagement, agreed: Terms) -> tuple[StoredDocument, Printing]:
        """Raises: Unavailable."""
        pdf = await render_premium_call(engagement, agreed, self.payee)
        return await self._keep(engagement, EngagementDocument.PREMIUM_CALL, pdf, agreed.sent_at), printing(
            pdf, TEMPLATES
        )

    async def acte(self, engagement: Engagement, now: datetime) -> tuple[StoredDocument, SignedPrinting]:
        """Signed by ALS. Raises: Unavailable."""
        pdf = await render_acte(engagement, now, self.guarantor)
        signed = await self._sign(pdf, now, "Acte de cautionnement")
        return await self._keep(engagement, EngagementDocument.ACTE, signed, now), self._signed_as(pdf)

    async def retain(self, document: StoredDocument, since: datetime) -> None:
        """Lock a document that others stored, the bailleur's signed return. Raises: Unavailable."""
        until = self._until(since)
        if until is not None:
            await self.objects.retain(document.object_key, until)

    async def _sign(self, pdf: bytes, at: datetime, reason: str, next_field: tuple[str, Box] | None = None) -> bytes:
        """A key that went bad while the service runs is an outage: nothing is sent until it is replaced."""
        try:
            return await self.seal.sign(pdf, at=at, field=ALS_FIELD, reason=reason, next_field=next_field)
        except BadKeyMaterial as problem:
            log.error("signing_key_refused", reason=str(problem))
            raise Unavailable("signature") from problem

    async def _keep(
        self, engagement: Engagement, kind: EngagementDocument, pdf: bytes, made_at: datetime
    ) -> StoredDocument:
        assert engagement.submitted is not None
        dossier_id, document_id = engagement.submitted.dossier_id, new_id()
        return await keep_pdf(
            self.objects,
            f"engagements/{dossier_id}/{document_id}.pdf",
            pdf,
            document_id=document_id,
            kind=kind.value,
            filename=f"{kind.value}-{dossier_id}.pdf",
            retain_until=self._until(made_at),
        )

    def _signed_as(self, pdf: bytes) -> SignedPrinting:
        return SignedPrinting(**printing(pdf, TEMPLATES).model_dump(), guarantor=self.guarantor)

    def _until(self, since: datetime) -> datetime | None:
        return retained_until(since, self.retention_days)
