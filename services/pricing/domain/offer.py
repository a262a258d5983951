"""The offer of one dossier, folded from what is known of it. No I/O, no clock."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from immutables import Map

from services.pricing.domain.facts import (
    AutomaticPricingRefused,
    ContestConcluded,
    DerogationApproved,
    DerogationProposed,
    OfferDrafted,
)
from services.pricing.domain.rating import RatingRefused
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
    OfferExpiryContested,
    OfferIssued,
    OfferReminderSent,
    OfferSuperseded,
)
from shared.contracts.values import Loan
from shared.events import Event
from shared.journal import StreamKind


class OfferStatus(StrEnum):
    """`refused`: the rating excludes any offer; `contested`: accepted in time, read after the expiry."""

    NONE = "none"
    NEEDS_PERSON = "needs_person"
    REFUSED = "refused"
    DRAFTED = "drafted"
    ISSUED = "issued"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    CONTESTED = "contested"
    CLOSED = "closed"


OUTCOMES: dict[type[Event], OfferStatus] = {
    OfferAccepted: OfferStatus.ACCEPTED,
    OfferDeclined: OfferStatus.DECLINED,
    OfferExpired: OfferStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What pricing knows of a dossier and its offer, folded from its events.

    `superseded` says of each replaced offer until when it could be accepted. `derogations` are the proposals about
    the present rating by id, `derogation` the approved one and `approval` its approval; `reminded` is the offer whose
    reminder is sent. By offer, `contests` are the acceptances that were in time and read after its end, `conclusions`
    what a person made of them.
    """

    status: OfferStatus = OfferStatus.NONE
    submitted: DossierSubmitted | None = None
    loans: tuple[Loan, ...] = ()
    profile: RiskProfileRecorded | None = None
    favourable: bool = False
    closed: str | None = None
    drafts: int = 0
    draft: OfferDrafted | None = None
    issued: OfferIssued | None = None
    superseded: Map[str, datetime] = field(default_factory=Map)
    refusal: AutomaticPricingRefused | None = None
    derogations: Map[str, DerogationProposed] = field(default_factory=Map)
    derogation: DerogationProposed | None = None
    approval: DerogationApproved | None = None
    reminded: str | None = None
    contests: Map[str, OfferExpiryContested] = field(default_factory=Map)
    conclusions: Map[str, ContestConcluded] = field(default_factory=Map)

    def fold(self, event: Event) -> "Offer":
        match event:
            case DossierSubmitted():
                return replace(self, submitted=event, loans=self.loans or event.loans)
            case LoansReduced():
                return replace(self, loans=event.loans)
            case RiskProfileRecorded():
                return replace(self, profile=event, derogations=Map(), derogation=None, approval=None)
            case CommitteeOpinionGiven():
                return replace(self, favourable=event.opinion is Opinion.FAVOURABLE)
            case DossierWithdrawn() | DossierFoundIneligible() | BoardRefused() | EngagementLapsed():
                return self._close(type(event).__name__)
            case OfferDrafted():
                return replace(
                    self._unless_issued(OfferStatus.DRAFTED), draft=event, drafts=self.drafts + 1, refusal=None
                )
            case AutomaticPricingRefused(reason=reason):
                status = OfferStatus.REFUSED if reason == RatingRefused.type else OfferStatus.NEEDS_PERSON
                return replace(self._unless_issued(status), draft=None, refusal=event)
            case DerogationProposed(derogation_id=derogation_id):
                return replace(self, derogations=self.derogations.set(derogation_id, event))
            case DerogationApproved(derogation_id=derogation_id):
                return replace(self, derogation=self.derogations[derogation_id], approval=event)
            case _:
                return self._fold_issued(event)

    def _fold_issued(self, event: Event) -> "Offer":
        """From the issue on: what replaces the offer, what answers it, how it ends."""
        match event:
            case OfferIssued():
                return replace(self, status=OfferStatus.ISSUED, issued=event, draft=None)
            case OfferSuperseded(offer_id=offer_id, superseded_at=superseded_at):
                assert self.issued is not None
                until = min(superseded_at, self.issued.valid_until)
                return replace(self, superseded=self.superseded.set(offer_id, until))
            case OfferExpiryContested(offer_id=offer_id):
                status = self.status if offer_id in self.superseded else OfferStatus.CONTESTED
                return replace(self, status=status, contests=self.contests.set(offer_id, event))
            case OfferAccepted() | OfferDeclined() | OfferExpired():
                return replace(self, status=OUTCOMES[type(event)])
            case ContestConcluded(offer_id=offer_id):
                status = self.status if offer_id in self.superseded else OfferStatus.EXPIRED
                return replace(self, status=status, conclusions=self.conclusions.set(offer_id, event))
            case OfferReminderSent(offer_id=offer_id):
                return replace(self, reminded=offer_id)
            case _:
                return self

    @property
    def awaits_conclusion(self) -> bool:
        """A person has to say what becomes of an acceptance."""
        return any(offer_id not in self.conclusions for offer_id in self.contests)

    def _unless_issued(self, status: OfferStatus) -> "Offer":
        """An issued offer stands whatever becomes of the next draft."""
        return self if self.status is OfferStatus.ISSUED else replace(self, status=status)

    def _close(self, reason: str) -> "Offer":
        ended = (OfferStatus.DECLINED, OfferStatus.EXPIRED, OfferStatus.CONTESTED)
        status = self.status if self.status in ended else OfferStatus.CLOSED
        return replace(self, closed=self.closed or reason, status=status)


KIND = StreamKind("offer", Offer(), frozenset({OFFER_TOPIC}))


def dossier_of(offer_id: str) -> str:
    """The dossier of an offer: offers are called `{dossier}-{number}`."""
    return offer_id.rpartition("-")[0]


def stream_of(offer_id: str) -> str:
    """The stream an offer is in."""
    return KIND.stream(dossier_of(offer_id))
