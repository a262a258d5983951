"""The contracting service's money side on documents in memory, with people who call it."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from services.contracting import store
from services.contracting.api import account as account_api
from services.contracting.api import payments as payments_api
from services.contracting.api import statements as statements_api
from services.contracting.domain import account, engagement, payment, statement
from services.contracting.domain.engagement import Engagement
from services.contracting.usecases.books import Books
from services.contracting.usecases.payments import Payments
from services.contracting.usecases.refunds import Refunds
from services.contracting.usecases.statements import Statements
from shared.auth import Principal, Role
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.events import Cause, Event
from shared.http import build_app
from shared.journal import Commit, Journal
from shared.objects import ObjectMissing, StoredObject
from shared.objects.port import KeyTaken, collect
from shared.views import View
from tests.callers import TOKEN, called_by
from tests.counter import FixedClock
from tests.unit.contracting.cases import Case
from tests.unit.contracting.samples import DOSSIER, NOW

FIRST_OPENING, RETENTION_DAYS = 100_00, 3_650
IBAN = "FR7630001007941234567890185"
ACTOR = Cause("user:accountant-1", "c0ffee")
SECOND = Cause("user:accountant-2", "c0ffee")


class MemoryObjects:
    """The object store's promises in memory; `locks` are the dates objects are kept until."""

    def __init__(self) -> None:
        self.kept, self.locks = dict[str, bytes](), dict[str, datetime]()

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str, limit_bytes: int) -> StoredObject:
        content = await collect(chunks)
        if self.kept.setdefault(key, content) != content:
            raise KeyTaken(key)
        return StoredObject(key, hashlib.sha256(content).hexdigest(), len(content))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        if key not in self.kept:
            raise ObjectMissing
        yield self.kept[key]

    async def read(self, key: str) -> bytes:
        return await collect(self.stream(key))

    async def retain(self, key: str, until: datetime) -> None:
        self.locks[key] = max(until, self.locks.get(key, until))

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    async def check(self) -> None:
        """Memory answers."""


class Office:
    """Engagements, payments and statements wired on memory."""

    def __init__(self, *, now=NOW, commits: MemoryDocuments | None = None) -> None:
        """With the `commits` of another office it is a second process on the same database."""
        self.commits, self.clock = commits or MemoryDocuments(), FixedClock(now)
        self._views: dict[str, View[Any]] = {}
        self._journals: dict[str, Journal[Any]] = {}
        self.engagements = self.journal(engagement.KIND, store.render)
        self.received = self.journal(payment.KIND, store.render_payment)
        self.imports = self.journal(statement.KIND, store.render_statement)
        books = Books(self.engagements, self.received, self.clock)
        views = self.view("engagement"), self.view("payment")
        self.refunds = Refunds(books, *views)
        self.payments = Payments(books, self.refunds, *views)
        self.accounts = Journal(account.KIND, self.commits, self.clock, self.keep)
        self.objects = MemoryObjects()
        self.statements = Statements(
            self.imports,
            self.accounts,
            self.view("statement"),
            self.payments,
            self.objects,
            IBAN,
            self.clock,
            retention_days=RETENTION_DAYS,
        )
        self.caller = Principal("nobody", frozenset())
        self.client: httpx.AsyncClient
        self.serve(
            payments_api.router(self.payments, self.refunds),
            statements_api.router(self.statements),
            account_api.router(self.statements),
        )

    def serve(self, *routers: APIRouter) -> None:
        """Answer `routers` instead of the accountant's."""
        app = build_app(
            "Contractualisation",
            routers,
            lifespan=None,  # pyright: ignore[reportArgumentType] (the transport starts nothing)
            checks=_nothing,
        )
        called_by(app, lambda: self.caller)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://contracting", headers=TOKEN
        )

    def journal(self, kind, render) -> Journal[Any]:
        self._views[kind.name] = View(MemoryDocuments(), render)
        self._journals[kind.name] = Journal(kind, self.commits, self.clock, self._project)
        return self._journals[kind.name]

    def view(self, name: str):
        return self._views[name].documents

    async def _project(self, commit: Commit, state: Any) -> None:
        kind, key = commit.stream.split(":", 1)
        await self._views[kind].put(self._journals[kind], self.commits, key, state, commit.version)

    async def keep(self, _commit: Commit, _state: Any) -> None:
        """Nothing is shown of a stream without a view."""

    async def know(self, case: Case, dossier_id: str = DOSSIER) -> None:
        """The dossier stands where the case brought it."""
        events = [one.model_copy(update={"dossier_id": dossier_id}) for one in case.events]
        await self.happen(events, dossier_id)

    async def happen(self, events: list[Event], dossier_id: str = DOSSIER) -> None:
        await self.engagements.append(dossier_id, lambda _: events, ACTOR)

    async def engagement(self, dossier_id: str = DOSSIER) -> Engagement:
        return (await self.engagements.load(dossier_id)).state

    async def opening(self) -> int:
        """On which balance the bank's next statement opens."""
        expected = (await self.accounts.load(IBAN)).state.expected_cents
        return FIRST_OPENING if expected is None else expected

    async def call(
        self, method: str, path: str, body: Any = None, role: Role = Role.ACCOUNTANT, person: int = 1, **request: Any
    ):
        self.caller = Principal(f"{role}-{person}", frozenset({role}))
        return await self.client.request(method, path, json=body, **request)

    async def send(self, content: bytes | str, kind: str = "application/xml") -> httpx.Response:
        self.caller = Principal("accountant-1", frozenset({Role.ACCOUNTANT}))
        return await self.client.post("/statements", content=content, headers={"Content-Type": kind})

    async def send_interrupted(self, monkeypatch: pytest.MonkeyPatch, content: str, streams: str) -> None:
        """The database goes away when the first stream whose name begins so is to be written."""
        insert = self.commits.insert

        async def fail(document: dict[str, Any]) -> None:
            if document["stream"].startswith(streams):
                raise Unavailable("database")
            await insert(document)

        monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
        monkeypatch.setattr(self.commits, "insert", fail)
        assert (await self.send(content)).status_code == 503
        monkeypatch.setattr(self.commits, "insert", insert)

    async def confirm(self, payment_id: str) -> dict[str, Any]:
        """A second accountant found what the first one entered."""
        answer = await self.call("POST", f"/payments/{payment_id}/confirmation", person=2)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def queue(self, name: str) -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/payments/queues/{name}")
        assert answer.status_code == 200
        return answer.json()


async def _nothing() -> dict[str, bool]:
    return {}


def problem(answer: httpx.Response) -> str:
    assert answer.status_code >= 400, answer.text
    return answer.json()["type"].rpartition(":")[2]
