"""Offers at each step of their life, for the tests of pricing."""

import json
from datetime import UTC, datetime, timedelta

from services.pricing.domain import deadlines, drafting
from services.pricing.domain import decisions as domain
from services.pricing.domain.facts import OfferPrinted
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.offer import Offer
from services.pricing.grids import grid_bytes
from shared.contracts.intake import DossierWithdrawn, OfferAcceptanceLodged
from shared.contracts.values import Printing
from tests.facts import CAMPAIGN, DOSSIER, document, opinion, profile, submitted

GRID = load_grid(grid_bytes())


def with_grid(**changes) -> Grid:
    """The demonstration grid with other values."""
    return load_grid(json.dumps(json.loads(grid_bytes()) | changes).encode())


OTHER_GRID = with_grid(version="demonstration-2", discount_rate="0.02", effective_on="2024-06-03")
NOW = datetime(2024, 5, 16, 9, tzinfo=UTC)
LAST = datetime(2024, 5, 30, 21, 59, 59, 999_999, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def printed(offer_id: str = f"{DOSSIER}-1") -> OfferPrinted:
    printing = Printing(templates="v1", engine="typst", sha256="0" * 64)
    return OfferPrinted(dossier_id=DOSSIER, offer_id=offer_id, validity_days=10, printing=printing)


def play(offer: Offer, *events, now: datetime = NOW) -> Offer:
    for event in events:
        for decided in domain.receive(offer, event, GRID, now):
            offer = offer.fold(decided)
    return offer


def drafted() -> Offer:
    return play(Offer(), submitted(), profile(), opinion())


def issued(offer: Offer | None = None) -> Offer:
    offer = offer or drafted()
    assert offer.draft
    for event in domain.issue(offer, offer.draft.offer_id, GRID, NOW, LAST, printed(), document(), NOW):
        offer = offer.fold(event)
    return offer


def redrafted() -> Offer:
    """An issued offer beside which another one is drafted."""
    offer = issued()
    for event in drafting.redraft(offer, GRID, NOW):
        offer = offer.fold(event)
    return offer


def acceptance(lodged_at=LAST, offer_id=f"{DOSSIER}-1") -> OfferAcceptanceLodged:
    return OfferAcceptanceLodged(dossier_id=DOSSIER, offer_id=offer_id, lodged_at=lodged_at)


def withdrawn() -> DossierWithdrawn:
    return DossierWithdrawn(campaign_id=CAMPAIGN, dossier_id=DOSSIER, withdrawn_at=NOW)


def expired() -> Offer:
    offer = issued()
    for event in deadlines.expire(offer, LAST + SECOND, LAST + SECOND):
        offer = offer.fold(event)
    return offer
