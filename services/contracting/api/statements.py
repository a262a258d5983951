"""The accountant's routes for bank statements."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from services.contracting.api import Limit, Skip
from services.contracting.api.payments import READERS, PaymentRow
from services.contracting.api.payments import row as payment_row
from services.contracting.domain.statement import Import, key_of
from services.contracting.statements import MAX_BYTES
from services.contracting.statements import READERS as TYPES
from services.contracting.statements.values import StatementTooLarge, StatementUnreadable
from services.contracting.store import render_statement
from services.contracting.usecases.statements import Statements
from shared.auth import Principal, Role, require
from shared.http import cause_of

BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in TYPES}}}


class StatementRow(BaseModel):
    """A CSV export has no balances. `processed`: every entry is a payment on its way."""

    statement_id: str
    imported_at: datetime
    opening_cents: int | None
    closing_cents: int | None
    entries: int
    credit_cents: int
    debit_cents: int
    processed: bool


class StatementDetail(StatementRow):
    payments: list[PaymentRow]


def router(statements: Statements) -> APIRouter:
    routes = APIRouter(prefix="/statements", tags=["relevés"])

    @routes.post("", status_code=201, summary="Importer un relevé, camt.053 ou CSV (corps brut)", openapi_extra=BODY)
    async def take(
        request: Request,
        caller: Annotated[Principal, require(Role.ACCOUNTANT)],
        content_type: Annotated[str, Header()] = "",
    ) -> StatementDetail:
        content = await _body(request)
        taken, payments = await statements.take(content, content_type, cause_of(request, caller.actor))
        return StatementDetail(**_row(taken).model_dump(), payments=[payment_row(payment) for payment in payments])

    @routes.get("", summary="Les relevés importés, du plus récent au plus ancien")
    async def list_statements(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[StatementRow]:
        return [StatementRow.model_validate(found) for found in await statements.listed(skip, limit)]

    return routes


def _row(taken: Import) -> StatementRow:
    assert taken.imported is not None
    return StatementRow.model_validate(render_statement(key_of(taken.imported.statement), taken))


async def _body(request: Request) -> bytes:
    """The whole body, bounded. Raises: StatementTooLarge; StatementUnreadable when the sender goes away."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BYTES:
                raise StatementTooLarge(f"Le relevé dépasse {MAX_BYTES // (1024 * 1024)} Mio.", limit_bytes=MAX_BYTES)
    except ClientDisconnect:
        raise StatementUnreadable("Le relevé n'est pas arrivé en entier : envoyez-le à nouveau.") from None
    return bytes(content)
