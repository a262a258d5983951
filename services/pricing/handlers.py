"""What pricing hears: one use case each."""

from services.pricing.usecases.offers import Offers
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


def handlers(offers: Offers) -> Handlers:
    return {
        DossierSubmitted: offers.note,
        DossierWithdrawn: offers.note,
        LoansReduced: offers.note,
        OfferAcceptanceLodged: offers.note,
        OfferDeclineLodged: offers.note,
        RiskProfileRecorded: offers.note,
        CommitteeOpinionGiven: offers.note,
        DossierFoundIneligible: offers.note,
        BoardRefused: offers.note,
        EngagementLapsed: offers.note,
        CampaignOpened: offers.note_campaign,
        RulesChanged: offers.note_campaign,
        CapChanged: offers.note_campaign,
    }
