"""Contracting's journals in memory, and the board that works on them."""

from datetime import date

from services.contracting import store
from services.contracting.domain import board as board_domain
from services.contracting.domain import engagement as engagement_domain
from services.contracting.domain.board import Decision, Session
from services.contracting.domain.deliberation import Taken
from services.contracting.usecases.board import Board
from shared.contracts.intake import DossierWithdrawn
from shared.documents import MemoryDocuments
from shared.events import Cause
from shared.journal import Commit, Journal
from shared.objects import DirectoryObjects
from shared.views import View
from tests.counter import FixedClock
from tests.unit.contracting.samples import (
    ALL_FOR,
    CHAIR,
    MEMBERS,
    NOW,
    OTHER,
    QUORUM,
    SECRETARY,
    TODAY,
    accepted,
    issued,
    opinion,
    submitted,
)

AUTHOR, SIGNER = Cause(SECRETARY, "c0ffee"), Cause(OTHER, "c0ffee")


class Office:
    """Contracting's journals with their views, and the board that works on them."""

    def __init__(self, path) -> None:
        self.commits = MemoryDocuments()
        self.announced: list[str] = []
        self.crash_after: int | None = None
        self.engagements = self._journal(engagement_domain.KIND, store.render)
        self.sessions = self._journal(board_domain.KIND, store.render_session)
        self.board = Board(
            engagements=self.engagements[0],
            sessions=self.sessions[0],
            view=self.engagements[1],
            sessions_view=self.sessions[1],
            objects=DirectoryObjects(path),
            quorum=QUORUM,
            clock=FixedClock(NOW),
            retention_days=3_653,
        )

    def _journal(self, kind, render):
        view = View(MemoryDocuments(), render)

        async def on_commit(commit: Commit, state) -> None:
            key = commit.stream.split(":", 1)[1]
            await view.put(journal, self.commits, key, state, commit.version)
            names = [type(event).__name__ for entry in commit.decoded() for event in entry.events]
            self.announced += [
                f"{name} {key}" for name in names if name.startswith(("BoardConf", "BoardRef", "BoardAdj"))
            ]

        journal = Journal(kind, self.commits, FixedClock(NOW), on_commit)
        return journal, view.documents

    async def favourable(self, dossier_id: str, number: int) -> None:
        facts = [submitted(dossier_id, number), opinion(), issued(), accepted()]
        heard = [fact.model_copy(update={"dossier_id": dossier_id}) for fact in facts]
        await self.engagements[0].append(dossier_id, lambda _: heard, AUTHOR)

    async def withdraw(self, dossier_id: str) -> None:
        withdrawn = DossierWithdrawn(campaign_id="c", dossier_id=dossier_id, withdrawn_at=NOW)
        await self.engagements[0].append(dossier_id, lambda _: [withdrawn], AUTHOR)

    async def open(self, day: date = TODAY, number: int = 1) -> Session:
        return await self.board.open(day, number, MEMBERS, CHAIR, AUTHOR)

    async def decide(self, session_id: str, *decisions: tuple[str, Decision]) -> list:
        taken = [Taken(dossier_id, decision, "Motif", ALL_FOR) for dossier_id, decision in decisions]
        return await self.board.decide(session_id, taken, AUTHOR)

    async def sign(self, session_id: str) -> Session:
        written = (await self.board.write_minutes(session_id, AUTHOR)).minutes
        assert written is not None
        return await self.board.sign_off(session_id, written.minutes.sha256, SIGNER)

    async def kinds(self, dossier_id: str) -> list[str]:
        return [type(event).__name__ async for event in self.engagements[0].events(dossier_id)][4:]
