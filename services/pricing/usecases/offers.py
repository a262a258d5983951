"""The offers: take note, draft, derogate, issue, remind, expire, show how a price was made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import structlog

from services.pricing import store
from services.pricing.documents import TEMPLATES, render_offer
from services.pricing.domain import contest, deadlines, decisions, derogation, drafting
from services.pricing.domain.facts import ContestConclusion, OfferDrafted, OfferPrinted
from services.pricing.domain.grid import needed
from services.pricing.domain.offer import Offer, dossier_of
from services.pricing.domain.rating import CreditQualityStep
from services.pricing.domain.reading import Reading
from services.pricing.usecases.tariffs import Tariffs
from shared.campaign import Campaign
from shared.clock import Clock
from shared.contracts.pricing import OfferExpiryContested
from shared.contracts.values import CampaignRules
from shared.documents import Documents
from shared.errors import NotFound, Unavailable
from shared.events import Cause, MessageMeta
from shared.filing import keep_pdf, retained_until
from shared.ids import new_id
from shared.journal import Appended, Journal
from shared.objects import ObjectStore
from shared.typeset import printing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Offers:
    """The use cases with what they need. `reading` says how far intake's answers have been read; `parked` holds the
    messages that came before their turn. `retention_days`: how long offers are locked, from their issue.
    """

    journal: Journal[Offer]
    campaigns: Journal[Campaign]
    tariffs: Tariffs
    view: Documents
    parked: Documents
    objects: ObjectStore
    reading: Callable[[], Reading]
    settling: timedelta
    clock: Clock
    retention_days: int | None = None

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What another service announced about a dossier."""
        now = self.clock.now()
        grid = await self.tariffs.in_force(now)
        done = await self.journal.append(
            event.dossier_id, lambda offer: decisions.receive(offer, event, grid, now), meta.cause("pricing")
        )
        if any(isinstance(one, OfferExpiryContested) for one in done.events):
            log.error("expiry_contested", dossier=event.dossier_id)

    async def note_campaign(self, event: Any, meta: MessageMeta) -> None:
        await self.campaigns.append(event.campaign_id, lambda _: [event], meta.cause("pricing"))

    async def redraft(self, dossier_id: str, cause: Cause) -> Offer:
        await self._known(dossier_id)
        now = self.clock.now()
        grid = needed(await self.tariffs.in_force(now))
        done = await self.journal.append(dossier_id, lambda offer: drafting.redraft(offer, grid, now), cause)
        return done.state

    async def propose_derogation(
        self, dossier_id: str, rate_bp: Decimal | None, step: CreditQualityStep | None, reason: str, cause: Cause
    ) -> Offer:
        await self._known(dossier_id)
        now, derogation_id = self.clock.now(), new_id()
        grid = needed(await self.tariffs.in_force(now))
        done = await self.journal.append(
            dossier_id,
            lambda offer: derogation.propose(
                offer, derogation_id, grid, rate_bp=rate_bp, step=step, reason=reason, proposer=cause.actor, now=now
            ),
            cause,
        )
        return done.state

    async def approve_derogation(
        self,
        dossier_id: str,
        derogation_id: str,
        cause: Cause,
        *,
        for_pricing: bool,
        for_committee: bool,
        session_date: date | None,
    ) -> Offer:
        await self._known(dossier_id)
        now = self.clock.now()
        grid = needed(await self.tariffs.in_force(now))
        done = await self.journal.append(
            dossier_id,
            lambda offer: derogation.approve(
                offer,
                derogation_id,
                grid,
                cause.actor,
                now,
                for_pricing=for_pricing,
                for_committee=for_committee,
                session_date=session_date,
            ),
            cause,
        )
        return done.state

    async def issue(self, dossier_id: str, offer_id: str, cause: Cause) -> Offer:
        """Issue the draft `offer_id`: its PDF is stored first, under a key of its own, then the fact is recorded.

        Raises: NotFound, NoGridInForce, OfferNotDrafted, OfferDraftOutdated, RatingTooOld, Unavailable.
        """
        offer = (await self._known(dossier_id)).state
        issued_at = self.clock.now()
        grid = needed(await self.tariffs.in_force(issued_at))
        days = (await self._rules(offer)).offer_validity_business_days
        last_moment = deadlines.valid_until(offer, issued_at, days)
        decisions.check_issuable(offer, offer_id, grid, issued_at)
        document_id = new_id()
        pdf = await render_offer(offer, issued_at, last_moment, days)
        document = await keep_pdf(
            self.objects,
            f"offers/{dossier_id}/{document_id}.pdf",
            pdf,
            document_id=document_id,
            kind="offer",
            filename=f"proposition-{offer_id}.pdf",
            retain_until=retained_until(issued_at, self.retention_days),
        )
        how = printing(pdf, TEMPLATES)
        printed = OfferPrinted(dossier_id=dossier_id, offer_id=offer_id, validity_days=days, printing=how)
        now = self.clock.now()
        done = await self.journal.append(
            dossier_id,
            lambda current: decisions.issue(current, offer_id, grid, issued_at, last_moment, printed, document, now),
            cause,
        )
        return done.state

    async def conclude_contest(
        self, dossier_id: str, offer_id: str, conclusion: ContestConclusion, reason: str, cause: Cause
    ) -> Offer:
        """Raises: NotFound; as conclude of the domain."""
        await self._known(dossier_id)
        now = self.clock.now()
        done = await self.journal.append(
            dossier_id, lambda offer: contest.conclude(offer, offer_id, conclusion, reason, cause.actor, now), cause
        )
        return done.state

    async def remind_due(self) -> None:
        """Remind of every offer that ends soon, once; safe to run again and from several processes."""
        now = self.clock.now()
        async for row in store.remindable_until(self.view, now):
            cause = Cause("service:pricing", correlation=row["_id"])
            await self.journal.append(row["_id"], lambda offer: deadlines.remind(offer, now), cause)

    async def expire_due(self) -> None:
        """Expire every offer whose last moment has passed and whose answers have all been read (docs/adr/0016); safe
        to run again and from several processes.
        """
        now, read_until = self.clock.now(), self.reading().settled(self.settling)
        if read_until is None:
            return
        async for row in store.issued_until(self.view, read_until):
            if await store.waiting_answers(self.parked, row["_id"]):
                continue  # an answer is here and waits for the message before it
            cause = Cause("service:pricing", correlation=row["_id"])
            await self.journal.append(row["_id"], lambda offer: deadlines.expire(offer, read_until, now), cause)

    async def offer(self, dossier_id: str) -> Offer:
        return (await self._known(dossier_id)).state

    async def traced(self, offer_id: str) -> OfferDrafted:
        """How an offer was priced, be it a draft, issued, replaced or over. Raises: NotFound."""
        async for event in self.journal.events(dossier_of(offer_id)):
            if isinstance(event, OfferDrafted) and event.offer_id == offer_id:
                return event
        raise NotFound(f"Aucune proposition « {offer_id} », émise ou en projet.")

    async def _known(self, dossier_id: str) -> Appended[Offer]:
        loaded = await self.journal.load(dossier_id)
        if loaded.version == 0:
            raise NotFound("Dossier inconnu.")
        return loaded

    async def _rules(self, offer: Offer) -> CampaignRules:
        if offer.submitted is None:
            raise decisions.OfferNotDrafted
        campaign = (await self.campaigns.load(offer.submitted.campaign_id)).state
        if campaign.rules is None:
            raise Unavailable("campaign")  # its rules are on their way; they precede any deposit
        return campaign.rules
