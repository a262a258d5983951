"""A bank statement: checked as a whole, then taken in once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.contracting.domain.dates import paris_date
from services.contracting.domain.facts import Direction, PaymentReceived
from services.contracting.domain.refusals import (
    DateInFuture,
    EntryRepeated,
    StatementConflict,
    StatementUnbalanced,
)
from shared.contracts.values import StoredDocument
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

    @property
    def has_balances(self) -> bool:
        return self.opening_cents is not None and self.closing_cents is not None


class OtherStatement(Value):
    """A statement of another account in the same file: it is not looked at."""

    account: str
    statement_id: str


@dataclass(frozen=True, slots=True)
class StatementFile:
    """What a bank's file holds: the statements of the collection account, in its order, and those of others.

    `empty` are the bank's names of booked entries of 0.00: they move nothing and are no entries here.
    """

    statements: tuple[BankStatement, ...]
    ignored: tuple[OtherStatement, ...] = ()
    empty: tuple[str, ...] = ()


class StatementImported(Event):
    """`file` is what the bank sent, byte for byte; None in what was imported before it was kept. `ignored`: the
    statements of other accounts in it, `empty`: its entries of 0.00.
    """

    statement: BankStatement
    imported_by: str
    imported_at: UtcDatetime
    file: StoredDocument | None = None
    ignored: tuple[OtherStatement, ...] = ()
    empty: tuple[str, ...] = ()


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


def check(statements: Iterable[BankStatement], now: datetime) -> None:
    """Whether the statements of a file hold together.

    Raises: StatementUnbalanced, EntryRepeated, AmountOutOfRange, DateInFuture.
    """
    seen = set[str]()
    for statement in statements:
        for position, entry in enumerate(statement.entries):
            _check_entry(entry, seen, f"/{statement.statement_id}/entries/{position}", now)
        _check_balance(statement)


def _check_entry(entry: StatementEntry, seen: set[str], pointer: str, now: datetime) -> None:
    check_cents(entry.amount_cents, minimum_cents=1, pointer=f"{pointer}/amount")
    if entry.booked_on > paris_date(now):
        raise DateInFuture("Une écriture est datée d'un jour à venir.", pointer=f"{pointer}/booked_on")
    if entry.entry_id in seen:
        raise EntryRepeated(f"L'écriture {entry.entry_id} figure deux fois.", pointer=f"{pointer}/entry_id")
    seen.add(entry.entry_id)


def _check_balance(statement: BankStatement) -> None:
    opening, closing = statement.opening_cents, statement.closing_cents
    if opening is None or closing is None:
        assert opening is closing, "a statement has both balances or none"
        return
    expected = opening + sum(entry.signed_cents for entry in statement.entries)
    if expected != closing:
        raise StatementUnbalanced(
            f"Solde de clôture annoncé\u00a0: {format_euros(closing)}\u00a0; calculé\u00a0: {format_euros(expected)}.",
            closing_cents=closing,
            expected_cents=expected,
        )


def is_new(state: Import, statement: BankStatement) -> bool:
    """Whether a checked statement was not imported yet. Raises: StatementConflict for its number, other content."""
    if state.imported is None:
        return True
    if state.imported.statement == statement:
        return False
    raise StatementConflict("Ce numéro de relevé a déjà servi pour un contenu différent.")


def take_in(state: Import, imported: StatementImported) -> list[Event]:
    """Keep a checked statement under its number; the same again is answered as done. Raises: as is_new."""
    return [imported] if is_new(state, imported.statement) else []


def finish(state: Import, now: datetime) -> list[Event]:
    """All entries of the statement were taken in."""
    assert state.imported is not None
    if state.processed:
        return []
    statement = state.imported.statement
    return [StatementProcessed(account=statement.account, statement_id=statement.statement_id, processed_at=now)]


def _digest(account: str, name: str) -> str:
    return hashlib.sha256(f"{account}|{name}".encode()).hexdigest()[:32]
