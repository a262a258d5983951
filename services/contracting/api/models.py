"""What the engagement routes take and answer."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.contracting.domain import gate as domain_gate
from services.contracting.domain.acte import channels_left
from services.contracting.domain.convention import overdue
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Channel, EngagementScreened, Purpose, Verdict
from services.contracting.domain.gate import Who
from services.contracting.domain.states import EngagementState
from services.contracting.store import render
from shared.errors import NotFound

LABELS = {
    EngagementState.SUBMITTED: "Déposé",
    EngagementState.FAVOURABLE: "Avis favorable de la Commission de crédit nationale",
    EngagementState.OFFER_ISSUED: "Offre émise",
    EngagementState.OFFER_ACCEPTED: "Offre acceptée, en attente du conseil",
    EngagementState.BOARD_CONFIRMED: "Confirmé par le conseil, en attente de l'acceptation",
    EngagementState.ENGAGED: "Engagé",
    EngagementState.CONVENTION_SENT: "Convention envoyée",
    EngagementState.CONVENTION_SIGNED: "Convention signée, prime attendue",
    EngagementState.PREMIUM_PAID: "Prime réglée, convention signée attendue",
    EngagementState.ACTE_DUE: "Acte à établir",
    EngagementState.ACTE_PREPARED: "Acte établi, en cours de transmission",
    EngagementState.ACTE_TRANSMITTED: "Acte transmis à la Banque des Territoires",
    EngagementState.WITHDRAWN: "Retiré",
    EngagementState.INELIGIBLE: "Inéligible",
    EngagementState.UNFAVOURABLE: "Avis défavorable de la Commission de crédit nationale",
    EngagementState.OFFER_DECLINED: "Offre déclinée",
    EngagementState.OFFER_EXPIRED: "Offre expirée",
    EngagementState.BOARD_REFUSED: "Refusé par le conseil",
    EngagementState.LAPSED: "Caduc",
    EngagementState.RELEASED: "Réservation libérée",
}


class ScreeningRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    screened_on: date
    clear: bool


class CheckRequest(BaseModel):
    """A refusal needs a reason: the bailleur reads it. A return signed by hand needs what was compared."""

    model_config = ConfigDict(extra="forbid")

    document_id: str = Field(min_length=1, max_length=64)
    decision: Verdict
    reason: str = Field(default="", max_length=2000)


class LapseRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000)


class AcknowledgementRequest(BaseModel):
    """What the BdT answered: its own reference and the day it says to have the acte since."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=140)
    received_on: date


class EngagementRow(BaseModel):
    """`*_overdue` is the reminder: a person then decides the lapse."""

    dossier_id: str
    campaign_id: str | None
    deposit_number: int | None
    bailleur: str | None
    operation: str | None
    principal_cents: int
    state: EngagementState
    state_label: str
    premium_cents: int | None
    payment_reference: str | None
    return_by: datetime | None
    premium_due_on: date | None
    convention_overdue: bool
    premium_overdue: bool
    to_check: bool
    convention_outdated: bool
    paid_cents: int
    promised_cents: int = 0
    outstanding_cents: int
    to_return_cents: int


class PaymentLine(BaseModel):
    payment_id: str
    amount_cents: int
    received_on: date
    outstanding_cents: int
    overpaid_cents: int


class EngagementDetail(EngagementRow):
    offer_id: str | None
    accepted_at: datetime | None
    board: str | None
    board_session_date: date | None
    engaged_at: datetime | None
    committed_at: datetime | None
    sent_at: datetime | None
    document_to_check: str | None
    signed_at: datetime | None
    paid_at: datetime | None
    acte_prepared_at: datetime | None
    acte_transmitted_at: datetime | None
    ended: EngagementState | None
    documents: list[str]
    payments: list[PaymentLine]


class ProofDetail(BaseModel):
    channel: Channel
    destination: str
    name: str
    sha256: str
    size_bytes: int
    answer: str
    sent_at: datetime


class DeliveryDetail(BaseModel):
    """The proof of each delivery, the ways the acte has still to go, the BdT's acknowledgement once there is one."""

    proofs: list[ProofDetail]
    channels_left: list[Channel]
    acknowledged_reference: str | None
    acknowledged_on: date | None


class MissingItem(BaseModel):
    code: str
    label: str
    who: Who
    since: datetime | None


class Gate(BaseModel):
    """What the acte waits for; `open` when nothing is missing and the dossier has not ended."""

    dossier_id: str
    state: EngagementState
    open: bool
    missing: list[MissingItem]


class ScreeningDetail(BaseModel):
    purpose: Purpose
    screened_on: date
    clear: bool
    recorded_by: str
    recorded_at: datetime


def row_fields(view: dict[str, Any], now: datetime) -> dict[str, Any]:
    return view | {
        "state_label": LABELS[EngagementState(view["state"])],
        "convention_overdue": overdue(view["return_awaited_until"], now),
        "premium_overdue": overdue(view["premium_awaited_until"], now),
    }


def row(view: dict[str, Any], now: datetime) -> EngagementRow:
    return EngagementRow.model_validate(row_fields(view, now))


def detail(dossier_id: str, engagement: Engagement, now: datetime) -> EngagementDetail:
    waiting, board = engagement.to_check, engagement.board
    fields = row_fields(render(dossier_id, engagement), now) | {
        "offer_id": engagement.accepted.offer_id if engagement.accepted else None,
        "accepted_at": engagement.accepted.accepted_at if engagement.accepted else None,
        "board_session_date": board.session_date if board else None,
        "engaged_at": engagement.engaged.engaged_at if engagement.engaged else None,
        "committed_at": engagement.committed.committed_at if engagement.committed else None,
        "sent_at": engagement.convention.sent_at if engagement.convention else None,
        "document_to_check": waiting.document.document_id if waiting else None,
        "signed_at": engagement.signed.checked_at if engagement.signed else None,
        "paid_at": engagement.paid.paid_at if engagement.paid else None,
        "acte_prepared_at": engagement.prepared.prepared_at if engagement.prepared else None,
        "acte_transmitted_at": engagement.transmitted.transmitted_at if engagement.transmitted else None,
        "documents": [kind.value for kind in engagement.documents],
        "payments": [payment.model_dump() for payment in engagement.account.payments],
    }
    return EngagementDetail.model_validate(fields)


def gate(dossier_id: str, engagement: Engagement, now: datetime, actor: str) -> Gate:
    missing = domain_gate.acte_gate(engagement, now, actor)
    return Gate(
        dossier_id=dossier_id,
        state=engagement.state,
        open=not missing and engagement.end is None,
        missing=[MissingItem.model_validate(one, from_attributes=True) for one in missing],
    )


def screenings(engagement: Engagement) -> list[ScreeningDetail]:
    made: tuple[EngagementScreened | None, ...] = (engagement.convention_screening, engagement.acte_screening)
    return [ScreeningDetail.model_validate(one.model_dump(exclude={"dossier_id"})) for one in made if one]


def delivery(engagement: Engagement) -> DeliveryDetail:
    """Raises: NotFound while nothing was delivered."""
    if not engagement.deliveries:
        raise NotFound("L'acte n'est pas encore transmis.")
    answered = engagement.acknowledged
    return DeliveryDetail(
        proofs=[ProofDetail.model_validate(one.proof.model_dump()) for one in engagement.deliveries],
        channels_left=list(channels_left(engagement)),
        acknowledged_reference=answered.reference if answered else None,
        acknowledged_on=answered.received_on if answered else None,
    )
