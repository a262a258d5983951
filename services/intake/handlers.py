"""What intake hears: everything its bailleurs may know, and the campaign."""

from services.intake.domain.campaign import ABOUT_THE_WAIT
from services.intake.domain.facts import DossierOpened
from services.intake.domain.timeline import LABELS
from services.intake.usecases.dossiers import Dossiers
from shared.contracts import contracting, envelope, instruction, intake, pricing
from shared.contracts.envelope import (
    CampaignClosed,
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    EnvelopeExhausted,
    EnvelopeReplenished,
    RulesChanged,
)
from shared.events import Event
from shared.inbox import Handlers

GROUP = "intake.timeline"

HEARD = frozenset(
    {
        intake.REGISTER_TOPIC,
        instruction.REVIEW_TOPIC,
        pricing.OFFER_TOPIC,
        contracting.ENGAGEMENT_TOPIC,
        envelope.RESERVATION_TOPIC,
    }
)
ABOUT_A_CAMPAIGN = (
    CampaignClosed,
    CampaignOpened,
    RulesChanged,
    CapChanged,
    CampaignSuspended,
    CampaignResumed,
    EnvelopeExhausted,
    EnvelopeReplenished,
)


def about_a_dossier() -> list[type[Event]]:
    """The facts that have a line in the timeline and come from a topic intake reads."""
    return [cls for cls in LABELS if cls.topic in HEARD and cls is not DossierOpened]


def handlers(dossiers: Dossiers) -> Handlers:
    return (
        dict.fromkeys(about_a_dossier(), dossiers.note)
        | dict.fromkeys(ABOUT_THE_WAIT, dossiers.note_wait)
        | dict.fromkeys(ABOUT_A_CAMPAIGN, dossiers.note_campaign)
    )
