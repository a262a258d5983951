"""Builds the pricing service."""

from importlib import resources
from pathlib import Path

from fastapi import FastAPI

from services.pricing import store
from services.pricing.api import router
from services.pricing.domain import campaign, offer
from services.pricing.domain.grid import load_grid
from services.pricing.handlers import GROUP, handlers
from services.pricing.settings import PricingSettings
from services.pricing.usecases import Pricing
from shared.service import Service
from shared.settings import read_settings

DEMONSTRATION_GRID = "demonstration-1.json"
EXPIRY_CHECK_SECONDS = 1.0


def build() -> FastAPI:
    return create_app(read_settings(PricingSettings))


def create_app(settings: PricingSettings) -> FastAPI:
    service = Service("pricing", settings)
    pricing = Pricing(
        offers=service.journal(offer.KIND, store.render),
        campaigns=service.journal(campaign.KIND),
        view=service.view(offer.KIND),
        objects=service.objects,
        grid=load_grid(grid_bytes(settings.grid_file)),
        clock=service.clock,
    )
    service.consume(GROUP, handlers(pricing))
    service.every(EXPIRY_CHECK_SECONDS, pricing.expire_due)
    return service.app("Tarification", [router(pricing)])


def grid_bytes(path: Path | None) -> bytes:
    """The configured grid, or the demonstration grid: ALS's real one is not public (DOMAIN, The premium)."""
    if path is not None:
        return path.read_bytes()
    return (resources.files("services.pricing") / "grids" / DEMONSTRATION_GRID).read_bytes()
