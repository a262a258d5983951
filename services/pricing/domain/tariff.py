"""The versions of the grid: one person proposes a file, another approves it, and its date puts it in force."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time

from immutables import Map

from services.pricing.domain.grid import Grid
from services.pricing.domain.people import AlreadyApproved, check_second_person
from shared.calendar import PARIS
from shared.errors import NotFound, Refusal
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind

STREAM = "grids"


class GridVersionTaken(Refusal):
    """A version names one content for ever: offers refer to it."""

    type = "grid-version-taken"
    title = "Version de grille déjà utilisée"


class GridDatePassed(Refusal):
    """A grid is never put in force for the past."""

    type = "grid-date-passed"
    title = "Date d'effet déjà passée"


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


@dataclass(frozen=True, slots=True)
class Tariff:
    """`adopted` are the approved proposals in the order of their approval."""

    proposals: Map[str, GridProposed] = field(default_factory=Map)
    adopted: tuple[str, ...] = ()

    def fold(self, event: Event) -> "Tariff":
        match event:
            case GridProposed(proposal_id=proposal_id):
                return replace(self, proposals=self.proposals.set(proposal_id, event))
            case GridApproved(proposal_id=proposal_id):
                return replace(self, adopted=(*self.adopted, proposal_id))
            case _:
                return self

    @property
    def grids(self) -> tuple[Grid, ...]:
        return tuple(self.proposals[proposal_id].grid for proposal_id in self.adopted)

    def in_force(self, first: Grid, now: datetime) -> Grid:
        """The adopted grid that took effect last; `first` before any has."""
        effective = [grid for grid in self.grids if effective_at(grid) <= now]
        return max(effective, key=effective_at, default=first)


KIND = StreamKind("tariff", Tariff())


def effective_at(grid: Grid) -> datetime:
    """The first moment of its day in Paris."""
    return datetime.combine(grid.effective_on, time(), PARIS)


def propose(tariff: Tariff, proposal: GridProposed, first: Grid) -> list[Event]:
    """Raises: GridVersionTaken, GridDatePassed."""
    _check(tariff, proposal.grid, first, proposal.proposed_at)
    return [proposal]


def approve(tariff: Tariff, proposal_id: str, grid_hash: str, first: Grid, approver: str, now: datetime) -> list[Event]:
    """The second person's act, on the content whose hash was read; the grid takes effect on its date.

    Raises: NotFound, TwoPeopleNeeded, AlreadyApproved, GridHashMismatch, GridVersionTaken, GridDatePassed.
    """
    proposal = tariff.proposals.get(proposal_id)
    if proposal is None:
        raise NotFound("Proposition inconnue.")
    check_second_person(proposal.proposed_by, approver)
    if proposal_id in tariff.adopted:
        raise AlreadyApproved
    proposal.grid.check_hash(grid_hash)
    _check(tariff, proposal.grid, first, now)
    return [GridApproved(proposal_id=proposal_id, approved_by=approver, approved_at=now)]


def _check(tariff: Tariff, grid: Grid, first: Grid, now: datetime) -> None:
    """Two grids never take effect the same day: which one counts would depend on the order of approval."""
    if grid.version in {first.version, *(one.version for one in tariff.grids)}:
        raise GridVersionTaken(f"La version « {grid.version} » existe : donnez-en une autre.", pointer="/grid/version")
    if grid.effective_on in {one.effective_on for one in tariff.grids}:
        raise GridVersionTaken("Une autre grille prend effet ce jour-là.", pointer="/grid/effective_on")
    if effective_at(grid) <= now:
        raise GridDatePassed("La date d'effet doit être à venir.", pointer="/grid/effective_on")
