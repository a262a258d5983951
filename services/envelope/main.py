"""Builds the envelope service."""

from typing import Any

from fastapi import FastAPI

from services.envelope.api import router
from services.envelope.assignor import OldestMemberAssignor
from services.envelope.domain import campaign, ledger
from services.envelope.handlers import GROUP, handlers
from services.envelope.settings import EnvelopeSettings
from services.envelope.usecases import Envelope, render_campaign
from services.envelope.writer import Writer
from shared.service import Service
from shared.settings import read_settings

RULES_CHECK_SECONDS = 1.0


def build() -> FastAPI:
    return create_app(read_settings(EnvelopeSettings))


def create_app(settings: EnvelopeSettings) -> FastAPI:
    service = Service("envelope", settings)
    ledgers = service.journal(ledger.KIND, snapshots=True)
    envelope = Envelope(
        ledgers=ledgers,
        campaigns=service.journal(campaign.KIND, render_campaign),
        writer=Writer(ledgers, service.clock),
        campaign_id=settings.campaign_id,
        known=service.view(campaign.KIND),
        clock=service.clock,
    )
    inbox = service.consume(GROUP, handlers(envelope), in_batches=True, batch=envelope.commands, **membership(settings))
    service.every(RULES_CHECK_SECONDS, lambda: envelope.follow_due_rules(bool(inbox.reader.assigned)))
    return service.app("Enveloppe", [router(envelope)])


def membership(settings: EnvelopeSettings) -> dict[str, Any]:
    """How this process takes part in the consumer group: one member writes, the others stand by."""
    return {} if settings.single_member else {"partition_assignment_strategy": [OldestMemberAssignor]}
