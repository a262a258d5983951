"""What a landlord sees of its dossier: public states, their French labels, who acts next (DOMAIN, Public states)."""

from dataclasses import dataclass
from enum import StrEnum

BAILLEUR = "Bailleur"
ALS = "Action Logement Services"
COMMITTEE = "Commission de crédit nationale"
BOARD = "Conseil d'administration"
NOBODY = "—"


class PublicStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    DEEMED_COMPLETE = "deemed_complete"
    IN_COMMITTEE = "in_committee"
    FAVOURABLE = "favourable"
    OFFER_ISSUED = "offer_issued"
    OFFER_ACCEPTED = "offer_accepted"
    BOARD_CONFIRMED = "board_confirmed"
    ENGAGED = "engaged"
    CONVENTION_SENT = "convention_sent"
    CONVENTION_SIGNED = "convention_signed"
    PREMIUM_PAID = "premium_paid"
    ACTE_TRANSMITTED = "acte_transmitted"
    WITHDRAWN = "withdrawn"
    INELIGIBLE = "ineligible"
    UNFAVOURABLE = "unfavourable"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    BOARD_REFUSED = "board_refused"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the state table; `ended`: nothing follows."""

    label: str
    next_actor: str
    ended: bool = False


TABLE: dict[PublicStatus, Row] = {
    PublicStatus.DRAFT: Row("Brouillon", BAILLEUR),
    PublicStatus.SUBMITTED: Row("Envoyé", ALS),
    PublicStatus.UNDER_REVIEW: Row("En cours d'instruction", ALS),
    PublicStatus.SUPPLEMENT_REQUESTED: Row("Complément demandé", BAILLEUR),
    PublicStatus.DEEMED_COMPLETE: Row("Réputé complet", ALS),
    PublicStatus.IN_COMMITTEE: Row("En Commission de crédit nationale", COMMITTEE),
    PublicStatus.FAVOURABLE: Row("Avis favorable, tarification en préparation", ALS),
    PublicStatus.OFFER_ISSUED: Row("Proposition de tarification émise", BAILLEUR),
    PublicStatus.OFFER_ACCEPTED: Row("Proposition acceptée, confirmation du Conseil attendue", BOARD),
    PublicStatus.BOARD_CONFIRMED: Row("Confirmé par le Conseil, acceptation attendue", BAILLEUR),
    PublicStatus.ENGAGED: Row("Engagement confirmé, convention en préparation", ALS),
    PublicStatus.CONVENTION_SENT: Row("Convention envoyée, signature et prime attendues", BAILLEUR),
    PublicStatus.CONVENTION_SIGNED: Row("Convention signée, prime attendue", BAILLEUR),
    PublicStatus.PREMIUM_PAID: Row("Prime réglée", ALS),
    PublicStatus.ACTE_TRANSMITTED: Row("Acte transmis à la Banque des Territoires", NOBODY, ended=True),
    PublicStatus.WITHDRAWN: Row("Retiré par le bailleur", NOBODY, ended=True),
    PublicStatus.INELIGIBLE: Row("Inéligible", NOBODY, ended=True),
    PublicStatus.UNFAVOURABLE: Row("Avis défavorable", NOBODY, ended=True),
    PublicStatus.OFFER_DECLINED: Row("Proposition déclinée", NOBODY, ended=True),
    PublicStatus.OFFER_EXPIRED: Row("Proposition expirée", NOBODY, ended=True),
    PublicStatus.BOARD_REFUSED: Row("Refusé par le Conseil", NOBODY, ended=True),
    PublicStatus.LAPSED: Row("Engagement caduc", NOBODY, ended=True),
}
