"""The board's sessions and decisions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.contracting import store
from services.contracting.domain import board as domain
from services.contracting.domain.board import BoardDecisionRecorded, Decision, Session
from services.contracting.domain.engagement import Engagement
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound
from shared.events import Cause
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Board:
    """`view` lists the engagements, `sessions_view` the sessions."""

    engagements: Journal[Engagement]
    sessions: Journal[Session]
    view: Documents
    sessions_view: Documents
    clock: Clock

    async def open(self, session_date: date, cause: Cause) -> Session:
        now = self.clock.now()
        done = await self.sessions.append(
            session_date.isoformat(),
            lambda session: domain.open_session(session, session_date, cause.actor, now),
            cause,
        )
        return done.state

    async def session(self, session_id: str) -> Session:
        """Raises: NotFound."""
        loaded = await self.sessions.load(session_id)
        if loaded.version == 0:
            raise NotFound("Séance inconnue.")
        return loaded.state

    async def listed(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.sessions(self.sessions_view, skip, limit)]

    async def agenda(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.agenda(self.view, skip, limit)]

    async def decide(self, session_id: str, dossier_id: str, decision: Decision, reason: str, cause: Cause) -> Session:
        """Record the decision where it counts, then in the session; repeating it completes both.

        Raises: NotFound; as check_sitting and decide of the domain.
        """
        now = self.clock.now()
        sitting = domain.check_sitting(await self.session(session_id), now)
        if (await self.engagements.load(dossier_id)).version == 0:
            raise NotFound("Dossier inconnu.")
        await self.engagements.append(
            dossier_id,
            lambda engagement: domain.decide(engagement, dossier_id, sitting, decision, reason, now),
            cause,
        )
        line = BoardDecisionRecorded(
            session_id=session_id,
            dossier_id=dossier_id,
            decision=decision,
            reason=reason,
            recorded_by=cause.actor,
            recorded_at=now,
        )
        done = await self.sessions.append(session_id, lambda session: domain.record_decision(session, line), cause)
        return done.state

    async def close(self, session_id: str, cause: Cause) -> Session:
        """Raises: NotFound."""
        await self.session(session_id)
        now = self.clock.now()
        done = await self.sessions.append(
            session_id, lambda session: domain.close_session(session, cause.actor, now), cause
        )
        return done.state
