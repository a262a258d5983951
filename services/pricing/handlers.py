"""What pricing hears: one use case each."""

from services.pricing.usecases import Pricing
from shared.contracts.contracting import BoardRefused, EngagementLapsed
from shared.contracts.envelope import CampaignOpened, CapChanged, RulesChanged
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible, RiskProfileRecorded
from shared.contracts.intake import (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    OfferAcceptanceLodged,
    OfferDeclineLodged,
)
from shared.inbox import Handlers

GROUP = "pricing.offer"


def handlers(pricing: Pricing) -> Handlers:
    return {
        DossierSubmitted: pricing.note,
        DossierWithdrawn: pricing.note,
        LoansReduced: pricing.note,
        OfferAcceptanceLodged: pricing.note,
        OfferDeclineLodged: pricing.note,
        RiskProfileRecorded: pricing.note,
        CommitteeOpinionGiven: pricing.note,
        DossierFoundIneligible: pricing.note,
        BoardRefused: pricing.note,
        EngagementLapsed: pricing.note,
        CampaignOpened: pricing.note_campaign,
        RulesChanged: pricing.note_campaign,
        CapChanged: pricing.note_campaign,
    }
