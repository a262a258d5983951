"""The ledger of one campaign: what is reserved, committed, waiting. No I/O, no clock.

Invariants asserted after every event: reserved + committed ≤ cap; numbers decided in order; each reservation
resolves once (ARCHITECTURE, Invariants 1, 5, 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import repeat
from typing import Any, NamedTuple

from immutables import Map

from services.envelope.domain.campaign import Action
from services.envelope.domain.facts import (
    EpochBegan,
    Interruption,
    InterruptionDue,
    InterruptionScheduled,
    ReleaseAnticipated,
    RulesRefused,
    RulesScheduled,
    SubmissionHeld,
    SubmissionVoided,
)
from shared.contracts.envelope import (
    BUDGET_TOPIC,
    RESERVATION_TOPIC,
    CampaignClosed,
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    Committed,
    EnvelopeExhausted,
    EnvelopeReplenished,
    Promoted,
    Released,
    ReservationReduced,
    ReservationRefused,
    Reserved,
    RulesChanged,
    Waitlisted,
)
from shared.contracts.values import CampaignRules
from shared.events import Event
from shared.journal import Alike, StreamKind, Table


class Standing(StrEnum):
    """Where a dossier stands in the envelope."""

    WAITING = "waiting"
    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"
    REFUSED = "refused"


DECIDED_AS: dict[type[Event], Standing] = {
    Reserved: Standing.RESERVED,
    Waitlisted: Standing.WAITING,
    ReservationRefused: Standing.REFUSED,
    SubmissionVoided: Standing.RELEASED,
}


# From where a dossier may come into each standing: a reservation resolves once (ARCHITECTURE, Invariant 5).
COMES_FROM: dict[Standing, frozenset[Standing]] = {
    Standing.RESERVED: frozenset({Standing.WAITING}),
    Standing.COMMITTED: frozenset({Standing.RESERVED}),
    Standing.RELEASED: frozenset({Standing.WAITING, Standing.RESERVED, Standing.COMMITTED}),
    Standing.REFUSED: frozenset({Standing.WAITING}),
}


class Reservation(NamedTuple):
    """`deposited_cents` is what was asked for; `amount_cents` what is left of it after reductions."""

    number: int
    deposited_cents: int
    amount_cents: int
    standing: Standing

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Reservation":
        number, deposited_cents, amount_cents, standing = values
        return cls(number, deposited_cents, amount_cents, Standing(standing))

    @property
    def held_cents(self) -> int:
        """What it takes of the envelope."""
        return self.amount_cents if self.standing in (Standing.RESERVED, Standing.COMMITTED) else 0


@dataclass(frozen=True, slots=True)
class Queued:
    """Who waits for room, and for how much of it."""

    dossier_id: str
    amount_cents: int


class Ledger(NamedTuple):
    """The fold. What is live is in persistent maps; `reservations`, by dossier in number order, grow with the history
    and are in memory only as far as they are new (docs/adr/0018).

    `decided` is the last deposit number decided. `waiting` is by number; no waiting number is below `head`.
    `retained_cents` is what released amounts keep from returning when the rules say so. `refused_rules` is the last
    version that could not be followed. `turned_at` is the moment of the last suspension or resumption.
    """

    epoch: int = 0
    writer: str = ""
    rules: CampaignRules | None = None
    scheduled: tuple[CampaignRules, ...] = ()
    refused_rules: RulesRefused | None = None
    interruptions: tuple[Interruption, ...] = ()
    turned_at: datetime | None = None
    suspended: bool = False
    exhausted: bool = False
    closed: bool = False
    decided: int = 0
    reservations: Table[Reservation] = Table(Reservation)
    waiting: Map[int, Queued] = Map()
    head: int = 1
    held: Map[int, SubmissionHeld] = Map()
    voided: Map[str, str] = Map()
    reserved_cents: int = 0
    committed_cents: int = 0
    retained_cents: int = 0

    @property
    def cap_cents(self) -> int:
        return self.rules.cap_cents if self.rules else 0

    @property
    def available_cents(self) -> int:
        return self.cap_cents - self.reserved_cents - self.committed_cents - self.retained_cents

    @property
    def gap(self) -> bool:
        """True while a submission waits for a lower number that has not come."""
        return bool(self.held)

    @property
    def refusing(self) -> bool:
        """True from a version of the rules that could not be followed until a later one is in force."""
        return self.refused_rules is not None and (
            self.rules is None or self.refused_rules.rules.version > self.rules.version
        )

    def knows(self, dossier_id: str) -> bool:
        """True from the deposit on, decided or held."""
        return dossier_id in self.reservations or any(one.dossier_id == dossier_id for one in self.held.values())

    def fold_alike(self, alike: Alike) -> "Ledger | None":
        """Reservations in one step."""
        if alike.cls is not Reserved:
            return None
        told = alike.columns("dossier_id", "deposit_number", "amount_cents")
        return self.reserve(told["dossier_id"], told["deposit_number"], told["amount_cents"])

    def fold(self, event: Event) -> "Ledger":
        folded = self._fold(event)
        assert min(folded.reserved_cents, folded.committed_cents) >= 0, type(event).__name__
        assert folded.reserved_cents + folded.committed_cents <= folded.cap_cents, type(event).__name__
        return folded

    def _fold(self, event: Event) -> "Ledger":
        match event:
            case ReservationRefused(deposit_number=number) if number <= self.decided:  # it waited
                return self._stand(event.dossier_id, Standing.REFUSED)
            case Reserved() | Waitlisted() | ReservationRefused() | SubmissionVoided():
                return self._decide(event)
            case Promoted(dossier_id=dossier_id, amount_cents=amount):
                assert amount == self.reservations[dossier_id].amount_cents, "what waited is promoted, wholly"
                moved = self._stand(dossier_id, Standing.RESERVED)
                return moved._replace(reserved_cents=self.reserved_cents + amount)
            case ReservationReduced():
                return self._reduce(event)
            case Committed(dossier_id=dossier_id, amount_cents=amount):
                assert amount == self.reservations[dossier_id].held_cents, "what is reserved is committed, wholly"
                moved = self._stand(dossier_id, Standing.COMMITTED)
                return moved._replace(
                    reserved_cents=self.reserved_cents - amount,
                    committed_cents=self.committed_cents + amount,
                )
            case Released():
                return self._release(event)
            case SubmissionHeld(deposit_number=number):
                return self._replace(held=self.held.set(number, event))
            case ReleaseAnticipated(dossier_id=dossier_id, reason=reason):
                return self._replace(voided=self.voided.set(dossier_id, reason))
            case EpochBegan(epoch=epoch, writer=writer):
                assert epoch == self.epoch + 1, "epochs never decrease nor skip"
                return self._replace(epoch=epoch, writer=writer)
            case _:
                return self._fold_budget(event)

    def _fold_budget(self, event: Event) -> "Ledger":
        match event:
            case CampaignOpened(rules=rules) | RulesChanged(rules=rules) | CapChanged(rules=rules):
                later = tuple(one for one in self.scheduled if one.version > rules.version)
                return self._replace(rules=rules, scheduled=later)
            case RulesScheduled(rules=rules):
                return self._replace(scheduled=(*self.scheduled, rules))
            case RulesRefused(rules=rules):
                later = tuple(one for one in self.scheduled if one != rules)
                return self._replace(scheduled=later, refused_rules=event)
            case InterruptionScheduled(interruption=interruption):
                return self._replace(interruptions=(*self.interruptions, interruption))
            case InterruptionDue(interruption=interruption):
                later = tuple(one for one in self.interruptions if one != interruption)
                if interruption.action is Action.CLOSE:
                    return self._replace(interruptions=later)
                turned = max(interruption.effective_at, self.turned_at or interruption.effective_at)
                return self._replace(interruptions=later, turned_at=turned)
            case CampaignSuspended(suspended_at=moment):
                return self._replace(suspended=True, turned_at=moment)
            case CampaignResumed(resumed_at=moment):
                return self._replace(suspended=False, turned_at=moment)
            case CampaignClosed():
                return self._replace(closed=True)
            case EnvelopeExhausted():
                return self._replace(exhausted=True)
            case EnvelopeReplenished():
                return self._replace(exhausted=False)
            case _:
                return self

    def _decide(self, event: Reserved | Waitlisted | ReservationRefused | SubmissionVoided) -> "Ledger":
        number, dossier_id, amount = event.deposit_number, event.dossier_id, event.amount_cents
        assert number == self.decided + 1, "numbers are decided in order"
        standing = DECIDED_AS[type(event)]
        waiting = self.waiting.set(number, Queued(dossier_id, amount)) if standing is Standing.WAITING else self.waiting
        return self._replace(
            decided=number,
            held=self.held.delete(number) if number in self.held else self.held,
            voided=self.voided.delete(dossier_id) if dossier_id in self.voided else self.voided,
            reservations=self.reservations.add(dossier_id, Reservation(number, amount, amount, standing)),
            reserved_cents=self.reserved_cents + (amount if standing is Standing.RESERVED else 0),
            waiting=waiting,
        )

    def reserve(self, names: Sequence[str], numbers: Sequence[int], amounts: Sequence[int]) -> "Ledger":
        """What `_decide` does, for many."""
        decided = self.decided + len(names)
        assert list(numbers) == list(range(self.decided + 1, decided + 1)), "numbers are decided in order"
        assert min(amounts) >= 0, "an amount is never negative"
        reserved = self.reserved_cents + sum(amounts)
        assert reserved + self.committed_cents <= self.cap_cents, "Reserved"
        rows = dict(zip(names, map(Reservation, numbers, amounts, amounts, repeat(Standing.RESERVED)), strict=False))
        assert len(rows) == len(names), "a dossier is decided once"
        held, voided = self.held, self.voided
        for dossier_id, row in rows.items() if held or voided else ():
            held = held.delete(row.number) if row.number in held else held
            voided = voided.delete(dossier_id) if dossier_id in voided else voided
        reservations = self.reservations.add_all(rows)
        return self._replace(
            decided=decided, held=held, voided=voided, reservations=reservations, reserved_cents=reserved
        )

    def _stand(self, dossier_id: str, standing: Standing) -> "Ledger":
        """The dossier in its new standing, off the waiting list unless it still waits."""
        before = self.reservations[dossier_id]
        assert before.standing in COMES_FROM[standing], f"{before.standing} does not become {standing}"
        waiting = self.waiting.delete(before.number) if before.number in self.waiting else self.waiting
        head = self.head
        while head <= self.decided and head not in waiting:
            head += 1
        return self._replace(
            reservations=self.reservations.set(dossier_id, before._replace(standing=standing)),
            waiting=waiting,
            head=head,
        )

    def _reduce(self, event: ReservationReduced) -> "Ledger":
        before = self.reservations[event.dossier_id]
        assert event.amount_cents == before.amount_cents - event.reduced_by_cents >= 0
        after = before._replace(amount_cents=event.amount_cents)
        reduced = self._replace(reservations=self.reservations.set(event.dossier_id, after))
        match before.standing:
            case Standing.RESERVED:
                return reduced._replace(reserved_cents=self.reserved_cents - event.reduced_by_cents)
            case Standing.COMMITTED:
                return reduced._replace(committed_cents=self.committed_cents - event.reduced_by_cents)
            case Standing.WAITING:
                queued = Queued(event.dossier_id, event.amount_cents)
                return reduced._replace(waiting=self.waiting.set(before.number, queued))
            case _:
                return reduced

    def _release(self, event: Released) -> "Ledger":
        before = self.reservations[event.dossier_id]
        assert event.amount_cents == before.held_cents, "what is held is released, wholly"
        if before.standing is Standing.RELEASED:
            return self  # a voided submission held nothing; it is only announced
        kept = event.amount_cents if self.rules and not self.rules.released_amounts_return else 0
        released = self._stand(event.dossier_id, Standing.RELEASED)._replace(retained_cents=self.retained_cents + kept)
        if before.standing is Standing.COMMITTED:
            return released._replace(committed_cents=self.committed_cents - event.amount_cents)
        return released._replace(reserved_cents=self.reserved_cents - event.amount_cents)


KIND = StreamKind("ledger", Ledger(), frozenset({RESERVATION_TOPIC, BUDGET_TOPIC}))
