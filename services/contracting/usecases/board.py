"""The board's sessions: agenda, decisions, minutes, and the announcement of what was signed off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.contracting import store
from services.contracting.domain import deliberation as domain
from services.contracting.domain.board import (
    AgendaItem,
    BoardSessionOpened,
    Member,
    QuorumRule,
    Session,
    session_id_of,
)
from services.contracting.domain.board_refusals import DossierNamedTwice
from services.contracting.domain.deliberation import Taken
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.refusals import AlreadyDecided, EngagementEnded, UnknownDossier
from services.contracting.minutes import TEMPLATES, render_minutes
from shared.clock import Clock
from shared.contracts.values import StoredDocument
from shared.documents import Documents
from shared.errors import NotFound, Refusal
from shared.events import Cause, Event
from shared.filing import keep_pdf, read_kept, retained_until
from shared.ids import new_id
from shared.journal import Journal
from shared.objects import ObjectStore
from shared.typeset import printing

MAX_AGENDA_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Board:
    """`view` lists the engagements, `sessions_view` the sessions; `quorum` is the rule new sessions are held under.

    `retention_days`: how long minutes are locked, from their writing.
    """

    engagements: Journal[Engagement]
    sessions: Journal[Session]
    view: Documents
    sessions_view: Documents
    objects: ObjectStore
    quorum: QuorumRule
    clock: Clock
    retention_days: int | None = None

    async def open(
        self, session_date: date, number: int, members: tuple[Member, ...], chair_id: str | None, cause: Cause
    ) -> Session:
        """Open the `number`-th session of a day with the agenda as it stands. Raises: as open_session of the domain."""
        session_id = session_id_of(session_date, number)
        opened = BoardSessionOpened(
            session_id=session_id,
            session_date=session_date,
            quorum=self.quorum,
            members=members,
            opened_by=cause.actor,
            opened_at=self.clock.now(),
            chair_id=chair_id,
        )
        items = await self._due(session_id)
        done = await self.sessions.append(
            session_id, lambda session: domain.open_session(session, opened, items), cause
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

    async def draw_agenda(self, session_id: str, cause: Cause) -> Session:
        """Raises: NotFound, DecisionFinal."""
        items, now = await self._due(session_id), self.clock.now()
        return await self._change(
            session_id, lambda session: domain.draw_agenda(session, items, cause.actor, now), cause
        )

    async def record_attendance(
        self, session_id: str, members: tuple[Member, ...], chair_id: str | None, cause: Cause
    ) -> Session:
        """Raises: NotFound; as record_attendance of the domain."""
        now = self.clock.now()
        return await self._change(
            session_id, lambda session: domain.record_attendance(session, members, chair_id, cause.actor, now), cause
        )

    async def record_recusals(
        self, session_id: str, dossier_id: str, member_ids: tuple[str, ...], cause: Cause
    ) -> Session:
        """Raises: NotFound; as record_recusals of the domain."""
        now = self.clock.now()
        return await self._change(
            session_id,
            lambda session: domain.record_recusals(session, dossier_id, member_ids, cause.actor, now),
            cause,
        )

    async def decide(self, session_id: str, decisions: Sequence[Taken], cause: Cause) -> list[Refusal | None]:
        """Record each decision or refuse it alone; one answer a decision, None when it is recorded.

        Raises: NotFound, DossierNamedTwice.
        """
        await self.session(session_id)
        if len({taken.dossier_id for taken in decisions}) < len(decisions):
            raise DossierNamedTwice("Chaque dossier est nommé une fois par envoi.", pointer="/decisions")
        elsewhere = await self._decided_elsewhere(session_id)
        answers = list[Refusal | None]()
        for taken in decisions:
            try:
                await self._decide(session_id, taken, elsewhere.get(taken.dossier_id), cause)
            except Refusal as refusal:
                answers.append(refusal)
            else:
                answers.append(None)
        return answers

    async def _decide(self, session_id: str, taken: Taken, elsewhere: str | None, cause: Cause) -> None:
        loaded, now = await self.engagements.load(taken.dossier_id), self.clock.now()
        if loaded.version == 0:
            raise UnknownDossier("Aucun dossier ne porte cet identifiant.", pointer="/dossier_id")
        await self.sessions.append(
            session_id,
            lambda session: domain.record_decision(session, loaded.state, taken, elsewhere, cause.actor, now),
            cause,
        )

    async def write_minutes(self, session_id: str, cause: Cause) -> Session:
        """Print and store the minutes; those that stand are kept.

        Raises: NotFound, Unavailable, MinutesOutdated; as check_minutes of the domain.
        """
        session = await self.session(session_id)
        if session.minutes is not None:
            return session
        now, struck = self.clock.now(), await self._struck(session_id, session)
        domain.check_minutes(session, struck, now)
        pdf = await render_minutes(session, struck, now)
        minutes, how = await self._keep(session_id, pdf, now), printing(pdf, TEMPLATES)
        return await self._change(
            session_id,
            lambda current: domain.write_minutes(current, session, minutes, how, struck, cause.actor, now),
            cause,
        )

    async def minutes(self, session_id: str) -> tuple[StoredDocument, bytes]:
        """The minutes that stand and their bytes. Raises: NotFound, DocumentAltered, Unavailable."""
        written = (await self.session(session_id)).minutes
        if written is None:
            raise NotFound("Le procès-verbal n'est pas encore établi.")
        return written.minutes, await read_kept(self.objects, written.minutes)

    async def sign_off(self, session_id: str, minutes_sha256: str, cause: Cause) -> Session:
        """Make the decisions final, then announce them; after an outage in between the timer goes on.

        Raises: NotFound, Unavailable; as sign_off of the domain.
        """
        now = self.clock.now()
        await self._change(
            session_id, lambda session: domain.sign_off(session, minutes_sha256, cause.actor, now), cause
        )
        return await self._announce(session_id, cause)

    async def _announce(self, session_id: str, cause: Cause) -> Session:
        """Bring each decision to its dossier, in the order of the agenda; what an earlier try brought stays."""
        session, now = await self.session(session_id), self.clock.now()
        for item in session.agenda:
            line = session.decision(item.dossier_id)
            if line is not None:
                await self.engagements.append(
                    item.dossier_id,
                    lambda engagement, line=line: domain.announce(engagement, session, line, now),
                    cause,
                )
        return await self._change(session_id, lambda current: domain.conclude(current, now), cause)

    async def announce_pending(self) -> None:
        """Go on with the sessions whose announcement was interrupted."""
        interrupted = [row["session_id"] async for row in store.announcing(self.sessions_view)]
        for session_id in interrupted:
            await self._announce(session_id, Cause("service:contracting", correlation=session_id))

    async def _change(self, session_id: str, decide: Callable[[Session], Sequence[Event]], cause: Cause) -> Session:
        await self.session(session_id)
        return (await self.sessions.append(session_id, decide, cause)).state

    async def _due(self, session_id: str) -> tuple[AgendaItem, ...]:
        """What the board has to decide, without what another session decided and has still to announce."""
        elsewhere = await self._decided_elsewhere(session_id)
        due = store.agenda(self.view, 0, MAX_AGENDA_ITEMS + len(elsewhere))
        items = [store.agenda_item(row) async for row in due if row["dossier_id"] not in elsewhere]
        return tuple(items[:MAX_AGENDA_ITEMS])

    async def _decided_elsewhere(self, session_id: str) -> dict[str, str]:
        """The session, another one not announced yet, by the dossier it confirmed or refused."""
        return {
            dossier_id: row["session_id"]
            async for row in store.unannounced(self.sessions_view)
            if row["session_id"] != session_id
            for dossier_id in row["decided"]
        }

    async def _struck(self, session_id: str, session: Session) -> tuple[str, ...]:
        """The undecided dossiers that the board can no longer decide."""
        elsewhere, struck = await self._decided_elsewhere(session_id), list[str]()
        for item in session.undecided:
            engagement = (await self.engagements.load(item.dossier_id)).state
            try:
                domain.check_decidable(engagement, elsewhere.get(item.dossier_id))
            except (AlreadyDecided, EngagementEnded):
                struck.append(item.dossier_id)
        return tuple(struck)

    async def _keep(self, session_id: str, pdf: bytes, written_at: datetime) -> StoredDocument:
        document_id = new_id()
        return await keep_pdf(
            self.objects,
            f"board-sessions/{session_id}/{document_id}.pdf",
            pdf,
            document_id=document_id,
            kind="board_minutes",
            filename=f"proces-verbal-{session_id}.pdf",
            retain_until=retained_until(written_at, self.retention_days),
        )
