"""The accountant's routes."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.contracting.api import Limit, Skip
from services.contracting.domain.payment import Payment, PaymentStatus
from services.contracting.usecases.payments import Payments
from shared.auth import Principal, Role, require
from shared.http import cause_of

READERS = (Role.ACCOUNTANT, Role.AUDITOR)


class PaymentRequest(BaseModel):
    """One bank entry. `payment_id` names it for good: the same id with other content is refused."""

    model_config = ConfigDict(extra="forbid")

    payment_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    reference: str = Field(min_length=1, max_length=140)
    amount_cents: StrictInt
    received_on: date


class MatchRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dossier_id: str = Field(min_length=1, max_length=64)


class PaymentRow(BaseModel):
    payment_id: str
    reference: str
    amount_cents: int
    received_on: date
    recorded_at: datetime
    dossier_id: str | None
    status: PaymentStatus


class OverpaidRow(BaseModel):
    """`ended`: the end that makes all of it due back, if any."""

    dossier_id: str
    deposit_number: int
    bailleur: str
    payment_reference: str
    premium_cents: int
    paid_cents: int
    to_return_cents: int
    ended: str | None


def router(payments: Payments) -> APIRouter:
    routes = APIRouter(prefix="/payments", tags=["règlements"])

    @routes.post("", summary="Enregistrer un règlement reçu")
    async def record(
        body: PaymentRequest, request: Request, caller: Annotated[Principal, require(Role.ACCOUNTANT)]
    ) -> PaymentRow:
        cause = cause_of(request, caller.actor)
        return row(await payments.record(body.payment_id, body.reference, body.amount_cents, body.received_on, cause))

    @routes.get("/unmatched", summary="Les règlements à rapprocher")
    async def list_unmatched(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[PaymentRow]:
        return [PaymentRow.model_validate(found) for found in await payments.unmatched(skip, limit)]

    @routes.post("/{payment_id}/match", summary="Rapprocher un règlement d'un dossier")
    async def match(
        payment_id: str,
        body: MatchRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.ACCOUNTANT)],
    ) -> PaymentRow:
        return row(await payments.match(payment_id, body.dossier_id, cause_of(request, caller.actor)))

    @routes.get("/overpaid", summary="Les trop-perçus à restituer")
    async def list_overpaid(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[OverpaidRow]:
        return [OverpaidRow.model_validate(found) for found in await payments.overpaid(skip, limit)]

    return routes


def row(payment: Payment) -> PaymentRow:
    received = payment.received
    assert received is not None
    return PaymentRow(
        payment_id=received.payment_id,
        reference=received.reference,
        amount_cents=received.amount_cents,
        received_on=received.received_on,
        recorded_at=received.recorded_at,
        dossier_id=payment.matched.dossier_id if payment.matched else None,
        status=payment.status,
    )
