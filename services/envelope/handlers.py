"""What envelope hears: everything that reserves, commits, releases or changes the rules."""

from services.envelope.usecases import Deposit, Envelope
from shared.contracts.contracting import BoardRefused, Engaged, EngagementLapsed
from shared.contracts.envelope import ClosureDecided, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible
from shared.contracts.intake import DossierWithdrawn, LoansReduced
from shared.contracts.pricing import OfferDeclined, OfferExpired
from shared.inbox import Handlers

GROUP = "envelope.ledger"

COMMANDS = (
    Deposit,
    DossierWithdrawn,
    LoansReduced,
    DossierFoundIneligible,
    CommitteeOpinionGiven,
    OfferDeclined,
    OfferExpired,
    BoardRefused,
    Engaged,
    EngagementLapsed,
    RulesAdopted,
    SuspensionDecided,
    ResumptionDecided,
    ClosureDecided,
)


def handlers(envelope: Envelope) -> Handlers:
    return dict.fromkeys(COMMANDS, envelope.command)
