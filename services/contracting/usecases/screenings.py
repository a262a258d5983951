"""Asset-freeze screenings: run on the register, then what compliance concludes; the engagement learns the outcome."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.contracting import store
from services.contracting.domain import convention, screening
from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import EngagementScreened, Purpose
from services.contracting.domain.screening import Owner, Party, Resolution, Screening
from services.contracting.freeze_register import FreezeRegister
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound
from shared.events import Cause
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Screenings:
    """`view` lists the dossiers that were screened. Without a `register` compliance screens by its own means."""

    engagements: Journal[Engagement]
    screenings: Journal[Screening]
    view: Documents
    register: FreezeRegister | None
    clock: Clock
    register_max_age_days: int

    async def declare_owners(self, dossier_id: str, owners: tuple[Owner, ...], cause: Cause) -> Screening:
        """What was found of other owners no longer counts, first of all. Raises: NotFound."""
        before = await self.of(dossier_id)
        if before.owners != owners:
            await self._void(dossier_id, cause)
        now = self.clock.now()
        done = await self.screenings.append(
            dossier_id,
            lambda state: screening.declare_owners(state, dossier_id, owners, cause.actor, now),
            cause,
        )
        return done.state

    async def run(self, dossier_id: str, purpose: Purpose, cause: Cause) -> Screening:
        """Screen the dossier's parties now and tell the engagement whether they are clear.

        Raises: NotFound, also without a register; Unavailable, RegisterUnreadable, RegisterTooOld,
        OwnersNotDeclared; as screen of the convention.
        """
        engagement = await self._engagement(dossier_id)
        if self.register is None:
            raise NotFound("Aucun registre des gels n'est configuré.")
        assert engagement.submitted is not None
        convention.screen(engagement, self._outcome(dossier_id, purpose, self.clock.now(), clear=False, cause=cause))
        register, now = await self.register.current(), self.clock.now()
        bailleur = Party(name=engagement.submitted.bailleur.name, siren=engagement.submitted.bailleur.siren)
        done = await self.screenings.append(
            dossier_id,
            lambda state: screening.screen(
                state, dossier_id, purpose, bailleur, register, self.register_max_age_days, cause.actor, now
            ),
            cause,
        )
        await self._tell(dossier_id, purpose, done.state, cause)
        return done.state

    async def repeat_before_acte(self, dossier_id: str, cause: Cause) -> None:
        """The acte's screening, made anew when it is asked for or leaves late; nothing without a register."""
        if self.register is not None:
            await self.run(dossier_id, Purpose.ACTE, Cause("service:contracting", cause.correlation))

    async def resolve(
        self, dossier_id: str, alert_id: str, resolution: Resolution, reason: str, cause: Cause
    ) -> Screening:
        """Raises: as resolve of the domain."""
        now = self.clock.now()
        done = await self.screenings.append(
            dossier_id,
            lambda state: screening.resolve(state, dossier_id, alert_id, resolution, reason, cause.actor, now),
            cause,
        )
        for made in done.state.made:
            if alert_id in {hit.alert_id for hit in made.hits}:
                await self._tell(dossier_id, made.purpose, done.state, cause)
        return done.state

    async def check_clear(self, dossier_id: str, purpose: Purpose, screened_on: date) -> None:
        """Raises: OwnersNotDeclared, AlertOpen, RegisterNotRead."""
        state = (await self.screenings.load(dossier_id)).state
        screening.check_clear(state, purpose, screened_on, register=self.register is not None)

    async def of(self, dossier_id: str) -> Screening:
        """Raises: NotFound."""
        await self._engagement(dossier_id)
        return (await self.screenings.load(dossier_id)).state

    async def alerts(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.alerts(self.view, skip, limit)]

    async def _tell(self, dossier_id: str, purpose: Purpose, state: Screening, cause: Cause) -> None:
        """The day is that of the screening, whenever its alerts are concluded."""
        made = state.latest(purpose)
        assert made is not None
        clear = state.clear(purpose)
        await self._record(self._outcome(dossier_id, purpose, made.screened_at, clear=clear, cause=cause), cause)

    def _outcome(
        self, dossier_id: str, purpose: Purpose, made_at: datetime, *, clear: bool, cause: Cause
    ) -> EngagementScreened:
        return EngagementScreened(
            dossier_id=dossier_id,
            purpose=purpose,
            screened_on=paris_date(made_at),
            clear=clear,
            recorded_by=cause.actor,
            recorded_at=self.clock.now(),
        )

    async def _void(self, dossier_id: str, cause: Cause) -> None:
        """No screening made so far is clear any more."""
        engagement = await self._engagement(dossier_id)
        for made in (engagement.convention_screening, engagement.acte_screening):
            if made is not None:
                void = {"clear": False, "recorded_by": cause.actor, "recorded_at": self.clock.now()}
                await self._record(made.model_copy(update=void), cause)

    async def _record(self, outcome: EngagementScreened, cause: Cause) -> None:
        if (await self._engagement(outcome.dossier_id)).end is None:
            await self.engagements.append(outcome.dossier_id, lambda now: convention.screen(now, outcome), cause)

    async def _engagement(self, dossier_id: str) -> Engagement:
        """Raises: NotFound."""
        loaded = await self.engagements.load(dossier_id)
        if loaded.version == 0:
            raise NotFound("Dossier inconnu.")
        return loaded.state
