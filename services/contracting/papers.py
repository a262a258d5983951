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
from services.contracting.domain.term import runs_until
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
    """Prints and keeps; `guarantor` is how ALS is identified. Papers are locked for `retention_days`: what guarantees
    from the end of the longest loan, the premium call from its printing; without it they are kept without a lock.
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
        until = self._guaranteed(engagement, agreed.sent_at)
        return await self._keep(engagement, EngagementDocument.CONVENTION, signed, until), self._signed_as(pdf)

    async def premium_call(self, engagement: Engagement, agreed: Terms) -> tuple[StoredDocument, Printing]:
        """Raises: Unavailable."""
        pdf = await render_premium_call(engagement, agreed, self.payee, self.guarantor)
        until = retained_until(agreed.sent_at, self.retention_days)
        return await self._keep(engagement, EngagementDocument.PREMIUM_CALL, pdf, until), printing(pdf, TEMPLATES)

    async def acte(self, engagement: Engagement, now: datetime) -> tuple[StoredDocument, SignedPrinting]:
        """Signed by ALS. Raises: Unavailable."""
        pdf = await render_acte(engagement, now, self.guarantor)
        signed = await self._sign(pdf, now, "Acte de cautionnement")
        until = self._guaranteed(engagement, now)
        return await self._keep(engagement, EngagementDocument.ACTE, signed, until), self._signed_as(pdf)

    async def retain(self, engagement: Engagement, document: StoredDocument, since: datetime) -> None:
        """Lock a document that others stored, the bailleur's signed return. Raises: Unavailable."""
        until = self._guaranteed(engagement, since)
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
        self, engagement: Engagement, kind: EngagementDocument, pdf: bytes, until: datetime | None
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
            retain_until=until,
        )

    def _signed_as(self, pdf: bytes) -> SignedPrinting:
        return SignedPrinting(**printing(pdf, TEMPLATES).model_dump(), guarantor=self.guarantor)

    def _guaranteed(self, engagement: Engagement, since: datetime) -> datetime | None:
        """Until when a paper of `since` is locked: somebody may be called to pay as long as a loan runs."""
        return retained_until(runs_until(engagement.loans, since), self.retention_days)
