"""The deposit register of a campaign: the number is part of the fold (DOMAIN rules 1 and 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from shared.contracts.intake import REGISTER_TOPIC, DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.contracts.values import Bailleur, FinancingPlan, Loan, Operation, StoredDocument
from shared.errors import NotFound, Refusal
from shared.events import Event
from shared.journal import Alike, StreamKind, Table


class AlreadyWithdrawn(Refusal):
    type = "already-withdrawn"
    title = "Dossier déjà retiré"


class LoanOnlyDecreases(Refusal):
    type = "loan-only-decreases"
    title = "Un montant déposé peut seulement diminuer"
    status = 422


class UnknownLoan(Refusal):
    type = "unknown-loan"
    title = "Prêt inconnu"
    status = 422


class Deposit(NamedTuple):
    """What the register keeps of a deposit; `lines` are the ids of its loans and what is left of each (cents)."""

    number: int
    lines: tuple[tuple[str, int], ...]
    withdrawn: bool = False

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Deposit":
        number, lines, withdrawn = values
        return cls(number, tuple((loan_id, cents) for loan_id, cents in lines), withdrawn)


@dataclass(frozen=True, slots=True)
class Register:
    """Deposits by dossier id in number order, in memory only as far as they are new (docs/adr/0018)."""

    last_number: int = 0
    last_at: datetime | None = None
    deposits: Table[Deposit] = field(default_factory=lambda: Table(Deposit))

    def fold_alike(self, alike: Alike) -> "Register | None":
        """Deposits as they are read back, in one step, without their content, which the register does not keep."""
        if alike.cls is not DossierSubmitted:
            return None
        told = alike.columns("dossier_id", "deposit_number", "submitted_at", "loans")
        return self._take(told["dossier_id"], told["deposit_number"], told["submitted_at"], told["loans"])

    def fold(self, event: Event) -> "Register":
        match event:
            case DossierSubmitted(dossier_id=dossier_id, deposit_number=number, submitted_at=at, loans=loans):
                return self._take([dossier_id], [number], [at], [loans])
            case DossierWithdrawn(dossier_id=dossier_id):
                gone = self.deposits[dossier_id]._replace(withdrawn=True)
                return replace(self, deposits=self.deposits.set(dossier_id, gone))
            case LoansReduced(dossier_id=dossier_id, loans=loans):
                reduced = self.deposits[dossier_id]._replace(lines=_lines(loans))
                return replace(self, deposits=self.deposits.set(dossier_id, reduced))
            case _:
                return self

    def _take(
        self,
        dossiers: Sequence[str],
        numbers: Sequence[int],
        moments: Sequence[datetime],
        loans: Sequence[tuple[Loan, ...]],
    ) -> "Register":
        last, at = self.last_number, self.last_at
        for number, moment in zip(numbers, moments, strict=True):
            assert number == last + 1, "numbers have no gap"
            assert at is None or moment >= at, "numbers follow time"
            last, at = number, moment
        rows = {
            dossier_id: Deposit(number, _lines(lines))
            for dossier_id, number, lines in zip(dossiers, numbers, loans, strict=True)
        }
        assert len(rows) == len(dossiers), "a dossier is deposited once"
        return replace(self, last_number=last, last_at=at, deposits=self.deposits.add_all(rows))


def _lines(loans: tuple[Loan, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((loan.loan_id, loan.principal_cents) for loan in loans)


KIND = StreamKind("register", Register(), frozenset({REGISTER_TOPIC}))


@dataclass(frozen=True, slots=True)
class Content:
    """What is frozen at the deposit."""

    bailleur: Bailleur
    operation: Operation
    loans: tuple[Loan, ...]
    financing: FinancingPlan
    documents: tuple[StoredDocument, ...]


def deposit(register: Register, campaign_id: str, dossier_id: str, content: Content, now: datetime) -> list[Event]:
    """Number, frozen content and outgoing event in one fact; depositing again changes nothing.

    The time never runs behind the previous deposit's, whatever the clocks of several processes say.
    """
    if dossier_id in register.deposits:
        return []
    return [
        DossierSubmitted(
            campaign_id=campaign_id,
            dossier_id=dossier_id,
            deposit_number=register.last_number + 1,
            submitted_at=max(now, register.last_at or now),
            bailleur=content.bailleur,
            operation=content.operation,
            loans=content.loans,
            principal_cents=sum(loan.principal_cents for loan in content.loans),
            financing=content.financing,
            documents=content.documents,
        )
    ]


def withdraw(register: Register, campaign_id: str, dossier_id: str, reason: str, now: datetime) -> list[Event]:
    """Raises: NotFound before the deposit."""
    if _deposit(register, dossier_id).withdrawn:
        return []
    return [DossierWithdrawn(campaign_id=campaign_id, dossier_id=dossier_id, withdrawn_at=now, reason=reason)]


def reduce_loans(
    register: Register,
    campaign_id: str,
    dossier_id: str,
    loans: tuple[Loan, ...],
    wanted: dict[str, int],
    now: datetime,
) -> list[Event]:
    """Lower the principal of some lines (cents by loan id).

    `loans` are the dossier's, as deposited or reduced since; what is left of each is what the register says.
    Raises: NotFound, AlreadyWithdrawn, UnknownLoan, LoanOnlyDecreases.
    """
    known = _deposit(register, dossier_id)
    if known.withdrawn:
        raise AlreadyWithdrawn()
    left = dict(known.lines)
    assert list(left) == [loan.loan_id for loan in loans], "the dossier holds the loans that were deposited"
    for place, (loan_id, cents) in enumerate(wanted.items()):
        if loan_id not in left:
            raise UnknownLoan("Ce prêt n'est pas au dossier.", pointer=f"/loans/{place}/loan_id")
        if not 0 < cents <= left[loan_id]:
            raise LoanOnlyDecreases(
                "Le nouveau montant doit être positif et ne pas dépasser le montant déposé.",
                pointer=f"/loans/{place}/principal_cents",
            )
    left |= wanted
    if tuple(left.items()) == known.lines:
        return []
    lowered = tuple(loan.model_copy(update={"principal_cents": left[loan.loan_id]}) for loan in loans)
    total = sum(left.values())
    return [
        LoansReduced(
            campaign_id=campaign_id, dossier_id=dossier_id, reduced_at=now, loans=lowered, principal_cents=total
        )
    ]


def _deposit(register: Register, dossier_id: str) -> Deposit:
    found = register.deposits.get(dossier_id)
    if found is None:
        raise NotFound("Ce dossier n'est pas déposé.")
    return found
