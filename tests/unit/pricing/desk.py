"""The pricing service on documents in memory, with people who call it and a clock that is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from services.pricing import store
from services.pricing.api import grids, offers
from services.pricing.domain import offer, tariff
from services.pricing.domain.grid import Grid
from services.pricing.domain.reading import Reading
from services.pricing.handlers import handlers
from services.pricing.usecases.offers import Offers
from services.pricing.usecases.tariffs import Tariffs
from shared import campaign
from shared.auth import Principal, Role
from shared.contracts.envelope import CampaignOpened
from shared.documents import MemoryDocuments
from shared.events import Event, MessageMeta
from shared.http import build_app
from shared.journal import Commit, Journal
from shared.objects import DirectoryObjects
from shared.views import View
from tests.callers import TOKEN, called_by
from tests.facts import CAMPAIGN, DOSSIER, opinion, profile, submitted
from tests.unit.envelope.book import rules
from tests.unit.pricing.samples import GRID, NOW

OFFICER, SECOND_OFFICER = "tarificateur-1", "tarificateur-2"
SECRETARY, AUDITOR, LANDLORD = "secretaire-ccn", "auditeur", "bailleur-1"
ROLES = {SECRETARY: Role.COMMITTEE_SECRETARY, AUDITOR: Role.AUDITOR, LANDLORD: Role.BAILLEUR}
SETTLING = timedelta(minutes=10)


class SetClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Desk:
    """The service wired on memory; `reading` is what the broker would have shown."""

    def __init__(self, objects: Path) -> None:
        self.clock, self.documents = SetClock(NOW), MemoryDocuments()
        self.recorded: list[Event] = []
        self.view = View(MemoryDocuments(), store.render)
        self.parked = MemoryDocuments()
        self.reading = Reading(reachable_since=NOW, read_until=NOW)
        self.objects = DirectoryObjects(objects)
        self.offers = Offers(
            journal=(journal := Journal(offer.KIND, self.documents, self.clock, self._project)),
            campaigns=Journal(campaign.KIND, self.documents, self.clock, self._keep),
            tariffs=Tariffs(Journal(tariff.KIND, self.documents, self.clock, self._keep), self.clock),
            view=self.view.documents,
            parked=self.parked,
            objects=self.objects,
            reading=lambda: self.reading,
            settling=SETTLING,
            clock=self.clock,
            retention_days=3_653,
        )
        self._journal, self._heard = journal, 0
        self._caller = Principal("nobody", frozenset())
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app()), base_url="http://pricing", headers=TOKEN
        )

    @classmethod
    async def opened(cls, objects: Path) -> "Desk":
        """With the demonstration grid in force."""
        desk = cls(objects)
        await desk.adopt(GRID)
        return desk

    async def adopt(self, grid: Grid) -> None:
        """Two officers put a grid in force, the day before it takes effect."""
        now, self.clock.moment = self.clock.moment, tariff.effective_at(grid) - timedelta(days=1)
        row = await self.done("POST", "/grids/proposals", {"grid": grid.model_dump(mode="json"), "reason": "Revue"})
        approval = f"/grids/proposals/{row['proposal_id']}/approval"
        await self.done("POST", approval, {"hash": row["hash"]}, who=SECOND_OFFICER)
        self.clock.moment = now

    def _app(self) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield

        async def checks() -> dict[str, bool]:
            return {}

        routers = [offers.router(self.offers), grids.router(self.offers.tariffs)]
        app = build_app("Tarification", routers, lifespan, checks)
        called_by(app, lambda: self._caller)
        return app

    async def _keep(self, commit: Commit, _: Any) -> None:
        self.recorded += [event for entry in commit.decoded() for event in entry.events]

    async def _project(self, commit: Commit, state: Any) -> None:
        await self._keep(commit, state)
        key = commit.stream.split(":", 1)[1]
        await self.view.put(self._journal, self.documents, key, state, commit.version)

    async def hear(self, *events: Any) -> None:
        for event in events:
            self._heard += 1
            meta = MessageMeta(f"m{self._heard}", type(event).__name__, 1, "s", 1, 1, NOW, "c0ffee")
            await handlers(self.offers)[type(event)](event, meta)

    async def drafted(self, *facts: Event) -> None:
        """A dossier whose pieces have come: `facts`, or a priceable profile."""
        await self.hear(CampaignOpened(campaign_id=CAMPAIGN, rules=rules(), opened_at=NOW))
        await self.hear(submitted(), *(facts or (profile(),)), opinion())

    async def issued(self) -> dict[str, Any]:
        await self.drafted()
        return await self.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": f"{DOSSIER}-1"})

    async def call(
        self, method: str, path: str, body: Any = None, *, who: str = OFFICER, accept: str = "*/*"
    ) -> httpx.Response:
        self._caller = Principal(who, frozenset({ROLES.get(who, Role.PRICING_OFFICER)}))
        return await self._client.request(method, path, json=body, headers={"Accept": accept})

    async def done(self, method: str, path: str, body: Any = None, *, who: str = OFFICER) -> Any:
        answer = await self.call(method, path, body, who=who)
        assert answer.is_success, answer.text
        return answer.json()

    def of(self, cls: type[Event]) -> list[Any]:
        """What was recorded of a kind."""
        return [event for event in self.recorded if isinstance(event, cls)]


def problem(answer: httpx.Response) -> str:
    return answer.json()["type"].removeprefix("urn:ami-garantie:problem:")
