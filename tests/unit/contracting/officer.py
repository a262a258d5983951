"""The contracting service on documents in memory and objects in a directory, with a legal officer who calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.local.authority import Authority
from services.contracting import store
from services.contracting.api import engagements as engagements_api
from services.contracting.api import signed_returns as signed_returns_api
from services.contracting.domain import screening
from services.contracting.domain.engagement import KIND, EngagementDocument
from services.contracting.domain.facts import Channel, Purpose
from services.contracting.domain.premium import pay
from services.contracting.signatures.examination import Examiner
from services.contracting.transmission import BdtDirectory
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.screenings import Screenings
from services.contracting.usecases.signed_returns import SignedReturns
from shared import campaign
from shared.auth import Principal, Role
from shared.contracts.envelope import CampaignOpened
from shared.contracts.intake import SignedConventionLodged
from shared.contracts.values import StoredDocument
from shared.documents import MemoryDocuments
from shared.events import Cause, Event
from shared.filing import keep_pdf
from shared.http import build_app
from shared.journal import Commit, Journal
from shared.objects import DirectoryObjects
from shared.reprint import events_of
from shared.signing import Seal
from shared.views import View
from tests.callers import TOKEN, called_by
from tests.counter import FixedClock
from tests.unit.contracting import stationery
from tests.unit.contracting.cases import sendable
from tests.unit.contracting.samples import DOSSIER, NOW, PREMIUM_CENTS, received, rules, screened

CAUSE = Cause("user:legal_officer-1", "c0ffee")
RETENTION_DAYS = 3_653


class Officer:
    """A dossier whose convention can be sent, and people who act on it."""

    def __init__(self, folder: Path) -> None:
        commits, clock = MemoryDocuments(), FixedClock(NOW)
        (folder / "bdt").mkdir()
        self.authority = Authority(folder / "authority")
        self.objects = DirectoryObjects(folder / "objects")
        self.view = View(MemoryDocuments(), store.render)
        self.journal = Journal(KIND, commits, clock, self._project)
        self._campaigns = Journal(campaign.KIND, commits, clock, self._keep)
        self._documents = commits
        papers = stationery.papers(folder, self.objects, RETENTION_DAYS)
        screened = Journal(screening.KIND, commits, clock, self._keep)
        self.engagements = Engagements(
            engagements=self.journal,
            campaigns=self._campaigns,
            view=self.view.documents,
            objects=self.objects,
            ways={Channel.DIRECTORY: BdtDirectory(folder / "bdt")},
            papers=papers,
            clock=clock,
            screenings=Screenings(self.journal, screened, MemoryDocuments(), None, clock, 30),
        )
        examiner = Examiner(self.authority.root)
        self.returns = SignedReturns(self.journal, self.view.documents, self.objects, papers, examiner, clock)
        self.caller = Principal("nobody", frozenset())
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(_app(self)), base_url="http://contracting", headers=TOKEN
        )

    async def _keep(self, commit: Commit, _: Any) -> None:
        """Campaigns and register screenings have no view here."""

    async def _project(self, commit: Commit, state: Any) -> None:
        await self.view.put(self.journal, self._documents, DOSSIER, state, commit.version)

    async def record(self, *events: Event) -> None:
        await self.journal.append(DOSSIER, lambda _: events, CAUSE)

    async def events(self) -> list[Event]:
        return await events_of(self._documents, KIND.stream(DOSSIER))

    async def call(self, role: Role, method: str, path: str, body: Any = None) -> httpx.Response:
        self.caller = Principal(f"{role}-1", frozenset({role}))
        return await self._client.request(method, f"/engagements/{DOSSIER}/{path}", json=body)

    async def kept(self, kind: EngagementDocument) -> bytes:
        return (await self.engagements.document(DOSSIER, kind))[1]

    async def send(self) -> bytes:
        """Everything before the convention, then the convention; gives what the bailleur receives."""
        opened = CampaignOpened(campaign_id="c", rules=rules(), opened_at=NOW)
        await self._campaigns.append("c", lambda _: [opened], CAUSE)
        await self.record(*sendable().events)
        assert (await self.call(Role.LEGAL_OFFICER, "POST", "convention")).is_success
        return await self.kept(EngagementDocument.CONVENTION)

    async def sign(self, convention: bytes) -> bytes:
        """As the bailleur of the samples."""
        seal = Seal(self.authority.issue("bailleur", "Bailleur d'essai", "542065479"))
        return await seal.sign(convention, at=NOW, field="Bailleur", reason="Signature du bailleur")

    async def lodge(self, returned: bytes, document_id: str = "signed-1") -> StoredDocument:
        """What intake announces of an upload."""
        document = await keep_pdf(
            self.objects,
            f"dossiers/{DOSSIER}/signed_convention/{document_id}",
            returned,
            document_id=document_id,
            kind="signed_convention",
            filename="convention-signee.pdf",
        )
        await self.record(
            SignedConventionLodged(dossier_id=DOSSIER, lodged_at=NOW + timedelta(minutes=1), document=document)
        )
        return document

    async def check(self, reason: str = "", decision: str = "accept", document_id: str = "signed-1") -> httpx.Response:
        body = {"document_id": document_id, "decision": decision, "reason": reason}
        return await self.call(Role.LEGAL_OFFICER, "POST", "signed-convention-check", body)

    async def bring_to_acte(self) -> None:
        await self.lodge(await self.sign(await self.send()))
        assert (await self.check()).is_success
        await self.journal.append(DOSSIER, lambda one: pay(one, received(PREMIUM_CENTS), NOW), CAUSE)
        await self.record(screened(Purpose.ACTE))
        await self.engagements.issue_acte(DOSSIER, Cause("user:another", "c0ffee"))


def _app(officer: Officer) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    async def checks() -> dict[str, bool]:
        return {}

    routers = [engagements_api.router(officer.engagements), signed_returns_api.router(officer.returns)]
    app = build_app("Contractualisation", routers, lifespan, checks)
    called_by(app, lambda: officer.caller)
    return app
