"""A dossier as its bailleur sees it, folded from what every service announced. No rating ever comes here."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from services.intake.domain.status import PublicStatus
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
    SignedConventionRefused,
)
from shared.contracts.envelope import (
    Committed,
    Promoted,
    Released,
    ReservationReduced,
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
    OfferSuperseded,
)
from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind


class DossierOpened(Event):
    """A bailleur began a dossier. Private."""

    dossier_id: str
    siren: str
    campaign_id: str
    opened_at: UtcDatetime


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
class Dossier:
    """`envelope` is what the ledger said last: Reserved, Waitlisted, Promoted, Committed, Released …"""

    opened: DossierOpened | None = None
    submitted: DossierSubmitted | None = None
    reduced: LoansReduced | None = None
    steps: frozenset[PublicStatus] = frozenset()
    end: PublicStatus | None = None
    end_reason: str = ""
    supplement: SupplementRequested | None = None
    offer: OfferIssued | None = None
    answers: tuple[str, ...] = ()
    answer_refused: OfferAnswerRefused | None = None
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
        entered = replace(self, entries=(*self.entries, Entry(moment(event), event)))
        if type(event) in ENDS:
            reason = getattr(event, "reason", "") or " ; ".join(getattr(event, "reasons", ()))
            return entered._ended(ENDS[type(event)], reason)
        if isinstance(event, CommitteeOpinionGiven) and event.opinion is Opinion.UNFAVOURABLE:
            return entered._ended(PublicStatus.UNFAVOURABLE, event.reason)
        if type(event) in STEPS:
            entered = replace(entered, steps=self.steps | {STEPS[type(event)]})
        return entered._keep(event)

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
            case OfferAcceptanceLodged(offer_id=offer_id) | OfferDeclineLodged(offer_id=offer_id):
                return replace(self, answers=(*self.answers, offer_id), answer_refused=None)
            case OfferAnswerRefused(offer_id=offer_id):
                others = tuple(answer for answer in self.answers if answer != offer_id)
                return replace(self, answers=others, answer_refused=event)
            case ConventionSent():
                return replace(self, convention=event)
            case SignedConventionLodged():
                return replace(self, lodged_convention=event)
            case SignedConventionRefused():
                return replace(self, lodged_convention=None)
            case PremiumPaymentRecorded(amount_cents=amount):
                return replace(self, paid_cents=self.paid_cents + amount)
            case Reserved() | Waitlisted() | Promoted() | Committed() | Released() | ReservationRefused():
                return replace(self, envelope=event)
            case _:
                return self

    @property
    def documents(self) -> tuple[StoredDocument, ...]:
        return self.submitted.documents if self.submitted else ()

    @property
    def due_at(self) -> datetime | None:
        """By when the next actor must act, where there is a deadline."""
        match self.status:
            case PublicStatus.SUPPLEMENT_REQUESTED:
                return self.supplement.due_at if self.supplement else None
            case PublicStatus.OFFER_ISSUED | PublicStatus.BOARD_CONFIRMED:
                return self.offer.valid_until if self.offer else None
            case PublicStatus.CONVENTION_SENT:
                return self.convention.return_by if self.convention else None
            case _:
                return None


KIND = StreamKind("dossier", Dossier(), frozenset({DOSSIER_TOPIC}))

MOMENTS = (
    "opened_at",
    "submitted_at",
    "withdrawn_at",
    "reduced_at",
    "lodged_at",
    "started_at",
    "requested_at",
    "stated_at",
    "found_at",
    "sent_at",
    "given_at",
    "issued_at",
    "superseded_at",
    "accepted_at",
    "declined_at",
    "expired_at",
    "refused_at",
    "confirmed_at",
    "engaged_at",
    "checked_at",
    "paid_at",
    "transmitted_at",
    "lapsed_at",
    "reserved_at",
    "waitlisted_at",
    "promoted_at",
    "committed_at",
    "released_at",
    "noted_at",
    "recorded_at",
)


def moment(event: Event) -> datetime:
    """When a fact happened: every event names one of MOMENTS; a payment has a date, taken at noon UTC."""
    if isinstance(event, PremiumPaymentRecorded):
        return datetime.combine(event.received_on, time(12), UTC)
    return next(getattr(event, name) for name in MOMENTS if hasattr(event, name))


def note(dossier: Dossier, event: Event) -> list[Event]:
    """Keep what was announced. What the register holds may be known already: it is written when it is made."""
    return [] if isinstance(event, FROM_THE_REGISTER) and event in (one.event for one in dossier.entries) else [event]


# The facts worth a line for the bailleur, in French.
LABELS: dict[type[Event], str] = {
    DossierOpened: "Dossier créé",
    DossierSubmitted: "Dossier envoyé",
    DossierWithdrawn: "Dossier retiré",
    LoansReduced: "Montants réduits",
    Reserved: "Montant réservé dans l'enveloppe",
    Waitlisted: "Placé sur la liste d'attente",
    ReservationRefused: "Enveloppe consommée",
    Promoted: "Sorti de la liste d'attente, montant réservé",
    ReservationReduced: "Montant réservé réduit",
    Committed: "Montant engagé",
    Released: "Montant libéré",
    ReviewStarted: "Instruction commencée",
    SupplementRequested: "Complément demandé",
    SupplementLodged: "Complément déposé",
    DossierDeemedComplete: "Dossier réputé complet",
    DossierFoundIneligible: "Dossier déclaré inéligible",
    SentToCommittee: "Transmis à la Commission de crédit nationale",
    CommitteeOpinionGiven: "Avis de la Commission de crédit nationale",
    OfferIssued: "Proposition de tarification émise",
    OfferSuperseded: "Proposition remplacée",
    OfferAcceptanceLodged: "Acceptation déposée",
    OfferDeclineLodged: "Refus déposé",
    OfferAccepted: "Acceptation enregistrée",
    OfferDeclined: "Refus enregistré",
    OfferExpired: "Proposition expirée",
    OfferAnswerRefused: "Réponse non recevable",
    BoardConfirmed: "Engagement confirmé par le Conseil d'administration",
    BoardRefused: "Engagement refusé par le Conseil d'administration",
    Engaged: "Engagement réciproque constaté",
    ConventionSent: "Convention et appel de prime envoyés",
    SignedConventionLodged: "Convention signée déposée",
    SignedConventionRefused: "Convention signée non conforme",
    ConventionSigned: "Convention signée contrôlée",
    PremiumPaymentRecorded: "Règlement reçu",
    PremiumPaid: "Prime intégralement réglée",
    ActeTransmitted: "Acte transmis à la Banque des Territoires",
    EngagementLapsed: "Engagement caduc",
}
