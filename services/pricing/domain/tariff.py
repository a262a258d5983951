"""The versions of the grid: one person proposes a file, another approves it, and its date puts it in force.

The first grid goes the same way; until one is in force nothing is priced.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, time

from immutables import Map

from services.pricing.domain.grid import Grid, check_grid
from services.pricing.domain.people import AlreadyApproved, check_reason, check_second_person
from shared.calendar import PARIS
from shared.errors import NotFound, Refusal
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind

STREAM = "grids"


class GridVersionTaken(Refusal):
    """A version names one content for ever: offers refer to it."""

    type = "grid-version-taken"
    title = "Version de grille déjà utilisée"


class GridVersionAmbiguous(Refusal):
    """Several contents were proposed under one version and none of them is adopted."""

    type = "grid-version-ambiguous"
    title = "Version de grille ambiguë"


class GridDatePassed(Refusal):
    """A grid is never put in force for the past."""

    type = "grid-date-passed"
    title = "Date d'effet déjà passée"


class GridNotApproved(Refusal):
    """Only an approved grid is withdrawn: a proposal that nobody approves never takes effect."""

    type = "grid-not-approved"
    title = "Grille non approuvée"


class GridTakenEffect(Refusal):
    """Offers may have been priced with it: another grid replaces it, it is never undone."""

    type = "grid-taken-effect"
    title = "Grille déjà en vigueur"


class GridWithdrawalPending(Refusal):
    type = "grid-withdrawal-pending"
    title = "Retrait déjà proposé"


class GridProposed(Event):
    proposal_id: str
    grid: Grid
    grid_hash: str
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime


class GridApproved(Event):
    proposal_id: str
    approved_by: str
    approved_at: UtcDatetime


class GridWithdrawalProposed(Event):
    """One person's reasoned proposal that an approved grid shall not take effect."""

    proposal_id: str
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime


class GridWithdrawn(Event):
    proposal_id: str
    approved_by: str
    approved_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Tariff:
    """By the id of the grid's proposal: `adopted` are the approvals, `withdrawals` the proposals to take an approved
    grid back before its date, `withdrawn` the approvals of those.
    """

    proposals: Map[str, GridProposed] = field(default_factory=Map)
    adopted: Map[str, GridApproved] = field(default_factory=Map)
    withdrawals: Map[str, GridWithdrawalProposed] = field(default_factory=Map)
    withdrawn: Map[str, GridWithdrawn] = field(default_factory=Map)

    def fold(self, event: Event) -> "Tariff":
        match event:
            case GridProposed(proposal_id=proposal_id):
                return replace(self, proposals=self.proposals.set(proposal_id, event))
            case GridApproved(proposal_id=proposal_id):
                return replace(self, adopted=self.adopted.set(proposal_id, event))
            case GridWithdrawalProposed(proposal_id=proposal_id):
                return replace(self, withdrawals=self.withdrawals.set(proposal_id, event))
            case GridWithdrawn(proposal_id=proposal_id):
                return replace(self, withdrawn=self.withdrawn.set(proposal_id, event))
            case _:
                return self

    @property
    def versions(self) -> frozenset[str]:
        """Every version that was adopted, withdrawn ones included."""
        return frozenset(self.proposals[proposal_id].grid.version for proposal_id in self.adopted)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The adopted grids that have taken effect or will."""
        standing = [proposal_id for proposal_id in self.adopted if proposal_id not in self.withdrawn]
        return tuple(self.proposals[proposal_id].grid for proposal_id in standing)

    def in_force(self, now: datetime) -> Grid | None:
        """The grid that took effect last; None before any has."""
        effective = [grid for grid in self.grids if effective_at(grid) <= now]
        return max(effective, key=effective_at, default=None)

    def named(self, name: str) -> Grid | None:
        """The grid of a proposal's id, or of a version: the adopted one, or the only content proposed under it; None
        when there is none. Raises: GridVersionAmbiguous.
        """
        meant = {key: one for key, one in self.proposals.items() if name in (key, one.grid.version)}
        adopted = [key for key in self.adopted if key in meant]
        ids = [name] if name in meant else adopted or sorted(meant)
        if len({meant[key].grid_hash for key in ids}) > 1:
            raise GridVersionAmbiguous(
                f"Plusieurs grilles sont proposées sous la version « {name} » : désignez-en une par sa proposition "
                f"({', '.join(ids)})."
            )
        return meant[ids[0]].grid if ids else None


KIND = StreamKind("tariff", Tariff())


def effective_at(grid: Grid) -> datetime:
    """The first moment of its day in Paris."""
    return datetime.combine(grid.effective_on, time(), PARIS)


def propose(tariff: Tariff, proposal: GridProposed) -> list[Event]:
    """Raises: GridVersionTaken, GridDatePassed, ReasonRequired; as check_grid."""
    check_reason(proposal.reason)
    _check(tariff, proposal.grid, proposal.proposed_at)
    return [proposal]


def approve(tariff: Tariff, proposal_id: str, grid_hash: str, approver: str, now: datetime) -> list[Event]:
    """The second person's act, on the content whose hash was read; the grid takes effect on its date.

    Raises: NotFound, TwoPeopleNeeded, AlreadyApproved, GridHashMismatch, GridVersionTaken, GridDatePassed; as
    check_grid, for a grid proposed under older rules.
    """
    proposal = _proposal(tariff, proposal_id)
    check_second_person(proposal.proposed_by, approver)
    if proposal_id in tariff.adopted:
        raise AlreadyApproved
    proposal.grid.check_hash(grid_hash)
    _check(tariff, proposal.grid, now)
    return [GridApproved(proposal_id=proposal_id, approved_by=approver, approved_at=now)]


def propose_withdrawal(tariff: Tariff, withdrawal: GridWithdrawalProposed) -> list[Event]:
    """The first of two people: what two have signed, one alone does not undo, not even to leave the former grid in
    force. Nothing is hurried by it, an offer being issued by a person on the grid it was drafted with.

    Raises: NotFound, GridNotApproved, GridTakenEffect, AlreadyApproved (it is withdrawn), GridWithdrawalPending,
    ReasonRequired.
    """
    check_reason(withdrawal.reason)
    _check_withdrawable(tariff, withdrawal.proposal_id, withdrawal.proposed_at)
    if withdrawal.proposal_id in tariff.withdrawals:
        raise GridWithdrawalPending("Une autre personne doit l'approuver.")
    return [withdrawal]


def approve_withdrawal(tariff: Tariff, proposal_id: str, approver: str, now: datetime) -> list[Event]:
    """The second person's act, before the grid's date; its day is free again, its version is not.

    Raises: NotFound, TwoPeopleNeeded, and as propose_withdrawal.
    """
    _check_withdrawable(tariff, proposal_id, now)
    withdrawal = tariff.withdrawals.get(proposal_id)
    if withdrawal is None:
        raise NotFound("Aucun retrait n'est proposé pour cette grille.")
    check_second_person(withdrawal.proposed_by, approver)
    return [GridWithdrawn(proposal_id=proposal_id, approved_by=approver, approved_at=now)]


def _proposal(tariff: Tariff, proposal_id: str) -> GridProposed:
    proposal = tariff.proposals.get(proposal_id)
    if proposal is None:
        raise NotFound("Proposition inconnue.")
    return proposal


def _check_withdrawable(tariff: Tariff, proposal_id: str, now: datetime) -> None:
    grid = _proposal(tariff, proposal_id).grid
    if proposal_id not in tariff.adopted:
        raise GridNotApproved("Seule une grille approuvée se retire.")
    if proposal_id in tariff.withdrawn:
        raise AlreadyApproved("Cette grille est déjà retirée.")
    if effective_at(grid) <= now:
        raise GridTakenEffect("Une grille en vigueur ne se retire pas : proposez celle qui la remplace.")


def _check(tariff: Tariff, grid: Grid, now: datetime) -> None:
    """Two grids never take effect the same day: which one counts would depend on the order of approval."""
    check_grid(grid)
    if grid.version in tariff.versions:
        raise GridVersionTaken(f"La version « {grid.version} » existe : donnez-en une autre.", pointer="/grid/version")
    if grid.effective_on in {one.effective_on for one in tariff.grids}:
        raise GridVersionTaken("Une autre grille prend effet ce jour-là.", pointer="/grid/effective_on")
    if effective_at(grid) <= now:
        raise GridDatePassed("La date d'effet doit être à venir.", pointer="/grid/effective_on")
