"""Bank statements: checked whole, given their turn, kept once, then each entry goes its way as a payment."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from services.contracting import store
from services.contracting.domain import account, statement
from services.contracting.domain.account import Account, StatementFollowed
from services.contracting.domain.payment import Payment
from services.contracting.domain.refusals import StatementConflict, StatementFileNotKept
from services.contracting.domain.statement import BankStatement, Import, StatementFile, StatementImported
from services.contracting.statements import SUFFIXES, media_type, read
from services.contracting.usecases.payments import Payments
from shared.clock import Clock
from shared.contracts.values import StoredDocument
from shared.documents import Documents
from shared.errors import NotFound, Refusal
from shared.events import Cause
from shared.filing import described, keep, read_kept, retained_until
from shared.ids import new_id
from shared.journal import Journal
from shared.objects import ObjectStore

log = structlog.get_logger(__name__)

KIND = "bank_statement"


@dataclass(frozen=True, slots=True)
class Statements:
    """`view` lists the statements; `iban` is the account premiums are paid to. Files are locked for `retention_days`
    from their import on.
    """

    imports: Journal[Import]
    accounts: Journal[Account]
    view: Documents
    payments: Payments
    objects: ObjectStore
    iban: str
    clock: Clock
    retention_days: int | None = None

    async def take(self, content: bytes, content_type: str, cause: Cause) -> tuple[list[Import], list[Payment]]:
        """Import the statements of a file; the same again changes nothing. Nothing remains of one that is refused.

        Raises: StatementConflict, StatementGap, PaymentConflict; as statements.read and check of the domain.
        """
        found = await asyncio.to_thread(read, content, content_type, self.iban)
        now, new = self.clock.now(), list[BankStatement]()
        statement.check(found.statements, now)
        for one in found.statements:
            for entry in one.entries:
                await self.payments.check(statement.payment_of(one, entry, now))
            if statement.is_new((await self.imports.load(statement.key_of(one))).state, one):
                new.append(one)
        if new:
            await self._import(found, new, content, media_type(content_type), cause)
        taken, payments = list[Import](), list[Payment]()
        for one in found.statements:
            done, paid = await self._process(statement.key_of(one), cause)
            taken.append(done)
            payments += paid
        return taken, payments

    async def _import(
        self, found: StatementFile, new: list[BankStatement], content: bytes, kind: str, cause: Cause
    ) -> None:
        """The file first, then the turns, which decide; what an outage leaves undone is finished from the file."""
        now, file = self.clock.now(), _described(content, kind)
        account.follow((await self.accounts.load(self.iban)).state, new, file, cause.actor, now)
        await keep(self.objects, file, content, retained_until(now, self.retention_days))
        await self.accounts.append(self.iban, lambda state: account.follow(state, new, file, cause.actor, now), cause)
        for one in new:
            imported = StatementImported(
                statement=one,
                imported_by=cause.actor,
                imported_at=now,
                file=file,
                ignored=found.ignored,
                empty=found.empty,
            )
            await self._record(imported, cause)

    async def _record(self, imported: StatementImported, cause: Cause) -> None:
        key, now = statement.key_of(imported.statement), self.clock.now()
        try:
            await self.imports.append(key, lambda state: statement.take_in(state, imported), cause)
        except StatementConflict:
            # An export without balances has the number since the turn was taken: the turn must end all the same.
            if not imported.statement.has_balances:
                raise
            await self._take_missing(imported.statement, cause)
        # An export has no turn: one that is pending under its number is another reading's, which may tell more.
        if imported.statement.has_balances:
            await self.accounts.append(self.iban, lambda state: account.settle(state, self.iban, key, now), cause)

    async def _take_missing(self, one: BankStatement, cause: Cause) -> None:
        """Make payments of the entries that the export of the same statement does not have.

        Raises: PaymentConflict for an entry that it tells with another amount; as payments.take.
        """
        now = self.clock.now()
        for entry in one.entries:
            received = statement.payment_of(one, entry, now)
            if not await self.payments.tells(received):
                await self.payments.take(received, cause)

    async def _process(self, key: str, cause: Cause) -> tuple[Import, list[Payment]]:
        kept = (await self.imports.load(key)).state
        assert kept.imported is not None
        one, now = kept.imported.statement, self.clock.now()
        payments = [await self.payments.take(statement.payment_of(one, entry, now), cause) for entry in one.entries]
        done = await self.imports.append(key, lambda state: statement.finish(state, now), cause)
        return done.state, payments

    async def finish_interrupted(self) -> None:
        """Take in the statements that an outage interrupted; one that cannot be does not hold up the others."""
        for followed in (await self.accounts.load(self.iban)).state.pending:
            with _left_to_person(followed.import_id):
                await self._resume(followed)
        interrupted = [row["_id"] async for row in store.unprocessed(self.view)]
        for key in interrupted:
            with _left_to_person(key):
                await self._process(key, Cause("service:contracting", correlation=key))

    async def _resume(self, followed: StatementFollowed) -> None:
        """The statement took its turn and is not imported: its file is read again."""
        content = await read_kept(self.objects, followed.file)
        found = await asyncio.to_thread(read, content, followed.file.media_type, self.iban)
        (one,) = [one for one in found.statements if statement.key_of(one) == followed.import_id]
        cause = Cause("service:contracting", correlation=followed.import_id)
        imported = StatementImported(
            statement=one,
            imported_by=followed.taken_by,
            imported_at=followed.taken_at,
            file=followed.file,
            ignored=found.ignored,
            empty=found.empty,
        )
        await self._record(imported, cause)

    async def listed(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.statements(self.view, skip, limit)]

    async def file(self, import_id: str) -> tuple[StoredDocument, bytes]:
        """What the bank sent, byte for byte.

        Raises: NotFound, StatementFileNotKept, DocumentAltered, ObjectMissing.
        """
        imported = (await self.imports.load(import_id)).state.imported
        if imported is None:
            raise NotFound("Relevé inconnu.")
        if imported.file is None:
            raise StatementFileNotKept("Ce relevé a été importé avant que les fichiers soient conservés.")
        return imported.file, await read_kept(self.objects, imported.file)

    # -- the account -------------------------------------------------------------------------------------------

    async def state(self) -> Account:
        return (await self.accounts.load(self.iban)).state

    async def propose_opening(self, balance_cents: int, reason: str, cause: Cause) -> Account:
        """Raises: as account.propose."""
        proposal_id, now = new_id(), self.clock.now()
        done = await self.accounts.append(
            self.iban,
            lambda state: account.propose(state, self.iban, proposal_id, balance_cents, reason, cause.actor, now),
            cause,
        )
        return done.state

    async def confirm_opening(self, proposal_id: str, cause: Cause) -> Account:
        """Raises: as account.confirm."""
        now = self.clock.now()
        done = await self.accounts.append(
            self.iban, lambda state: account.confirm(state, proposal_id, cause.actor, now), cause
        )
        return done.state


def _described(content: bytes, kind: str) -> StoredDocument:
    """The bank's file under the name of its content: the same file is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    name = f"{digest}.{SUFFIXES[kind]}"
    return described(f"statements/{name}", content, kind, document_id=digest, kind=KIND, filename=f"releve-{name}")


@contextmanager
def _left_to_person(key: str) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        log.error("statement_needs_person", statement=key, reason=refusal.type)
