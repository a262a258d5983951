"""A drill: landlords deposit before, across and during a fault; afterwards all that was acknowledged is whole."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo import people
from deploy.demo.client import Unexpected, awaited
from deploy.demo.offices import CAMPAIGN
from deploy.demo.people import Dossier
from deploy.local.real import RealStack
from deploy.local.services import NAMES, Services
from services.envelope.domain import ledger
from services.envelope.domain.facts import EpochBegan
from services.intake.domain import register
from shared.contracts.envelope import Reserved
from shared.contracts.intake import DossierSubmitted
from shared.dead_letters import known_topics
from shared.documents import Database, MongoDocuments
from shared.events import Event
from shared.journal import Journal
from shared.journal.commit import Commit
from tests.counter import FixedClock
from tests.platform import Visit, whole

BEFORE, ACROSS, DURING = 1, 3, 2
RECOVERY_LIMIT_SECONDS = 180  # a generous end to waiting, not a promise


@dataclass(slots=True)
class Row:
    """A line of the table at the end."""

    fault: str
    outcome: str = "NOT RECOVERED"
    seconds: float | None = None
    counted_from: str = ""


class Drill:
    """One fault. The test strikes and lifts it; `struck`, `lifted` and `recovered` tell the drill."""

    def __init__(self, visit: Visit, row: Row) -> None:
        self.visit = visit
        self.row = row
        self.acknowledged = dict[str, int]()
        self._waiting = list[Dossier]()
        self._deposits = list[asyncio.Task[None]]()
        self._dossiers = list[Dossier]()
        self._since = 0.0
        url = visit.platform.stack.environment()["ALS_MONGO_URL"]
        self._databases = {name: Database(url, name) for name in NAMES}

    @property
    def stack(self) -> RealStack:
        stack = self.visit.platform.stack
        assert isinstance(stack, RealStack)
        return stack

    @property
    def services(self) -> Services:
        return self.visit.platform.services

    async def close(self) -> None:
        for deposit in self._deposits:
            deposit.cancel()
        await asyncio.gather(*self._deposits, return_exceptions=True)
        for database in self._databases.values():
            database.close()

    async def under_way(self) -> None:
        """One deposit is decided, others are in flight: the moment to strike."""
        made = await asyncio.gather(*[self.visit.ready() for _ in range(BEFORE + ACROSS + DURING)])
        self._dossiers = list(made)
        self._waiting = self._dossiers[BEFORE + ACROSS :]
        for dossier in self._dossiers[:BEFORE]:
            await self._deposit(dossier)
            await self.visit.until(dossier, envelope="reserved")
        self._start(self._dossiers[BEFORE : BEFORE + ACROSS])
        await asyncio.wait(self._deposits, return_when=asyncio.FIRST_COMPLETED)

    def struck(self, what: str) -> None:
        """The fault is there: more landlords deposit, and the recovery counts from here unless it is lifted."""
        self._start(self._waiting)
        self._waiting = []
        self._count_from(what)

    def lifted(self, what: str) -> None:
        self._count_from(what)

    async def recovered(self, outcome: str, *, dead_letters: int = 0) -> None:
        """Until everything acknowledged is decided and shown; then hold it to the invariants."""
        await self.all_acknowledged()
        for dossier in self._dossiers:
            await awaited(lambda one=dossier: self._agreed(one), f"views of {dossier.operation.name}", 90)
        seconds = time.monotonic() - self._since
        await self._one_more()
        await self._accounted_for()
        await whole(self.visit)
        assert await self._dead_letters() == dead_letters
        self.row.outcome, self.row.seconds = outcome, seconds

    async def all_acknowledged(self) -> None:
        """Until every deposit has been answered, the fault notwithstanding."""
        await asyncio.wait_for(asyncio.gather(*self._deposits), RECOVERY_LIMIT_SECONDS)

    def _count_from(self, what: str) -> None:
        self._since, self.row.counted_from = time.monotonic(), what

    def _start(self, dossiers: list[Dossier]) -> None:
        self._deposits += [asyncio.create_task(self._deposit(dossier)) for dossier in dossiers]

    async def _deposit(self, dossier: Dossier) -> None:
        """As a portal does: repeat the deposit until it is answered."""

        async def attempt() -> int | None:
            try:
                return await self.visit.portal.submit(dossier)
            except (httpx.TransportError, Unexpected, OSError):
                return None

        self.acknowledged[dossier.dossier_id] = await awaited(attempt, "answer to a deposit", RECOVERY_LIMIT_SECONDS)

    async def _agreed(self, dossier: Dossier) -> bool | None:
        """What is folded for the landlord, what its list shows, and what instruction knows are the same."""
        seen = await self.visit.portal.timeline(dossier)
        listed = await self.visit.client.ok("GET", "intake", "/dossiers", who=dossier.who, params={"limit": 200})
        (row,) = [one for one in listed if one["dossier_id"] == dossier.dossier_id]
        review = await self.visit.call("GET", "instruction", f"/reviews/{dossier.dossier_id}", who=people.INSTRUCTOR)
        wanted = (self.acknowledged[dossier.dossier_id], "submitted", "reserved")
        names = ("deposit_number", "status", "envelope")
        shown = [tuple(one[name] for name in names) for one in (seen, row)]
        reviewed = review.is_success and review.json()["stage"] != "waiting"
        return True if shown == [wanted, wanted] and reviewed else None

    async def _one_more(self) -> None:
        dossier = await self.visit.submitted()
        self._dossiers.append(dossier)
        self.acknowledged[dossier.dossier_id] = await self.visit.portal.submit(dossier)

    async def _accounted_for(self) -> None:
        """One number and one decision a dossier, in order; the folds assert the other invariants."""
        deposits = [one for one in await self.register() if isinstance(one, DossierSubmitted)]
        assert self.acknowledged.items() <= {one.dossier_id: one.deposit_number for one in deposits}.items()
        assert [one.deposit_number for one in deposits] == list(range(1, len(deposits) + 1))
        decisions = [one for one in await self.ledger() if isinstance(one, Reserved)]
        assert [(one.dossier_id, one.deposit_number) for one in decisions] == [
            (one.dossier_id, one.deposit_number) for one in deposits
        ]
        held = (await self._journal("envelope", ledger.KIND).load(CAMPAIGN)).state
        assert held.reserved_cents == sum(one.principal_cents for one in deposits)
        for dossier in self._dossiers:
            assert await self.visit.portal.submit(dossier) == self.acknowledged[dossier.dossier_id]

    # -- what the journals hold --------------------------------------------------------------------------------

    async def register(self) -> list[Event]:
        return [one async for one in self._journal("intake", register.KIND).events(CAMPAIGN)]

    async def ledger(self) -> list[Event]:
        return [one async for one in self._journal("envelope", ledger.KIND).events(CAMPAIGN)]

    async def epoch(self) -> int:
        return sum(isinstance(one, EpochBegan) for one in await self.ledger())

    async def commits_of_the_last_epoch(self) -> int:
        """From its epoch commit on."""
        count = 0
        async for document in self.journal("envelope").find(
            {"stream": ledger.KIND.stream(CAMPAIGN)}, sort=[("version", 1)]
        ):
            events = [event for entry in Commit.from_document(document).decoded() for event in entry.events]
            count = 1 if any(isinstance(event, EpochBegan) for event in events) else count + 1
        return count

    def journal(self, service: str) -> MongoDocuments:
        return self._databases[service].collection("journal")

    async def forget_inboxes(self) -> None:
        for database in self._databases.values():
            await database.collection("inbox").clear()

    async def being_filled(self, service: str) -> list[str]:
        """The topics a service has begun to publish again."""
        rows = self._databases[service].collection("topics").find({})
        return sorted([row["topic"] async for row in rows if "lost" in row])

    async def _dead_letters(self) -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.stack.bootstrap)
        await consumer.start()
        try:
            ends = await consumer.end_offsets([TopicPartition(topic, 0) for topic in known_topics()])
            return sum(ends.values())
        finally:
            await consumer.stop()

    def _journal(self, service: str, kind: Any) -> Journal[Any]:
        async def nothing(*_: Any) -> None:
            """Reading needs no followers."""

        return Journal(kind, self.journal(service), FixedClock(), nothing)
