"""Bank statements: checked whole, kept once, then each entry goes its way as a payment."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from services.contracting import store
from services.contracting.domain import statement as domain
from services.contracting.domain.payment import Payment
from services.contracting.domain.statement import Import
from services.contracting.statements import read
from services.contracting.usecases.payments import Payments
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import Refusal
from shared.events import Cause
from shared.journal import Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Statements:
    """`view` lists the statements; `account` is the IBAN premiums are paid to."""

    imports: Journal[Import]
    view: Documents
    payments: Payments
    account: str
    clock: Clock

    async def take(self, content: bytes, content_type: str, cause: Cause) -> tuple[Import, list[Payment]]:
        """Import a statement; the same again changes nothing. Nothing remains of one that is refused.

        Raises: StatementConflict, PaymentConflict; as statements.read and check of the domain.
        """
        statement = await asyncio.to_thread(read, content, content_type)
        now = self.clock.now()
        domain.check(statement, self.account, now)
        for entry in statement.entries:
            await self.payments.check(domain.payment_of(statement, entry, now))
        key = domain.key_of(statement)
        await self.imports.append(key, lambda state: domain.take_in(state, statement, cause.actor, now), cause)
        return await self._process(key, cause)

    async def _process(self, key: str, cause: Cause) -> tuple[Import, list[Payment]]:
        kept = (await self.imports.load(key)).state
        assert kept.imported is not None
        statement, now = kept.imported.statement, self.clock.now()
        payments = [
            await self.payments.take(domain.payment_of(statement, entry, now), cause) for entry in statement.entries
        ]
        done = await self.imports.append(key, lambda state: domain.finish(state, now), cause)
        return done.state, payments

    async def finish_interrupted(self) -> None:
        """Take in the statements that an outage interrupted; one that cannot be does not hold up the others."""
        interrupted = [row["_id"] async for row in store.unprocessed(self.view)]
        for key in interrupted:
            try:
                await self._process(key, Cause("service:contracting", correlation=key))
            except Refusal as refusal:
                log.error("statement_needs_person", statement=key, reason=refusal.type)

    async def listed(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.statements(self.view, skip, limit)]
