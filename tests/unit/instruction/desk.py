"""The instruction service on documents in memory, with people who call it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from services.instruction import store
from services.instruction.api.routes import router
from services.instruction.domain.eligibility import RULES
from services.instruction.domain.review import KIND, PROFILE_KIND, SUSPICION_KIND
from services.instruction.handlers import handlers
from services.instruction.usecases import Instruction
from shared.auth import Principal, Role
from shared.documents import MemoryDocuments
from shared.events import MessageMeta
from shared.http import build_app
from shared.journal import Commit, Journal
from shared.views import View
from tests.callers import TOKEN, called_by
from tests.counter import FixedClock
from tests.facts import DOSSIER
from tests.unit.instruction.samples import NOW, TODAY, assessments, reserved, submitted

RATING = {"rating": "2-", "rated_on": "2024-02-01", "programme_quality": "A"}
DILIGENCE = {
    "client_identified": True,
    "beneficial_owners_identified": True,
    "risk_class": "low",
    "screened_on": TODAY.isoformat(),
    "screening_clear": True,
}
CRITERIA = {"assessments": [one.model_dump(mode="json") for one in assessments()]}
OPINION = {"opinion": "favourable", "session_date": TODAY.isoformat()}


class Desk:
    """The service wired on memory, with people who call it."""

    def __init__(self) -> None:
        commits, clock = MemoryDocuments(), FixedClock(NOW)
        self.commits: list[Commit] = []
        self.view = View(MemoryDocuments(), store.render)
        self.instruction = Instruction(
            reviews=(reviews := Journal(KIND, commits, clock, self._project)),
            profiles=Journal(PROFILE_KIND, commits, clock, self._keep),
            suspicions=Journal(SUSPICION_KIND, commits, clock, self._keep),
            view=self.view.documents,
            rules=RULES,
            clock=clock,
        )
        self._reviews, self._documents = reviews, commits
        self._heard = 0
        self.caller = Principal("nobody", frozenset())
        app = _app(self)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://instruction", headers=TOKEN
        )

    async def _keep(self, commit: Commit, _: Any) -> None:
        self.commits.append(commit)

    async def _project(self, commit: Commit, state: Any) -> None:
        self.commits.append(commit)
        key = commit.stream.split(":", 1)[1]
        await self.view.put(self._reviews, self._documents, key, state, commit.version)

    async def hear(self, *events: Any) -> None:
        for event in events:
            self._heard += 1
            await self.hear_as(event, f"m{self._heard}")

    async def hear_as(self, event: Any, message_id: str) -> None:
        meta = MessageMeta(message_id, type(event).__name__, 1, "s", 1, 1, NOW, "c0ffee")
        await handlers(self.instruction)[type(event)](event, meta)

    async def call(self, role: Role, method: str, path: str, body: Any = None) -> httpx.Response:
        self.caller = Principal(f"{role}-1", frozenset({role}))
        return await self._client.request(method, path, json=body)

    async def act(self, role: Role, method: str, act: str, body: Any = None, dossier_id: str = DOSSIER) -> Any:
        answer = await self.call(role, method, f"/reviews/{dossier_id}/{act}", body)
        assert answer.is_success, answer.text
        return answer.json()

    async def read(self, role: Role = Role.INSTRUCTOR) -> dict[str, Any]:
        return (await self.call(role, "GET", f"/reviews/{DOSSIER}")).json()

    async def bring_to_committee(self, dossier_id: str = DOSSIER) -> None:
        await self.act(Role.INSTRUCTOR, "POST", "assignment", {}, dossier_id)
        await self.act(Role.INSTRUCTOR, "POST", "completeness", None, dossier_id)
        await self.act(Role.INSTRUCTOR, "POST", "eligibility", None, dossier_id)
        await self.act(Role.COMPLIANCE, "PUT", "diligence", DILIGENCE, dossier_id)
        await self.act(Role.INSTRUCTOR, "PUT", "rating", RATING, dossier_id)
        await self.act(Role.INSTRUCTOR, "PUT", "criteria", CRITERIA, dossier_id)
        await self.act(Role.INSTRUCTOR, "POST", "committee", None, dossier_id)


def _app(desk: Desk) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    async def checks() -> dict[str, bool]:
        return {}

    app = build_app("Instruction", [router(desk.instruction)], lifespan, checks)
    called_by(app, lambda: desk.caller)
    return app


def problem(answer: httpx.Response) -> str:
    return answer.json()["type"].removeprefix("urn:ami-garantie:problem:")


async def desk_with_a_dossier() -> Desk:
    """One dossier, deposited and reserved."""
    made = Desk()
    await made.hear(submitted(), reserved())
    return made
