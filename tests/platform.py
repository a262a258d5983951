"""A running platform for tests: a stack, the five services, and people who act."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from deploy.demo.account import journals
from deploy.demo.client import Client, awaited
from deploy.demo.offices import Offices
from deploy.demo.operations import OPERATIONS, DemoOperation, Story
from deploy.demo.people import Dossier
from deploy.demo.portal import Portal
from deploy.demo.scenario import OPENS_AT, Scenario
from deploy.local import clock
from deploy.local.services import NAMES, Services
from deploy.local.stack import Stack
from shared.clock import ClockFile


class Platform:
    """The services on a stack, with an open campaign and its grid.

    `before_opening` is the refusal of a deposit made too early.
    """

    def __init__(self, stack: Stack, services: Services) -> None:
        self.stack = stack
        self.services = services
        self.before_opening: dict[str, Any] = {}

    @property
    def now(self) -> datetime:
        return ClockFile(self.stack.clock_file).now()

    def step(self, **ahead: float) -> None:
        self.step_to(self.now + timedelta(**ahead))

    def step_to(self, moment: datetime) -> None:
        clock.step_to(self.stack.clock_file, moment)

    def open_campaign(self) -> None:
        """Register everyone, try a deposit too early, then step to the opening; once a data directory."""
        asyncio.run(self._open())

    async def _open(self) -> None:
        visit = self.visit()
        try:
            await visit.offices.open_campaign(OPENS_AT, self.now)
            await awaited(visit.campaign_known, "campaign known to intake")
            await visit.offices.adopt_grid()
            await visit.portal.register_all()
            dossier = await visit.ready()
            path = f"/dossiers/{dossier.dossier_id}/submission"
            self.before_opening = await visit.client.refused(
                "campaign-not-open", "POST", "intake", path, who=dossier.who
            )
        finally:
            await visit.client.close()
        clock.step_to(self.stack.clock_file, OPENS_AT + timedelta(seconds=1))

    def visit(self) -> "Visit":
        """People acting through a client of this event loop; close its client after."""
        return Visit(self)


class Visit:
    """One test's way to act."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.client = Client(platform.stack.issuer, {name: platform.services.url(name) for name in NAMES})
        self.portal = Portal(self.client, platform.stack.authority, ClockFile(platform.stack.clock_file))
        self.offices = Offices(self.client)
        self.scenario = Scenario(self.client, platform.stack.clock_file, platform.stack.authority, lambda _: None)

    async def campaign_known(self) -> bool | None:
        return True if (await self.client.ok("GET", "intake", "/campaign"))["label"] else None

    def operation(self, **changes: Any) -> DemoOperation:
        """A small operation with a name of its own."""
        given = {"name": f"Essai {uuid4().hex[:8]}", "principal_keur": 1_000, "story": Story.ACTE} | changes
        return replace(OPERATIONS[0], **given)

    async def draft(self, **changes: Any) -> Dossier:
        """A dossier whose form is saved and whose documents are missing."""
        dossier = Dossier(self.operation(**changes))
        await self.portal.create(dossier)
        return dossier

    async def ready(self, **changes: Any) -> Dossier:
        """A dossier that can be submitted."""
        dossier = await self.draft(**changes)
        await self.portal.deposit_documents(dossier, 1)
        return dossier

    async def submitted(self, **changes: Any) -> Dossier:
        """A deposited dossier that holds its reservation."""
        dossier = await self.ready(**changes)
        await self.portal.submit(dossier)
        await self.until(dossier, envelope="reserved")
        return dossier

    async def brought_to(self, status: str, **changes: Any) -> Dossier:
        """A dossier whose story has reached `status`; the next act is the test's."""
        dossier = await self.submitted(**changes)
        while (seen := await self.portal.timeline(dossier))["status"] != status:
            act = self.scenario.next_act(dossier, seen)
            if act is None:
                await self.offices.hold_board(self.scenario.today, [(dossier, True)])
            else:
                await act()
            await self.scenario.changed(dossier, seen)
        return dossier

    async def until(self, dossier: Dossier, **wanted: Any) -> dict[str, Any]:
        """The timeline once it says what is wanted."""

        async def reached() -> dict[str, Any] | None:
            seen = await self.portal.timeline(dossier)
            return seen if all(seen[name] == value for name, value in wanted.items()) else None

        return await awaited(reached, f"{wanted} of {dossier.operation.name}")

    async def call(self, method: str, service: str, path: str, **request: Any) -> httpx.Response:
        return await self.client.send(method, service, path, **request)


async def whole(visit: Visit) -> None:
    """Every journal is intact, and everything recorded gets published."""

    async def published() -> bool | None:
        found = await journals(visit.platform.stack.environment()["ALS_MONGO_URL"])
        assert all(one.report.clean for one in found.values())
        return True if not any(one.unpublished for one in found.values()) else None

    await awaited(published, "everything recorded is published")


def problem(answer: httpx.Response) -> str:
    """The stable word of a problem document; fails for any other answer."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    return document["type"].removeprefix("urn:ami-garantie:problem:")
