"""The offer of one dossier, folded from what is known of it. No I/O, no clock."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from shared.contracts.contracting import BoardRefused, EngagementLapsed
from shared.contracts.instruction import (
    CommitteeOpinionGiven,
    DossierFoundIneligible,
    Opinion,
    RiskProfileRecorded,
)
from shared.contracts.intake import (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
)
from shared.contracts.pricing import (
    OFFER_TOPIC,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferIssued,
)
from shared.contracts.values import Loan, PremiumLine
from shared.events import Event, UtcDatetime, Value
from shared.journal import StreamKind


class OfferStatus(StrEnum):
    NONE = "none"
    NEEDS_PERSON = "needs_person"
    DRAFTED = "drafted"
    ISSUED = "issued"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    CLOSED = "closed"


class PricedLine(Value):
    """One line's price with what it is made of; internal."""

    loan_id: str
    rate_bp: Decimal
    premium_cents: int


class OfferDrafted(Event):
    """The frozen inputs and the price (DOMAIN rule 12). Private: it holds the rating and the step."""

    dossier_id: str
    offer_id: str
    loans: tuple[Loan, ...]
    rating: RiskProfileRecorded
    credit_quality_step: str
    grid_version: str
    grid_hash: str
    priced: tuple[PricedLine, ...]
    lines: tuple[PremiumLine, ...]
    premium_cents: int
    minimum_applied: bool
    cap_applied: bool
    drafted_at: UtcDatetime


class AutomaticPricingRefused(Event):
    """Why automatic pricing may not price. Private: the reason speaks of the rating."""

    dossier_id: str
    reason: str
    detail: str
    refused_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Offer:
    """What pricing knows of a dossier and its offer, folded from its events."""

    status: OfferStatus = OfferStatus.NONE
    submitted: DossierSubmitted | None = None
    loans: tuple[Loan, ...] = ()
    profile: RiskProfileRecorded | None = None
    favourable: bool = False
    closed: str | None = None
    drafts: int = 0
    draft: OfferDrafted | None = None
    issued: OfferIssued | None = None
    refusal: AutomaticPricingRefused | None = None

    def fold(self, event: Event) -> "Offer":
        match event:
            case DossierSubmitted():
                return replace(self, submitted=event, loans=self.loans or event.loans)
            case LoansReduced():
                return replace(self, loans=event.loans)
            case RiskProfileRecorded():
                return replace(self, profile=event)
            case CommitteeOpinionGiven():
                return replace(self, favourable=event.opinion is Opinion.FAVOURABLE)
            case DossierWithdrawn() | DossierFoundIneligible() | BoardRefused() | EngagementLapsed():
                return self._close(type(event).__name__)
            case OfferDrafted():
                status = self.status if self.status is OfferStatus.ISSUED else OfferStatus.DRAFTED
                return replace(self, status=status, draft=event, drafts=self.drafts + 1)
            case AutomaticPricingRefused():
                return replace(self, status=OfferStatus.NEEDS_PERSON, refusal=event)
            case OfferIssued():
                return replace(self, status=OfferStatus.ISSUED, issued=event, draft=None)
            case OfferAccepted():
                return replace(self, status=OfferStatus.ACCEPTED)
            case OfferDeclined():
                return replace(self, status=OfferStatus.DECLINED)
            case OfferExpired():
                return replace(self, status=OfferStatus.EXPIRED)
            case _:
                return self

    def _close(self, reason: str) -> "Offer":
        ended = (OfferStatus.DECLINED, OfferStatus.EXPIRED)
        status = self.status if self.status in ended else OfferStatus.CLOSED
        return replace(self, closed=self.closed or reason, status=status)


KIND = StreamKind("offer", Offer(), frozenset({OFFER_TOPIC}))
