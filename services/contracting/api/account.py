"""The accountant's routes for the collection account: where its statements stand, and how a broken chain goes on."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.contracting.api.payments import READERS
from services.contracting.domain.account import Account
from services.contracting.usecases.statements import Statements
from shared.auth import Principal, Role, require
from shared.http import cause_of

Accountant = Annotated[Principal, require(Role.ACCOUNTANT)]


class OpeningBalanceRequest(BaseModel):
    """On which balance the next statement opens, negative when the account is overdrawn, and why it is said by hand."""

    model_config = ConfigDict(extra="forbid")

    balance_cents: StrictInt
    reason: str = Field(min_length=1, max_length=2000)


class ProposalDetail(BaseModel):
    proposal_id: str
    balance_cents: int
    reason: str
    proposed_by: str
    proposed_at: datetime


class ConfirmationDetail(BaseModel):
    proposal_id: str
    balance_cents: int
    confirmed_by: str
    confirmed_at: datetime


class AccountDetail(BaseModel):
    """`expected_opening_cents`: the balance the next statement opens on; None before the first.

    `proposal` waits for a second person; `confirmed` is the last one that got it.
    """

    account: str
    last_statement_id: str | None
    last_closing_cents: int | None
    expected_opening_cents: int | None
    proposal: ProposalDetail | None
    confirmed: ConfirmationDetail | None


def router(statements: Statements) -> APIRouter:
    routes = APIRouter(prefix="/collection-account", tags=["relevés"])

    @routes.get("", summary="Le compte d'encaissement : dernier relevé, solde attendu du prochain")
    async def read_account(_: Annotated[Principal, require(*READERS)]) -> AccountDetail:
        return _detail(statements.iban, await statements.state())

    @routes.post("/opening-balance", status_code=201, summary="Proposer le solde de reprise, avec son motif")
    async def propose(body: OpeningBalanceRequest, request: Request, caller: Accountant) -> AccountDetail:
        cause = cause_of(request, caller.actor)
        return _detail(statements.iban, await statements.propose_opening(body.balance_cents, body.reason, cause))

    @routes.post(
        "/opening-balance/{proposal_id}/confirmation", summary="Confirmer le solde de reprise, par une autre personne"
    )
    async def confirm(
        proposal_id: Annotated[str, Path(max_length=64)], request: Request, caller: Accountant
    ) -> AccountDetail:
        return _detail(statements.iban, await statements.confirm_opening(proposal_id, cause_of(request, caller.actor)))

    return routes


def _detail(iban: str, state: Account) -> AccountDetail:
    last, proposal, confirmed = state.last, state.proposal, state.confirmed
    return AccountDetail(
        account=iban,
        last_statement_id=last.statement_id if last else None,
        last_closing_cents=last.closing_cents if last else None,
        expected_opening_cents=state.expected_cents,
        proposal=ProposalDetail.model_validate(proposal, from_attributes=True) if proposal else None,
        confirmed=ConfirmationDetail.model_validate(confirmed, from_attributes=True) if confirmed else None,
    )
