"""The grids: propose, approve, which one is in force."""

from dataclasses import dataclass
from datetime import datetime

from services.pricing.domain import tariff as domain
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.tariff import GridProposed, Tariff
from shared.clock import Clock
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Tariffs:
    """`first` is the configured grid, in force until an adopted one takes effect."""

    journal: Journal[Tariff]
    first: Grid
    clock: Clock

    async def in_force(self, now: datetime) -> Grid:
        return (await self.tariff()).in_force(self.first, now)

    async def tariff(self) -> Tariff:
        return (await self.journal.load(domain.STREAM)).state

    async def propose(self, content: bytes, reason: str, cause: Cause) -> GridProposed:
        """Raises: GridUnreadable, GridIncomplete, GridBandsBroken, GridFigureOutOfRange, GridVersionTaken,
        GridDatePassed.
        """
        grid = load_grid(content)
        proposal = GridProposed(
            proposal_id=new_id(),
            grid=grid,
            grid_hash=grid.content_hash,
            reason=reason,
            proposed_by=cause.actor,
            proposed_at=self.clock.now(),
        )
        await self.journal.append(domain.STREAM, lambda state: domain.propose(state, proposal, self.first), cause)
        return proposal

    async def approve(self, proposal_id: str, grid_hash: str, cause: Cause) -> Tariff:
        now = self.clock.now()
        done = await self.journal.append(
            domain.STREAM,
            lambda state: domain.approve(state, proposal_id, grid_hash, self.first, cause.actor, now),
            cause,
        )
        return done.state
