"""The accountant's routes for bank statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
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
from shared.uploads import content_disposition

ImportId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in TYPES}}}


class StatementRow(BaseModel):
    """A CSV export has no balances: `balances_checked` tells whether the statement is known to follow the one before.

    `import_id` names it in routes, `file_sha256` is of the bank's file (None when it was not kept yet). `processed`:
    every entry is a payment on its way.
    """

    import_id: str
    statement_id: str
    imported_at: datetime
    opening_cents: int | None
    closing_cents: int | None
    entries: int
    credit_cents: int
    debit_cents: int
    balances_checked: bool
    file_sha256: str | None = None
    processed: bool


class ImportReport(BaseModel):
    """What a file brought. `notices`: what was not looked at or could not be checked, in French."""

    statements: list[StatementRow]
    payments: list[PaymentRow]
    notices: list[str]


def router(statements: Statements) -> APIRouter:
    routes = APIRouter(prefix="/statements", tags=["relevés"])

    @routes.post(
        "", status_code=201, summary="Importer un fichier de relevés, camt.053 ou CSV (corps brut)", openapi_extra=BODY
    )
    async def take(
        request: Request,
        caller: Annotated[Principal, require(Role.ACCOUNTANT)],
        content_type: Annotated[str, Header()] = "",
    ) -> ImportReport:
        content = await _body(request)
        taken, payments = await statements.take(content, content_type, cause_of(request, caller.actor))
        return ImportReport(
            statements=[_row(one) for one in taken],
            payments=[payment_row(payment) for payment in payments],
            notices=notices(taken),
        )

    @routes.get("", summary="Les relevés importés, du plus récent au plus ancien")
    async def list_statements(
        _: Annotated[Principal, require(*READERS)], skip: Skip = 0, limit: Limit = 50
    ) -> list[StatementRow]:
        return [_listed(found["_id"], found) for found in await statements.listed(skip, limit)]

    @routes.get("/{import_id}/file", summary="Le fichier de la banque, tel que reçu")
    async def read_file(import_id: ImportId, _: Annotated[Principal, require(*READERS)]) -> Response:
        document, content = await statements.file(import_id)
        headers = {"Content-Disposition": content_disposition(document.filename)}
        return Response(content, media_type=document.media_type, headers=headers)

    return routes


def notices(taken: Sequence[Import]) -> list[str]:
    """What the person who sent the file should know of it."""
    imported = [one.imported for one in taken if one.imported]
    unchecked = [
        f"Le relevé {one.statement.statement_id} n'indique pas de soldes\u00a0: rien ne dit s'il fait suite "
        "au précédent, et le solde attendu du prochain relevé ne change pas."
        for one in imported
        if not one.statement.has_balances
    ]
    others = dict.fromkeys(other for one in imported for other in one.ignored)
    ignored = [
        f"Le relevé {other.statement_id} du compte {other.account} est ignoré\u00a0: "
        "ce n'est pas le compte d'encaissement."
        for other in others
    ]
    empty = [
        f"L'écriture {entry_id} de 0,00\u00a0€ est laissée de côté\u00a0: elle ne porte pas d'argent."
        for entry_id in dict.fromkeys(entry_id for one in imported for entry_id in one.empty)
    ]
    return unchecked + ignored + empty


def _row(taken: Import) -> StatementRow:
    assert taken.imported is not None
    key = key_of(taken.imported.statement)
    return _listed(key, render_statement(key, taken))


def _listed(import_id: str, found: dict[str, Any]) -> StatementRow:
    return StatementRow.model_validate(
        found | {"import_id": import_id, "balances_checked": found["closing_cents"] is not None}
    )


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
