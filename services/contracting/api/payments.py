"""The accountant's routes."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.contracting.api import Limit, Skip
from services.contracting.domain.facts import Basis, Direction
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.store import render_payment
from services.contracting.usecases.payments import Payments
from services.contracting.usecases.refunds import Refunds
from shared.auth import Principal, Role, require
from shared.http import cause_of

READERS = (Role.ACCOUNTANT, Role.AUDITOR)

PaymentId = Annotated[str, Path(max_length=64)]
Accountant = Annotated[Principal, require(Role.ACCOUNTANT)]


class PaymentRequest(BaseModel):
    """One bank entry, for a second person to confirm.

    `payment_id` names it for good: the same id with other content is refused.
    """

    model_config = ConfigDict(extra="forbid")

    payment_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    reference: str = Field(min_length=1, max_length=140)
    amount_cents: StrictInt
    received_on: date


class MatchRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dossier_id: str = Field(min_length=1, max_length=64)


class ReasonRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000)


class DuplicateRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    duplicate_of: str = Field(min_length=1, max_length=64)


class ReturnedRequest(BaseModel):
    """`bank_reference`: the outgoing transfer, as the bank names it."""

    model_config = ConfigDict(extra="forbid")

    returned_on: date
    bank_reference: str = Field(min_length=1, max_length=140)


class DebitRequest(BaseModel):
    """`credit_id`: the payment whose money the debit took back."""

    model_config = ConfigDict(extra="forbid")

    credit_id: str = Field(min_length=1, max_length=64)


class PaymentRow(BaseModel):
    """`queue`: where it waits for a look, if anywhere. `basis`: what told the dossier. `ended`: why it is due back.

    `entered_by`: who entered it by hand, empty for the bank's word; it counts once `confirmed_by` another person.
    """

    payment_id: str
    direction: Direction
    reference: str
    amount_cents: int
    received_on: date
    recorded_at: datetime
    payer: str
    bank_reference: str
    dossier_id: str | None
    basis: Basis | None
    duplicate_of: str | None
    to_return_cents: int
    queue: Queue | None
    status: PaymentStatus
    entered_by: str = ""
    confirmed_by: str | None = None
    ended: str | None = None


class HeldRow(BaseModel):
    """A counted payment; `left_cents` have not gone back, of which `to_return_cents` are decided to."""

    payment_id: str
    amount_cents: int
    left_cents: int
    to_return_cents: int
    received_on: date
    payer: str


class OverpaidRow(BaseModel):
    """`ended`: the end that makes all of it due back, if any. `payments` hold the money, the oldest first."""

    dossier_id: str
    deposit_number: int
    bailleur: str
    payment_reference: str
    premium_cents: int
    paid_cents: int
    to_return_cents: int
    ended: str | None
    payments: list[HeldRow]


def router(payments: Payments, refunds: Refunds) -> APIRouter:
    routes = APIRouter(prefix="/payments", tags=["règlements"])

    @routes.post("", summary="Saisir un règlement reçu, à confirmer par une seconde personne")
    async def record(body: PaymentRequest, request: Request, caller: Accountant) -> PaymentRow:
        cause = cause_of(request, caller.actor)
        return row(await payments.record(body.payment_id, body.reference, body.amount_cents, body.received_on, cause))

    @routes.post("/{payment_id}/confirmation", summary="Confirmer un règlement saisi par une autre personne")
    async def confirm(payment_id: PaymentId, request: Request, caller: Accountant) -> PaymentRow:
        return row(await payments.confirm(payment_id, cause_of(request, caller.actor)))

    @routes.get("/unmatched", summary="Les règlements à rapprocher")
    async def list_unmatched(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[PaymentRow]:
        return [PaymentRow.model_validate(found) for found in await payments.unmatched(skip, limit)]

    @routes.post("/{payment_id}/match", summary="Rapprocher un règlement d'un dossier")
    async def match(payment_id: PaymentId, body: MatchRequest, request: Request, caller: Accountant) -> PaymentRow:
        return row(await payments.match(payment_id, body.dossier_id, cause_of(request, caller.actor)))

    @routes.get(
        "/queues/{queue}",
        summary="Une file : à confirmer, exacts, partiels, trop-perçus, inconnus, doublons, à restituer",
    )
    async def list_queue(
        queue: Queue, _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[PaymentRow]:
        return [PaymentRow.model_validate(found) for found in await payments.queue(queue, skip, limit)]

    @routes.get("/overpaid", summary="Les trop-perçus à restituer")
    async def list_overpaid(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[OverpaidRow]:
        return [OverpaidRow.model_validate(found) for found in await payments.overpaid(skip, limit)]

    _deciding(routes, payments)
    _returning(routes, refunds)
    return routes


def _deciding(routes: APIRouter, payments: Payments) -> None:
    @routes.post("/{payment_id}/duplicate", summary="Signaler un doublon : il n'est pas compté")
    async def mark_duplicate(
        payment_id: PaymentId, body: DuplicateRequest, request: Request, caller: Accountant
    ) -> PaymentRow:
        return row(await payments.mark_duplicate(payment_id, body.duplicate_of, cause_of(request, caller.actor)))

    @routes.post("/{payment_id}/dismissal", summary="Classer une écriture, avec son motif")
    async def dismiss(payment_id: PaymentId, body: ReasonRequest, request: Request, caller: Accountant) -> PaymentRow:
        return row(await payments.dismiss(payment_id, body.reason, cause_of(request, caller.actor)))


def _returning(routes: APIRouter, refunds: Refunds) -> None:
    @routes.post("/{payment_id}/return", summary="Décider la restitution d'un règlement")
    async def decide_return(
        payment_id: PaymentId, body: ReasonRequest, request: Request, caller: Accountant
    ) -> PaymentRow:
        return row(await refunds.decide_return(payment_id, body.reason, cause_of(request, caller.actor)))

    @routes.post("/{payment_id}/return-withdrawal", summary="Renoncer à une restitution décidée et pas encore faite")
    async def withdraw_return(
        payment_id: PaymentId, body: ReasonRequest, request: Request, caller: Accountant
    ) -> PaymentRow:
        return row(await refunds.withdraw_return(payment_id, body.reason, cause_of(request, caller.actor)))

    @routes.post("/{payment_id}/returned", summary="Constater la restitution d'un règlement")
    async def record_return(
        payment_id: PaymentId, body: ReturnedRequest, request: Request, caller: Accountant
    ) -> PaymentRow:
        cause = cause_of(request, caller.actor)
        return row(await refunds.record_return(payment_id, body.returned_on, body.bank_reference, cause))

    @routes.post("/{payment_id}/debit", summary="Imputer un débit sur l'encaissement qu'il annule")
    async def apply_debit(
        payment_id: PaymentId, body: DebitRequest, request: Request, caller: Accountant
    ) -> PaymentRow:
        return row(await refunds.apply_debit(payment_id, body.credit_id, cause_of(request, caller.actor)))


def row(payment: Payment) -> PaymentRow:
    assert payment.received is not None
    return PaymentRow.model_validate(render_payment(payment.received.payment_id, payment))
