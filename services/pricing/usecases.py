"""What pricing does: load, one domain decision, append."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.pricing import store
from services.pricing.documents import render_offer
from services.pricing.domain import decisions as domain
from services.pricing.domain.campaign import Campaign
from services.pricing.domain.grid import Grid
from services.pricing.domain.offer import Offer
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound, Unavailable
from shared.events import Cause, MessageMeta
from shared.filing import keep_pdf
from shared.ids import new_id
from shared.journal import Appended, Journal
from shared.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Pricing:
    """The use cases with what they need."""

    offers: Journal[Offer]
    campaigns: Journal[Campaign]
    view: Documents
    objects: ObjectStore
    grid: Grid
    clock: Clock

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What another service announced about a dossier."""
        now = self.clock.now()
        await self.offers.append(
            event.dossier_id, lambda offer: domain.receive(offer, event, self.grid, now), meta.cause("pricing")
        )

    async def note_campaign(self, event: Any, meta: MessageMeta) -> None:
        await self.campaigns.append(event.campaign_id, lambda _: [event], meta.cause("pricing"))

    async def redraft(self, dossier_id: str, cause: Cause) -> Offer:
        await self._known(dossier_id)
        now = self.clock.now()
        done = await self.offers.append(dossier_id, lambda offer: domain.redraft(offer, self.grid, now), cause)
        return done.state

    async def issue(self, dossier_id: str, offer_id: str, cause: Cause) -> Offer:
        """Issue the draft `offer_id`: its PDF is stored first, under a key of its own, then the fact is recorded.

        Raises: NotFound, OfferNotDrafted, Unavailable.
        """
        offer = (await self._known(dossier_id)).state
        issued_at = self.clock.now()
        last_moment = await self._last_moment(offer, issued_at)
        document_id = new_id()
        pdf = await render_offer(offer, offer_id, issued_at, last_moment)
        document = await keep_pdf(
            self.objects,
            f"offers/{dossier_id}/{document_id}.pdf",
            pdf,
            document_id=document_id,
            kind="offer",
            filename=f"proposition-{offer_id}.pdf",
        )
        done = await self.offers.append(
            dossier_id, lambda current: domain.issue(current, offer_id, issued_at, last_moment, document), cause
        )
        return done.state

    async def expire_due(self) -> None:
        """Expire every offer whose last moment has passed; safe to run again and from several processes."""
        now = self.clock.now()
        async for row in store.issued_until(self.view, now):
            cause = Cause("service:pricing", correlation=row["_id"])
            await self.offers.append(row["_id"], lambda offer: domain.expire(offer, now), cause)

    async def offer(self, dossier_id: str) -> Offer:
        return (await self._known(dossier_id)).state

    async def _known(self, dossier_id: str) -> Appended[Offer]:
        loaded = await self.offers.load(dossier_id)
        if loaded.version == 0:
            raise NotFound("Dossier inconnu.")
        return loaded

    async def _last_moment(self, offer: Offer, issued_at: datetime) -> datetime:
        if offer.submitted is None:
            raise domain.OfferNotDrafted
        campaign = (await self.campaigns.load(offer.submitted.campaign_id)).state
        if campaign.rules is None:
            raise Unavailable("campaign")  # its rules are on their way; they precede any deposit
        return domain.valid_until(offer, issued_at, campaign.rules.offer_validity_business_days)
