"""What intake announces."""

from typing import ClassVar

from shared.contracts.values import Bailleur, FinancingPlan, Loan, Operation, StoredDocument
from shared.events import Event, UtcDatetime

REGISTER_TOPIC = "intake.register.v1"
DOSSIER_TOPIC = "intake.dossier.v1"
BAILLEUR_TOPIC = "intake.bailleur.v1"
QUESTION_TOPIC = "intake.question.v1"


class DossierSubmitted(Event):
    """The definitive deposit and its number, one fact (cahier des charges 2.B priority 1)."""

    topic: ClassVar[str | None] = REGISTER_TOPIC
    campaign_id: str
    dossier_id: str
    deposit_number: int
    submitted_at: UtcDatetime
    bailleur: Bailleur
    operation: Operation
    loans: tuple[Loan, ...]
    principal_cents: int
    financing: FinancingPlan
    documents: tuple[StoredDocument, ...]


class DossierWithdrawn(Event):
    topic: ClassVar[str | None] = REGISTER_TOPIC
    campaign_id: str
    dossier_id: str
    withdrawn_at: UtcDatetime
    reason: str = ""


class LoansReduced(Event):
    """After submission amounts only go down (DOMAIN, Campaign rules). `loans` are all lines as they now stand."""

    topic: ClassVar[str | None] = REGISTER_TOPIC
    campaign_id: str
    dossier_id: str
    reduced_at: UtcDatetime
    loans: tuple[Loan, ...]
    principal_cents: int


class SupplementLodged(Event):
    topic: ClassVar[str | None] = DOSSIER_TOPIC
    dossier_id: str
    request_id: str
    lodged_at: UtcDatetime
    documents: tuple[StoredDocument, ...]
    message: str = ""


class OfferAcceptanceLodged(Event):
    """The bailleur's acceptance as received; `lodged_at` is the moment that counts (DOMAIN rule 7).

    `document_sha256` is that of the offer that was read; acceptances lodged before it was kept have none.
    """

    topic: ClassVar[str | None] = DOSSIER_TOPIC
    dossier_id: str
    offer_id: str
    lodged_at: UtcDatetime
    document_sha256: str | None = None


class OfferDeclineLodged(Event):
    topic: ClassVar[str | None] = DOSSIER_TOPIC
    dossier_id: str
    offer_id: str
    lodged_at: UtcDatetime
    reason: str = ""


class SignedConventionLodged(Event):
    topic: ClassVar[str | None] = DOSSIER_TOPIC
    dossier_id: str
    lodged_at: UtcDatetime
    document: StoredDocument


class BailleurRegistered(Event):
    topic: ClassVar[str | None] = BAILLEUR_TOPIC
    bailleur: Bailleur
    registered_at: UtcDatetime


class QuestionAsked(Event):
    """A question, without the person: its mail address stays in intake."""

    topic: ClassVar[str | None] = QUESTION_TOPIC
    question_id: str
    siren: str
    subject: str
    dossier_id: str | None
    asked_at: UtcDatetime
