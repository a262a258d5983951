"""The bailleur's signed return: its signatures examined, then the check a person records."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.contracting import store
from services.contracting.domain import convention as domain
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Verdict
from services.contracting.domain.returned import SignedReturnExamined
from services.contracting.papers import Papers
from services.contracting.signatures.examination import Examiner
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound, Refusal, Unavailable
from shared.events import Cause, Event
from shared.filing import read_kept
from shared.journal import Journal
from shared.objects import ObjectStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedReturns:
    """The use cases with what they need. `view` lists the engagements."""

    engagements: Journal[Engagement]
    view: Documents
    objects: ObjectStore
    papers: Papers
    examiner: Examiner
    clock: Clock

    async def report(self, dossier_id: str) -> SignedReturnExamined:
        """The report on the last return. Raises: NotFound while there is none."""
        report = (await self.reported(dossier_id)).report
        assert report is not None
        return report

    async def reported(self, dossier_id: str) -> Engagement:
        """The engagement whose last return has a report. Raises: NotFound while there is none."""
        engagement = (await self.engagements.load(dossier_id)).state
        if engagement.report is None:
            raise NotFound("Aucun retour examiné sur ce dossier.")
        return engagement

    async def check(self, dossier_id: str, document_id: str, verdict: Verdict, reason: str, cause: Cause) -> Engagement:
        """Record a person's check, once the signatures are examined.

        Raises: NotFound, Unavailable, DocumentAltered; as check_signed of the domain.
        """
        if (await self.engagements.load(dossier_id)).version == 0:
            raise NotFound("Dossier inconnu.")
        await self.examine(dossier_id, cause)
        now = self.clock.now()

        def decide(engagement: Engagement) -> Sequence[Event]:
            return domain.check_signed(engagement, document_id, verdict, reason, cause.actor, now)

        return (await self.engagements.append(dossier_id, decide, cause)).state

    async def examine(self, dossier_id: str, cause: Cause) -> None:
        """Read the signatures of the last return and record the report; nothing when that was done.

        Raises: Unavailable, DocumentAltered.
        """
        engagement = (await self.engagements.load(dossier_id)).state
        waiting, sent = engagement.to_examine, engagement.convention
        if waiting is None or sent is None:
            return
        original = await read_kept(self.objects, sent.convention)
        returned = await read_kept(self.objects, waiting.document)
        await self.papers.retain(engagement, waiting.document, waiting.lodged_at)
        findings = await self.examiner.examine(original, returned, waiting.lodged_at)
        now = self.clock.now()
        done = await self.engagements.append(
            dossier_id,
            lambda current: domain.examine(current, waiting.document.document_id, findings, now),
            Cause("service:contracting", correlation=cause.correlation, traceparent=cause.traceparent),
        )
        if done.events:
            log.info("return_examined", dossier=dossier_id, events=[type(event).__name__ for event in done.events])

    async def examine_pending(self) -> None:
        """Examine every return that waits; one that fails does not hold up the others."""
        waiting = [row["dossier_id"] async for row in store.to_examine(self.view)]
        for dossier_id in waiting:
            try:
                await self.examine(dossier_id, Cause("service:contracting", correlation=dossier_id))
            except Unavailable as outage:
                log.warning("return_waits", dossier=dossier_id, component=outage.component)
            except Refusal as refusal:
                log.error("return_needs_person", dossier=dossier_id, reason=refusal.type)
