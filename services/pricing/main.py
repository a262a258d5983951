"""Builds the pricing service."""

from datetime import timedelta

from fastapi import FastAPI

from services.pricing import store
from services.pricing.answers import AnswersReading
from services.pricing.api import grids, offers
from services.pricing.domain import offer, tariff
from services.pricing.handlers import GROUP, handlers
from services.pricing.settings import PricingSettings
from services.pricing.usecases.offers import Offers
from services.pricing.usecases.tariffs import Tariffs
from shared import campaign
from shared.contracts.intake import DOSSIER_TOPIC
from shared.service import Service
from shared.settings import read_settings

DEADLINE_CHECK_SECONDS = 1.0
BROKER_RETRY_SECONDS = 1.0


def build() -> FastAPI:
    return create_app(read_settings(PricingSettings))


def create_app(settings: PricingSettings) -> FastAPI:
    service = Service("pricing", settings)
    answers = AnswersReading(settings.kafka_bootstrap, DOSSIER_TOPIC, GROUP, service.clock)
    pricing = Offers(
        journal=service.journal(offer.KIND, store.render),
        campaigns=service.journal(campaign.KIND),
        tariffs=Tariffs(service.journal(tariff.KIND), service.clock),
        view=service.view(offer.KIND),
        parked=service.collection("parked"),
        objects=service.objects,
        reading=lambda: answers.reading,
        settling=timedelta(seconds=settings.answers_settle_seconds),
        clock=service.clock,
        retention_days=settings.retention_days,
    )
    service.consume(GROUP, handlers(pricing))
    service.every(BROKER_RETRY_SECONDS, answers.watch)
    service.every(DEADLINE_CHECK_SECONDS, pricing.remind_due)
    service.every(DEADLINE_CHECK_SECONDS, pricing.expire_due)
    return service.app("Tarification", [offers.router(pricing), grids.router(pricing.tariffs)])
