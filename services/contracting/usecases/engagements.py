"""From what is heard to the convention, the acte and the lapse."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from services.contracting import store
from services.contracting.domain import acte as acte_domain
from services.contracting.domain import convention as convention_domain
from services.contracting.domain import engaging
from services.contracting.domain.engagement import Engagement, EngagementDocument
from services.contracting.domain.facts import Channel, EngagementScreened, PapersPrinted
from services.contracting.domain.states import EngagementState
from services.contracting.papers import Papers
from services.contracting.transmission import Acte, ActeAltered, WayNotConfigured, Ways
from services.contracting.usecases.screenings import Screenings
from shared.campaign import Campaign
from shared.clock import Clock
from shared.contracts.values import CampaignRules, StoredDocument
from shared.documents import Documents
from shared.errors import NotFound, Refusal, Unavailable
from shared.events import Cause, Event, MessageMeta
from shared.filing import DocumentAltered, read_kept
from shared.journal import Journal
from shared.objects import ObjectStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Engagements:
    """The use cases with what they need. `transmitting` spares the BdT the same acte twice at once."""

    engagements: Journal[Engagement]
    campaigns: Journal[Campaign]
    view: Documents
    objects: ObjectStore
    ways: Ways
    papers: Papers
    clock: Clock
    screenings: Screenings
    transmitting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What another service announced about a dossier."""
        now = self.clock.now()
        await self.engagements.append(
            event.dossier_id, lambda engagement: engaging.receive(engagement, event, now), meta.cause("contracting")
        )

    async def note_campaign(self, event: Any, meta: MessageMeta) -> None:
        await self.campaigns.append(event.campaign_id, lambda _: [event], meta.cause("contracting"))

    async def engagement(self, dossier_id: str) -> Engagement:
        """Raises: NotFound."""
        loaded = await self.engagements.load(dossier_id)
        if loaded.version == 0:
            raise NotFound("Dossier inconnu.")
        return loaded.state

    async def listed(self, state: EngagementState | None, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.listed(self.view, state, skip, limit)]

    async def screen(self, screened: EngagementScreened, cause: Cause) -> Engagement:
        """Raises: NotFound; as check_clear for one that says `clear`; as screen of the domain."""
        await self.engagement(screened.dossier_id)
        if screened.clear:
            await self.screenings.check_clear(screened.dossier_id, screened.purpose, screened.screened_on)
        done = await self.engagements.append(
            screened.dossier_id, lambda engagement: convention_domain.screen(engagement, screened), cause
        )
        return done.state

    async def send_convention(self, dossier_id: str, cause: Cause) -> Engagement:
        """Print, sign and store the convention and the premium call, then record that they are sent.

        Raises: NotFound, Unavailable; as terms and send of the domain.
        """
        engagement = await self.engagement(dossier_id)
        if convention_domain.already_sent(engagement):
            return engagement
        now = self.clock.now()
        agreed = convention_domain.terms(engagement, await self._rules(engagement), now)
        convention, convention_printing = await self.papers.convention(engagement, agreed)
        call, call_printing = await self.papers.premium_call(engagement, agreed)
        papers = PapersPrinted(
            dossier_id=dossier_id,
            convention=convention_printing,
            premium_call=call_printing,
            payee=self.papers.payee,
        )
        printed = engagement.loans

        def decide(current: Engagement) -> Sequence[Event]:
            return convention_domain.send(current, agreed, printed, papers, convention, call)

        return (await self.engagements.append(dossier_id, decide, cause)).state

    async def lapse(self, dossier_id: str, reason: str, cause: Cause) -> Engagement:
        await self.engagement(dossier_id)
        now = self.clock.now()
        done = await self.engagements.append(
            dossier_id, lambda engagement: convention_domain.lapse(engagement, reason, now), cause
        )
        return done.state

    async def issue_acte(self, dossier_id: str, cause: Cause) -> Engagement:
        """Settle the acte's bytes, then transmit them; when the BdT cannot be reached the timer goes on.

        Raises: NotFound, Unavailable, RegisterUnreadable, RegisterTooOld, OwnersNotDeclared, TransmissionRefused;
        as check_ready of the domain.
        """
        engagement = await self.engagement(dossier_id)
        if engagement.transmitted is None:
            engagement.refuse_when_ended()
        if engagement.prepared is None:
            acte_domain.check_asked(engagement, cause.actor, self.clock.now())
            await self.screenings.repeat_before_acte(dossier_id, cause)
            engagement = await self.engagement(dossier_id)
            now = self.clock.now()
            acte_domain.check_ready(engagement, cause.actor, now)
            acte, printing = await self.papers.acte(engagement, now)
            printed, channels = engagement.loans, tuple(self.ways)

            def decide(current: Engagement) -> Sequence[Event]:
                return acte_domain.prepare(current, acte, printing, printed, channels, cause.actor, now)

            engagement = (await self.engagements.append(dossier_id, decide, cause)).state
        try:
            return await self.transmit(dossier_id, cause)
        except Unavailable as outage:
            log.warning("acte_waits", dossier=dossier_id, component=outage.component)
            return await self.engagement(dossier_id)

    async def transmit(self, dossier_id: str, cause: Cause) -> Engagement:
        """Send a settled acte over each way it has still to go, always the same bytes, and keep each proof.

        Before the first way the asset-freeze screening is repeated once it is too old: the acte waits for it.
        A way that is away does not hold up the others; one that refuses does, for a person to look first.
        Raises: Unavailable, TransmissionRefused; as run of the screenings.
        """
        async with self.transmitting:
            engagement, away = await self._screened(dossier_id, cause), list[Unavailable]()
            if acte_domain.screening_outdated(engagement, self.clock.now()):
                return engagement
            for channel in acte_domain.channels_left(engagement):
                try:
                    engagement = await self._send(dossier_id, engagement, channel, cause)
                except Unavailable as outage:
                    away.append(outage)
            if away:
                raise away[0]
            return engagement

    async def _screened(self, dossier_id: str, cause: Cause) -> Engagement:
        engagement = (await self.engagements.load(dossier_id)).state
        if not acte_domain.screening_outdated(engagement, self.clock.now()):
            return engagement
        await self.screenings.repeat_before_acte(dossier_id, cause)
        return (await self.engagements.load(dossier_id)).state

    async def _send(self, dossier_id: str, engagement: Engagement, channel: Channel, cause: Cause) -> Engagement:
        prepared, submitted, way = engagement.prepared, engagement.submitted, self.ways.get(channel)
        assert prepared is not None
        assert submitted is not None
        if way is None:
            raise WayNotConfigured(f"L'acte est établi pour partir aussi par {channel.value}.")
        pdf, now = await self._settled_bytes(prepared.acte), self.clock.now()
        proof = await way.send(Acte(dossier_id, submitted.deposit_number, pdf, prepared.prepared_at), now)
        done = await self.engagements.append(
            dossier_id, lambda current: acte_domain.record_transmission(current, proof, now), cause
        )
        return done.state

    async def document(self, dossier_id: str, kind: EngagementDocument) -> tuple[StoredDocument, bytes]:
        """A document of the engagement and its bytes. Raises: NotFound, DocumentAltered, Unavailable."""
        found = (await self.engagement(dossier_id)).documents.get(kind)
        if found is None:
            raise NotFound("Ce document n'existe pas encore.")
        return found, await read_kept(self.objects, found)

    async def _rules(self, engagement: Engagement) -> CampaignRules:
        campaign_id = engagement.submitted.campaign_id if engagement.submitted else ""
        rules = (await self.campaigns.load(campaign_id)).state.rules
        if rules is None:
            raise Unavailable("campaign")  # they are on their way: they precede any deposit
        return rules

    async def _settled_bytes(self, document: StoredDocument) -> bytes:
        try:
            return await read_kept(self.objects, document)
        except DocumentAltered as altered:
            raise ActeAltered from altered

    async def transmit_pending(self) -> None:
        """Try every acte that waits for the BdT; one that fails does not hold up the others."""
        waiting = [row["dossier_id"] async for row in store.pending_transmissions(self.view)]
        for dossier_id in waiting:
            try:
                await self.transmit(dossier_id, Cause("service:contracting", correlation=dossier_id))
            except Unavailable as outage:
                log.warning("acte_waits", dossier=dossier_id, component=outage.component)
            except Refusal as refusal:
                log.error("acte_needs_person", dossier=dossier_id, reason=refusal.type)
