"""The account premiums are paid to: each statement opens on the balance on which the one before closed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.contracting.domain.refusals import (
    OpeningBalanceOutdated,
    ReasonRequired,
    StatementConflict,
    StatementGap,
    TwoPeopleNeeded,
)
from services.contracting.domain.statement import BankStatement, key_of
from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind
from shared.money import MAX_CENTS, check_cents, format_euros


class StatementFollowed(Event):
    """A statement took its turn; its import, stream `import_id`, comes next, from `file` when an outage is between.

    `content_sha256` is of what was read, not of the file: banks send a statement again in another envelope.
    """

    account: str
    import_id: str
    statement_id: str
    content_sha256: str
    opening_cents: int
    closing_cents: int
    file: StoredDocument
    taken_by: str
    taken_at: UtcDatetime


class FollowedImported(Event):
    """The statement that took its turn is imported."""

    account: str
    import_id: str
    imported_at: UtcDatetime


class OpeningBalanceProposed(Event):
    """One person says on which balance the next statement opens, in cents, and why; it takes another to confirm."""

    account: str
    proposal_id: str
    balance_cents: int
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime


class OpeningBalanceConfirmed(Event):
    """The next statement opens on `balance_cents`, whatever the one before closed on."""

    account: str
    proposal_id: str
    balance_cents: int
    confirmed_by: str
    confirmed_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Account:
    """Where the chain of statements stands.

    `expected_cents` is the balance the next one opens on, None before the first. `pending` took their turn and are
    not imported yet.
    """

    last: StatementFollowed | None = None
    expected_cents: int | None = None
    pending: tuple[StatementFollowed, ...] = ()
    proposal: OpeningBalanceProposed | None = None
    confirmed: OpeningBalanceConfirmed | None = None

    def fold(self, event: Event) -> "Account":
        match event:
            case StatementFollowed(closing_cents=closing):
                pending = (*self.pending, event)
                return replace(self, last=event, expected_cents=closing, pending=pending, proposal=None)
            case FollowedImported(import_id=done):
                return replace(self, pending=tuple(one for one in self.pending if one.import_id != done))
            case OpeningBalanceProposed():
                return replace(self, proposal=event)
            case OpeningBalanceConfirmed(balance_cents=balance):
                return replace(self, expected_cents=balance, proposal=None, confirmed=event)
            case _:
                return self


KIND = StreamKind("account", Account())


def follow(
    state: Account, statements: Sequence[BankStatement], file: StoredDocument, actor: str, now: datetime
) -> list[Event]:
    """Give the statements of a file their turns, all or none; one that has its turn keeps it.

    A statement without balances takes no turn: nothing tells whether one is missing before it.
    Raises: StatementGap; StatementConflict for the number of the last one with other content.
    """
    events = list[Event]()
    for statement in statements:
        for event in _turn(state, statement, file, actor, now):
            state = state.fold(event)
            events.append(event)
    return events


def _turn(
    state: Account, statement: BankStatement, file: StoredDocument, actor: str, now: datetime
) -> list[StatementFollowed]:
    opening, closing, expected = statement.opening_cents, statement.closing_cents, state.expected_cents
    if opening is None or closing is None:
        return []
    import_id, digest = key_of(statement), hashlib.sha256(statement.model_dump_json().encode()).hexdigest()
    for known in (*state.pending, *([state.last] if state.last else [])):
        if known.import_id == import_id:
            if known.content_sha256 != digest:
                raise StatementConflict("Ce numéro de relevé a déjà servi pour un contenu différent.")
            return []
    if expected is not None and opening != expected:
        raise _gap(state, statement.statement_id, opening, expected)
    return [
        StatementFollowed(
            account=statement.account,
            import_id=import_id,
            statement_id=statement.statement_id,
            content_sha256=digest,
            opening_cents=opening,
            closing_cents=closing,
            file=file,
            taken_by=actor,
            taken_at=now,
        )
    ]


def _gap(state: Account, statement_id: str, opening: int, expected: int) -> StatementGap:
    follows = f"le relevé {state.last.statement_id}" if state.last else "la reprise"
    return StatementGap(
        f"Le relevé {statement_id} s'ouvre sur {format_euros(opening)}\u00a0; après {follows}, le solde attendu est de "
        f"{format_euros(expected)}. Importez d'abord le relevé qui manque\u00a0; s'il ne peut être obtenu, "
        "deux personnes constatent le solde de reprise.",
        opening_cents=opening,
        expected_cents=expected,
        statement_id=statement_id,
        last_statement_id=state.last.statement_id if state.last else None,
    )


def settle(state: Account, account: str, import_id: str, now: datetime) -> list[Event]:
    """The statement that took its turn is imported."""
    if all(one.import_id != import_id for one in state.pending):
        return []
    return [FollowedImported(account=account, import_id=import_id, imported_at=now)]


def propose(
    state: Account, account: str, proposal_id: str, balance_cents: int, reason: str, actor: str, now: datetime
) -> list[Event]:
    """Say on which balance the next statement opens; it replaces an earlier proposal, the same again is done.

    Raises: AmountOutOfRange (an overdrawn account has a negative balance), ReasonRequired.
    """
    check_cents(balance_cents, minimum_cents=-MAX_CENTS, pointer="/balance_cents")
    if not reason.strip():
        raise ReasonRequired("Indiquez pourquoi la suite des relevés est rompue.", pointer="/reason")
    before = state.proposal
    if before and (before.balance_cents, before.reason, before.proposed_by) == (balance_cents, reason, actor):
        return []
    return [
        OpeningBalanceProposed(
            account=account,
            proposal_id=proposal_id,
            balance_cents=balance_cents,
            reason=reason,
            proposed_by=actor,
            proposed_at=now,
        )
    ]


def confirm(state: Account, proposal_id: str, actor: str, now: datetime) -> list[Event]:
    """A second person agrees; the same again is done.

    Raises: OpeningBalanceOutdated when it is not the open proposal, TwoPeopleNeeded.
    """
    proposal = state.proposal
    if proposal is None or proposal.proposal_id != proposal_id:
        if state.confirmed is not None and state.confirmed.proposal_id == proposal_id:
            return []
        raise OpeningBalanceOutdated("Une autre proposition ou un relevé l'a remplacée\u00a0: relisez le compte.")
    if actor == proposal.proposed_by:
        raise TwoPeopleNeeded("La personne qui propose le solde de reprise ne peut pas le confirmer.")
    return [
        OpeningBalanceConfirmed(
            account=proposal.account,
            proposal_id=proposal_id,
            balance_cents=proposal.balance_cents,
            confirmed_by=actor,
            confirmed_at=now,
        )
    ]
