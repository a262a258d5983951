"""What a ledger and a register of some length cost: to start again, to append to, to list, to hold in memory."""

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.envelope.domain import decisions, ledger
from services.intake.domain import register
from shared.clock import SystemClock
from shared.contracts.intake import DossierSubmitted
from shared.documents import Database
from shared.events import Cause, Event, causes
from shared.fetching import MAX_BATCH_RECORDS
from shared.journal import Journal, StreamKind
from shared.journal.snapshots import Snapshots
from tests.bench import payloads
from tests.bench.context import Context
from tests.bench.lanes.history import SETTLING, nothing

APPENDS = 200
LISTS = 20
LISTED = 50
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Subject:
    """A stream that grows by a deposit at a time: how it opens, takes one, and how many it has."""

    kind: StreamKind[Any]
    opens: Callable[[Any, str], Sequence[Event]]
    takes: Callable[[Any, DossierSubmitted], Sequence[Event]]
    rows: Callable[[Any], Any]


def _enter(state: register.Register, event: DossierSubmitted) -> Sequence[Event]:
    content = register.Content(event.bailleur, event.operation, event.loans, event.financing, event.documents)
    return register.deposit(state, event.campaign_id, event.dossier_id, content, payloads.AT)


def _reserve(state: ledger.Ledger, event: DossierSubmitted) -> Sequence[Event]:
    return decisions.submit(state, event.dossier_id, event.deposit_number, event.principal_cents, payloads.AT)


SUBJECTS = {
    "ledger": Subject(
        ledger.KIND,
        lambda state, campaign_id: decisions.adopt(state, payloads.rules(campaign_id)[0].rules, payloads.AT),
        _reserve,
        lambda state: state.reservations,
    ),
    "register": Subject(register.KIND, lambda _, __: [], _enter, lambda state: state.deposits),
}


async def grown(context: Context, lane: str, subject: str, length: int) -> dict[str, float]:
    """Each measure by its name: milliseconds, and mebibytes allocated by Python."""
    stream = _Stream(context, SUBJECTS[subject], f"grown-{subject}-{length}")
    await stream.reach(length)
    told = await stream.measure()
    return {f"{lane}-{measure}": value for measure, value in told.items()}


class _Stream:
    """One stream in a database of its own, as processes with snapshots open it."""

    def __init__(self, context: Context, subject: Subject, name: str) -> None:
        self._subject = subject
        self._name = name
        self._database = Database(context.mongo_url, name)

    def _opened(self) -> tuple[Journal[Any], Snapshots]:
        commits, kind = self._database.collection("journal"), self._subject.kind
        snapshots = Snapshots(kind, self._database.collection("snapshots"), commits)
        return Journal(kind, commits, SystemClock(), nothing, snapshots), snapshots

    async def reach(self, length: int) -> None:
        """Write what is missing of the history, then some decisions one after the other: what a burst left to be kept
        is kept behind them.
        """
        journal, snapshots = self._opened()
        cause = Cause("service:bench", self._name)
        await journal.append(self._name, lambda state: self._subject.opens(state, self._name), cause)
        there = len(self._subject.rows((await journal.load(self._name)).state))
        for first in range(there + 1, length + 1, MAX_BATCH_RECORDS):
            await self._append(journal, first, min(MAX_BATCH_RECORDS, length + 1 - first))
        for first in range(length + 1, length + 1 + SETTLING) if there < length else ():
            await self._append(journal, first, 1)
            await snapshots.settled()

    async def measure(self) -> dict[str, float]:
        began = time.perf_counter()
        journal, _ = self._opened()
        there = len(self._subject.rows((await journal.load(self._name)).state))
        await self._append(journal, there + 1, 1)
        told = {"restart": _ms_since(began)}
        told["append"] = statistics.median([await self._one_more(journal, there + 2 + more) for more in range(APPENDS)])
        told["list"] = statistics.median([await self._list(journal, there) for _ in range(LISTS)])
        told["memory"] = await self._memory(there + 2 + APPENDS)
        return told

    async def _memory(self, first: int) -> float:
        """After the same work again, in a process that knows nothing of the stream yet."""
        tracemalloc.start()
        journal, _ = self._opened()
        for more in range(APPENDS):
            await self._append(journal, first + more, 1)
        await self._list(journal, first)
        allocated, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return allocated / MEBIBYTE

    async def _one_more(self, journal: Journal[Any], number: int) -> float:
        began = time.perf_counter()
        await self._append(journal, number, 1)
        return _ms_since(began)

    async def _list(self, journal: Journal[Any], there: int) -> float:
        skip = random.randrange(max(there - LISTED, 1))
        began = time.perf_counter()
        rows = await journal.read(self._name, lambda state: self._subject.rows(state).slice(skip, LISTED))
        assert len(rows) == LISTED
        return _ms_since(began)

    async def _append(self, journal: Journal[Any], first: int, count: int) -> None:
        commands = list(payloads.deposits(self._name, count, first))
        await journal.append_all(
            self._name,
            causes("bench", [meta for _, meta in commands]),
            lambda place, state: self._subject.takes(state, commands[place][0]),
        )


def _ms_since(began: float) -> float:
    return 1_000 * (time.perf_counter() - began)
