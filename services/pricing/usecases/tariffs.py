"""The grids: propose, approve, withdraw, which one is in force."""

from dataclasses import dataclass
from datetime import datetime

from services.pricing.domain import tariff as domain
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.tariff import GridProposed, GridWithdrawalProposed, Tariff
from shared.clock import Clock
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Tariffs:
    journal: Journal[Tariff]
    clock: Clock

    async def in_force(self, now: datetime) -> Grid | None:
        return (await self.tariff()).in_force(now)

    async def tariff(self) -> Tariff:
        return (await self.journal.load(domain.STREAM)).state

    async def propose(self, content: bytes, reason: str, cause: Cause) -> GridProposed:
        """Raises: as load_grid; GridVersionTaken, GridDatePassed."""
        grid = load_grid(content)
        proposal = GridProposed(
            proposal_id=new_id(),
            grid=grid,
            grid_hash=grid.content_hash,
            reason=reason,
            proposed_by=cause.actor,
            proposed_at=self.clock.now(),
        )
        await self.journal.append(domain.STREAM, lambda state: domain.propose(state, proposal), cause)
        return proposal

    async def approve(self, proposal_id: str, grid_hash: str, cause: Cause) -> Tariff:
        now = self.clock.now()
        done = await self.journal.append(
            domain.STREAM, lambda state: domain.approve(state, proposal_id, grid_hash, cause.actor, now), cause
        )
        return done.state

    async def propose_withdrawal(self, proposal_id: str, reason: str, cause: Cause) -> Tariff:
        withdrawal = GridWithdrawalProposed(
            proposal_id=proposal_id, reason=reason, proposed_by=cause.actor, proposed_at=self.clock.now()
        )
        done = await self.journal.append(
            domain.STREAM, lambda state: domain.propose_withdrawal(state, withdrawal), cause
        )
        return done.state

    async def approve_withdrawal(self, proposal_id: str, cause: Cause) -> Tariff:
        now = self.clock.now()
        done = await self.journal.append(
            domain.STREAM, lambda state: domain.approve_withdrawal(state, proposal_id, cause.actor, now), cause
        )
        return done.state
