"""The lines of a dossier's timeline: when each fact happened and what the bailleur reads."""

from datetime import UTC, datetime, time

from services.intake.domain.facts import DossierOpened
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
    RefusalGround,
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
    ReviewStarted,
    SentToCommittee,
    SupplementRequested,
)
from shared.contracts.intake import (
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
    OfferExpiryContested,
    OfferIssued,
    OfferReminderSent,
    OfferSuperseded,
)
from shared.events import Event

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
    "reversed_at",
    "noted_at",
    "recorded_at",
)


def moment(event: Event) -> datetime:
    """When a fact happened: every event names one of MOMENTS; a payment has a date, taken at noon UTC."""
    if isinstance(event, PremiumPaymentRecorded):
        return datetime.combine(event.received_on, time(12), UTC)
    return next(getattr(event, name) for name in MOMENTS if hasattr(event, name))


# What the bailleur reads of a reservation refused for another reason than want of room.
GROUNDS: dict[RefusalGround, str] = {
    RefusalGround.AMOUNT_ABOVE_CAP: "Montant supérieur au plafond de l'enveloppe",
    RefusalGround.INVALID_AMOUNT: "Montant non valide",
}
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
    OfferReminderSent: "Rappel : la proposition arrive à son terme",
    OfferExpired: "Proposition expirée",
    OfferExpiryContested: "Acceptation reçue à temps, lue après la fin de la proposition : une personne la revoit",
    OfferAnswerRefused: "Réponse non recevable",
    BoardConfirmed: "Engagement confirmé par le Conseil d'administration",
    BoardRefused: "Engagement refusé par le Conseil d'administration",
    Engaged: "Engagement réciproque constaté",
    ConventionSent: "Convention et appel de prime envoyés",
    SignedConventionLodged: "Convention signée déposée",
    SignedConventionRefused: "Convention signée non conforme",
    ConventionSigned: "Convention signée contrôlée",
    PremiumPaymentRecorded: "Règlement reçu",
    PremiumPaymentReversed: "Règlement restitué ou repris",
    PremiumPaid: "Prime intégralement réglée",
    ActeTransmitted: "Acte transmis à la Banque des Territoires",
    EngagementLapsed: "Engagement caduc",
}


def label(event: Event) -> str:
    """The line of a fact that is worth one."""
    if isinstance(event, ReservationRefused) and event.ground in GROUNDS:
        return GROUNDS[event.ground]
    return LABELS[type(event)]
