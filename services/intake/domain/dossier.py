"""A dossier as its bailleur sees it, folded from what every service announced. No rating ever comes here."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.domain.facts import DocumentScanned, DocumentUploaded, DossierOpened, Notice, OfferNoticeMailed
from services.intake.domain.status import ALS, BAILLEUR, TABLE, PublicStatus
from services.intake.domain.timeline import moment
from shared.calendar import end_of_day
from shared.contracts.contracting import (
    ActeTransmitted,
    BoardConfirmed,
    BoardRefused,
    ConventionSent,
    ConventionSigned,
    Engaged,
    EngagementLapsed,
    PremiumPaid,
    PremiumPaymentRecorded,
    PremiumPaymentReversed,
    SignedConventionRefused,
)
from shared.contracts.envelope import (
    Committed,
    Promoted,
    Released,
    ReservationRefused,
    Reserved,
    Waitlisted,
)
from shared.contracts.instruction import (
    CommitteeOpinionGiven,
    DossierDeemedComplete,
    DossierFoundIneligible,
    Opinion,
    ReviewStarted,
    SentToCommittee,
    SupplementRequested,
)
from shared.contracts.intake import (
    DOSSIER_TOPIC,
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    OfferAcceptanceLodged,
    OfferDeclineLodged,
    SignedConventionLodged,
    SupplementLodged,
)
from shared.contracts.pricing import (
    OfferAccepted,
    OfferAnswerRefused,
    OfferDeclined,
    OfferExpired,
    OfferIssued,
)
from shared.contracts.values import StoredDocument
from shared.events import Event
from shared.journal import StreamKind

FROM_THE_REGISTER = (DossierSubmitted, DossierWithdrawn, LoansReduced)

# The end each of these facts puts to a dossier.
ENDS: dict[type[Event], PublicStatus] = {
    DossierWithdrawn: PublicStatus.WITHDRAWN,
    DossierFoundIneligible: PublicStatus.INELIGIBLE,
    OfferDeclined: PublicStatus.OFFER_DECLINED,
    OfferExpired: PublicStatus.OFFER_EXPIRED,
    BoardRefused: PublicStatus.BOARD_REFUSED,
    EngagementLapsed: PublicStatus.LAPSED,
}
# How far each of these facts brings it; facts come from several topics, so the furthest counts.
STEPS: dict[type[Event], PublicStatus] = {
    ActeTransmitted: PublicStatus.ACTE_TRANSMITTED,
    PremiumPaid: PublicStatus.PREMIUM_PAID,
    ConventionSigned: PublicStatus.CONVENTION_SIGNED,
    ConventionSent: PublicStatus.CONVENTION_SENT,
    Engaged: PublicStatus.ENGAGED,
    OfferAccepted: PublicStatus.OFFER_ACCEPTED,
    BoardConfirmed: PublicStatus.BOARD_CONFIRMED,
    OfferIssued: PublicStatus.OFFER_ISSUED,
    CommitteeOpinionGiven: PublicStatus.FAVOURABLE,
    SentToCommittee: PublicStatus.IN_COMMITTEE,
    DossierDeemedComplete: PublicStatus.DEEMED_COMPLETE,
    ReviewStarted: PublicStatus.UNDER_REVIEW,
    DossierSubmitted: PublicStatus.SUBMITTED,
}
FURTHEST_FIRST = tuple(STEPS.values())


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded document; `safe` is None until it is scanned."""

    document: StoredDocument
    pages: int | None
    uploaded_at: datetime
    safe: bool | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """`uploads` are every version of every kind, as they came. `envelope` is what the ledger said last: Reserved,
    Waitlisted, Promoted, Committed, Released … `told` is what was mailed of which offer.
    """

    opened: DossierOpened | None = None
    uploads: tuple[Upload, ...] = ()
    submitted: DossierSubmitted | None = None
    reduced: LoansReduced | None = None
    steps: frozenset[PublicStatus] = frozenset()
    end: PublicStatus | None = None
    end_reason: str = ""
    supplement: SupplementRequested | None = None
    offer: OfferIssued | None = None
    answers: tuple[OfferAcceptanceLodged | OfferDeclineLodged, ...] = ()
    answer_refused: OfferAnswerRefused | None = None
    told: frozenset[tuple[str, Notice]] = frozenset()
    convention: ConventionSent | None = None
    lodged_convention: SignedConventionLodged | None = None
    envelope: Event | None = None
    paid_cents: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def status(self) -> PublicStatus:
        if self.end is not None:
            return self.end
        if self.supplement is not None:
            return PublicStatus.SUPPLEMENT_REQUESTED
        return next((step for step in FURTHEST_FIRST if step in self.steps), PublicStatus.DRAFT)

    def fold(self, event: Event) -> "Dossier":
        if isinstance(event, DocumentUploaded | DocumentScanned):
            return replace(self, uploads=self._uploads_after(event))
        if isinstance(event, OfferNoticeMailed):
            return replace(self, told=self.told | {(event.offer_id, event.notice)})
        entered = replace(self, entries=(*self.entries, Entry(moment(event), event)))
        if type(event) in ENDS:
            reason = getattr(event, "reason", "") or " ; ".join(getattr(event, "reasons", ()))
            return entered._ended(ENDS[type(event)], reason)
        if isinstance(event, CommitteeOpinionGiven) and event.opinion is Opinion.UNFAVOURABLE:
            return entered._ended(PublicStatus.UNFAVOURABLE, event.reason)
        if type(event) in STEPS:
            entered = replace(entered, steps=self.steps | {STEPS[type(event)]})
        return entered._keep(event)

    def _uploads_after(self, event: DocumentUploaded | DocumentScanned) -> tuple[Upload, ...]:
        if isinstance(event, DocumentUploaded):
            return (*self.uploads, Upload(event.document, event.pages, event.uploaded_at))
        return tuple(
            replace(one, safe=event.safe) if one.document.document_id == event.document_id else one
            for one in self.uploads
        )

    def _ended(self, end: PublicStatus, reason: str) -> "Dossier":
        """The first end and its own reason stay, whatever is announced after."""
        return self if self.end is not None else replace(self, end=end, end_reason=reason)

    def _keep(self, event: Event) -> "Dossier":
        match event:
            case DossierOpened():
                return replace(self, opened=event)
            case DossierSubmitted():
                return replace(self, submitted=event)
            case LoansReduced():
                return replace(self, reduced=event)
            case SupplementRequested():
                return replace(self, supplement=event)
            case SupplementLodged(request_id=request_id):
                answered = self.supplement is not None and self.supplement.request_id == request_id
                return replace(self, supplement=None if answered else self.supplement)
            case OfferIssued():
                return replace(self, offer=event)
            case OfferAcceptanceLodged() | OfferDeclineLodged():
                return replace(self, answers=(*self.answers, event), answer_refused=None)
            case OfferAnswerRefused(offer_id=offer_id):
                others = tuple(answer for answer in self.answers if answer.offer_id != offer_id)
                return replace(self, answers=others, answer_refused=event)
            case ConventionSent():
                return replace(self, convention=event)
            case SignedConventionLodged():
                return replace(self, lodged_convention=event)
            case SignedConventionRefused():
                return replace(self, lodged_convention=None)
            case PremiumPaymentRecorded(amount_cents=amount):
                return replace(self, paid_cents=self.paid_cents + amount)
            case PremiumPaymentReversed(amount_cents=amount, outstanding_cents=outstanding):
                steps = self.steps - {PublicStatus.PREMIUM_PAID} if outstanding else self.steps
                return replace(self, paid_cents=self.paid_cents - amount, steps=steps)
            case Reserved() | Waitlisted() | Promoted() | Committed() | Released() | ReservationRefused():
                return replace(self, envelope=event)
            case _:
                return self

    @property
    def documents(self) -> tuple[StoredDocument, ...]:
        return self.submitted.documents if self.submitted else ()

    def uploads_of(self, kind: str) -> tuple[Upload, ...]:
        """Its versions, from 1."""
        return tuple(one for one in self.uploads if one.document.kind == kind)

    def upload(self, document_id: str) -> Upload | None:
        return next((one for one in self.uploads if one.document.document_id == document_id), None)

    def answer_to(self, offer_id: str) -> OfferAcceptanceLodged | OfferDeclineLodged | None:
        """The answer lodged to an offer that awaits its outcome, or has it."""
        return next((answer for answer in self.answers if answer.offer_id == offer_id), None)

    @property
    def _return_awaited(self) -> bool:
        """The convention is the bailleur's to sign; one that was lodged is ALS's to check."""
        return self.lodged_convention is None and PublicStatus.CONVENTION_SIGNED not in self.steps

    @property
    def next_actor(self) -> str:
        """Signature and premium come in any order: who acts next depends on the other one."""
        match self.status:
            case PublicStatus.PREMIUM_PAID if self._return_awaited:
                return BAILLEUR
            case PublicStatus.CONVENTION_SENT if not self._return_awaited:
                return ALS
            case status:
                return TABLE[status].next_actor

    @property
    def due_at(self) -> datetime | None:
        """By when the bailleur must act, where there is a deadline."""
        supplement, offer, convention = self.supplement, self.offer, self.convention
        match self.status:
            case PublicStatus.SUPPLEMENT_REQUESTED:
                return supplement.due_at if supplement else None
            case PublicStatus.OFFER_ISSUED | PublicStatus.BOARD_CONFIRMED:
                return offer.valid_until if offer else None
            case PublicStatus.CONVENTION_SENT | PublicStatus.CONVENTION_SIGNED | PublicStatus.PREMIUM_PAID:
                return self._engagement_due(convention) if convention else None
            case _:
                return None

    def _engagement_due(self, convention: ConventionSent) -> datetime | None:
        """The earliest of what is still awaited from the bailleur."""
        awaited = [convention.return_by] if self._return_awaited else []
        if PublicStatus.PREMIUM_PAID not in self.steps:
            awaited.append(end_of_day(convention.premium_due_on))
        return min(awaited, default=None)


KIND = StreamKind("dossier", Dossier(), frozenset({DOSSIER_TOPIC}))


def note(dossier: Dossier, event: Event) -> list[Event]:
    """Keep what was announced. What the register holds may be known already: it is written when it is made."""
    return [] if isinstance(event, FROM_THE_REGISTER) and event in (one.event for one in dossier.entries) else [event]
