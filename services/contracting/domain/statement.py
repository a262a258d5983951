"""A bank statement: checked as a whole, then taken in once."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.contracting.domain.dates import paris_date
from services.contracting.domain.facts import Direction, PaymentReceived
from services.contracting.domain.refusals import (
    DateInFuture,
    EntryRepeated,
    StatementConflict,
    StatementOfOtherAccount,
    StatementUnbalanced,
)
from shared.events import Event, UtcDatetime, Value
from shared.journal import StreamKind
from shared.money import check_cents, format_euros


class StatementEntry(Value):
    """One booked movement. `entry_id` is the bank's own name of it, unique on the account.

    `reversal`: the bank says that the movement gives an earlier one back.
    """

    entry_id: str
    booked_on: date
    amount_cents: int
    direction: Direction
    reference: str = ""
    payer: str = ""
    payer_iban: str = ""
    end_to_end_id: str = ""
    reversal: bool = False

    @property
    def signed_cents(self) -> int:
        return self.amount_cents if self.direction is Direction.CREDIT else -self.amount_cents


class BankStatement(Value):
    """A statement in euros of one account (IBAN); a CSV export has no balances."""

    account: str
    statement_id: str
    opening_cents: int | None
    closing_cents: int | None
    entries: tuple[StatementEntry, ...]


class StatementImported(Event):
    statement: BankStatement
    imported_by: str
    imported_at: UtcDatetime


class StatementProcessed(Event):
    """Every entry of the statement is a payment on its way."""

    account: str
    statement_id: str
    processed_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Import:
    """One statement and whether its entries were all taken in."""

    imported: StatementImported | None = None
    processed: bool = False

    def fold(self, event: Event) -> "Import":
        match event:
            case StatementImported():
                return replace(self, imported=event)
            case StatementProcessed():
                return replace(self, processed=True)
            case _:
                return self


KIND = StreamKind("statement", Import())


def key_of(statement: BankStatement) -> str:
    """The stream of a statement: banks number the statements of each account."""
    return _digest(statement.account, statement.statement_id)


def payment_of(statement: BankStatement, entry: StatementEntry, now: datetime) -> PaymentReceived:
    """The entry as a payment; the same entry in two statements is the same payment."""
    return PaymentReceived(
        payment_id=f"bank-{_digest(statement.account, entry.entry_id)}",
        reference=entry.reference,
        amount_cents=entry.amount_cents,
        received_on=entry.booked_on,
        recorded_at=now,
        direction=entry.direction,
        payer=entry.payer,
        payer_iban=entry.payer_iban,
        end_to_end_id=entry.end_to_end_id,
        bank_reference=entry.entry_id,
        reversal=entry.reversal,
    )


def check(statement: BankStatement, account: str, now: datetime) -> None:
    """Whether a statement of `account` holds together.

    Raises: StatementOfOtherAccount, StatementUnbalanced, EntryRepeated, AmountOutOfRange, DateInFuture.
    """
    if statement.account != account:
        raise StatementOfOtherAccount("Seuls les relevés du compte d'encaissement des primes sont importés.")
    seen = set[str]()
    for position, entry in enumerate(statement.entries):
        check_cents(entry.amount_cents, minimum_cents=1, pointer=f"/entries/{position}/amount")
        if entry.booked_on > paris_date(now):
            raise DateInFuture("Une écriture est datée d'un jour à venir.", pointer=f"/entries/{position}/booked_on")
        if entry.entry_id in seen:
            raise EntryRepeated(
                f"L'écriture {entry.entry_id} figure deux fois.", pointer=f"/entries/{position}/entry_id"
            )
        seen.add(entry.entry_id)
    opening, closing = statement.opening_cents, statement.closing_cents
    if opening is None or closing is None:
        assert opening is closing, "a statement has both balances or none"
        return
    expected = opening + sum(entry.signed_cents for entry in statement.entries)
    if expected != closing:
        raise StatementUnbalanced(
            f"Solde de clôture annoncé : {format_euros(closing)} ; calculé : {format_euros(expected)}.",
            closing_cents=closing,
            expected_cents=expected,
        )


def take_in(state: Import, statement: BankStatement, actor: str, now: datetime) -> list[Event]:
    """Keep a checked statement under its number; the same again is answered as done.

    Raises: StatementConflict for the same number with other content.
    """
    if state.imported is None:
        return [StatementImported(statement=statement, imported_by=actor, imported_at=now)]
    if state.imported.statement == statement:
        return []
    raise StatementConflict("Ce numéro de relevé a déjà servi pour un contenu différent.")


def finish(state: Import, now: datetime) -> list[Event]:
    """All entries of the statement were taken in."""
    assert state.imported is not None
    if state.processed:
        return []
    statement = state.imported.statement
    return [StatementProcessed(account=statement.account, statement_id=statement.statement_id, processed_at=now)]


def _digest(account: str, name: str) -> str:
    return hashlib.sha256(f"{account}|{name}".encode()).hexdigest()[:32]
