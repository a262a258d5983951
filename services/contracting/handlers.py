"""What contracting hears: one use case each."""

from services.contracting.usecases.engagements import Engagements
from shared.contracts.envelope import CampaignOpened, CapChanged, Committed, Released, RulesChanged
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible
from shared.contracts.intake import (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    SignedConventionLodged,
)
from shared.contracts.pricing import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferIssued,
    OfferSuperseded,
)
from shared.inbox import Handlers

GROUP = "contracting.engagement"

ABOUT_A_DOSSIER = (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    SignedConventionLodged,
    DossierFoundIneligible,
    CommitteeOpinionGiven,
    OfferIssued,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferSuperseded,
    Committed,
    Released,
)
ABOUT_A_CAMPAIGN = (CampaignOpened, RulesChanged, CapChanged)


def handlers(engagements: Engagements) -> Handlers:
    return dict.fromkeys(ABOUT_A_DOSSIER, engagements.note) | dict.fromkeys(ABOUT_A_CAMPAIGN, engagements.note_campaign)
