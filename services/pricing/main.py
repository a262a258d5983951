"""Builds the pricing service."""

from fastapi import FastAPI

from services.pricing import store
from services.pricing.api import router
from services.pricing.domain import campaign, offer
from services.pricing.domain.grid import load_grid
from services.pricing.grids import grid_bytes
from services.pricing.handlers import GROUP, handlers
from services.pricing.settings import PricingSettings
from services.pricing.usecases import Pricing
from shared.service import Service
from shared.settings import read_settings

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
