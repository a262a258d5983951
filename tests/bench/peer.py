"""The peer of the intake service: FastAPI and PostgreSQL with a gap-free counter row. `PEER_*` tell it where.

It does for a deposit what intake does: checks the token, finds the landlord and the draft, freezes the content by the
same domain function, takes the next number and records the deposit; one transaction, synced, then it answers.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Request
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from services.intake.domain import checklist
from services.intake.domain.checklist import Papers
from services.intake.forms import DraftForm
from shared.auth import Authenticator, Principal, Role, require
from shared.clock import SystemClock
from shared.contracts.values import Bailleur, StoredDocument
from shared.errors import NotFound
from shared.lending import LoanLimits
from shared.main import calm_collector
from shared.territory import Territory

CONNECTIONS = 16
SCHEMA = """
CREATE TABLE counter (campaign_id text PRIMARY KEY, number bigint NOT NULL);
CREATE TABLE bailleur (siren text PRIMARY KEY, representative text NOT NULL, content jsonb NOT NULL);
CREATE TABLE draft (
    dossier_id text PRIMARY KEY, campaign_id text NOT NULL, siren text NOT NULL, form jsonb NOT NULL,
    documents jsonb NOT NULL
);
CREATE TABLE deposit (
    campaign_id text NOT NULL, number bigint NOT NULL, dossier_id text NOT NULL UNIQUE,
    submitted_at timestamptz NOT NULL, content jsonb NOT NULL, published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (campaign_id, number)
);
"""
READ = """
SELECT d.campaign_id, d.form, d.documents, b.content, b.representative
FROM draft d JOIN bailleur b USING (siren) WHERE d.dossier_id = %s
"""
NEXT = "UPDATE counter SET number = number + 1 WHERE campaign_id = %s RETURNING number"
RECORD = "INSERT INTO deposit (campaign_id, number, dossier_id, submitted_at, content) VALUES (%s, %s, %s, %s, %s)"

User = Annotated[Principal, require(Role.BAILLEUR)]


class Receipt(BaseModel):
    dossier_id: str
    deposit_number: int


def create_app(dsn: str, issuer: str) -> FastAPI:
    limits, territory, clock = LoanLimits(), Territory.load(), SystemClock()
    pool: asyncio.Queue[AsyncConnection] = asyncio.Queue()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opened = [await AsyncConnection.connect(dsn, autocommit=True) for _ in range(CONNECTIONS)]
        for connection in opened:
            pool.put_nowait(connection)
        yield
        for connection in opened:
            await connection.close()

    app = FastAPI(lifespan=lifespan)
    app.state.authenticator = Authenticator(issuer, "ami-garantie", clock)

    @app.post("/dossiers/{dossier_id}/submission")
    async def submit(dossier_id: str, _: Request, caller: User) -> Receipt:
        connection = await pool.get()
        try:
            found = await (await connection.execute(READ, (dossier_id,))).fetchone()
            if found is None or found[4] != caller.subject:
                raise NotFound("Dossier inconnu.")
            campaign_id, form, documents, bailleur, _representative = found
            content = checklist.freeze(
                Bailleur.model_validate(bailleur),
                DraftForm.model_validate(form),
                Papers(tuple(StoredDocument.model_validate(one) for one in documents)),
                limits,
                territory,
            )
            kept = {
                "bailleur": content.bailleur.model_dump(mode="json"),
                "operation": content.operation.model_dump(mode="json"),
                "loans": [loan.model_dump(mode="json") for loan in content.loans],
                "financing": content.financing.model_dump(mode="json"),
                "documents": [one.model_dump(mode="json") for one in content.documents],
            }
            async with connection.transaction():
                taken = await (await connection.execute(NEXT, (campaign_id,))).fetchone()
                assert taken is not None
                await connection.execute(RECORD, (campaign_id, taken[0], dossier_id, clock.now(), Jsonb(kept)))
            return Receipt(dossier_id=dossier_id, deposit_number=taken[0])
        finally:
            pool.put_nowait(connection)

    return app


if __name__ == "__main__":
    calm_collector()
    application = create_app(os.environ["PEER_DSN"], os.environ["PEER_ISSUER"])
    uvicorn.run(application, port=int(os.environ["PEER_PORT"]), log_level="warning", access_log=False)
