"""One history played out, and what must hold after it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from structlog.testing import capture_logs

from deploy.audit.checks import audit
from deploy.audit.knowledge import knowledge_of
from deploy.audit.source import view_rows
from services.envelope.domain.campaign import Action
from services.envelope.domain.ledger import Ledger
from services.intake.domain.register import Register
from services.intake.forms import DraftForm
from shared.auth import Principal
from shared.contracts.values import Bailleur, CampaignRules, Exhaustion, Structure
from shared.documents import Document, MemoryDocuments
from shared.errors import Refusal, Unavailable
from shared.events import Cause, Event
from shared.journal.outbox import SWEEP_SECONDS
from shared.journal.relay import LOOKS_BETWEEN, RENEWALS_AFTER_DEATH
from shared.journal.verify import in_order
from tests import facts
from tests.counter import START
from tests.simulation import nodes
from tests.simulation.bus import Bus
from tests.simulation.loop import NothingLeft, SimulatedLoop
from tests.simulation.nodes import CAMPAIGN, EnvelopeNode, Gone, IntakeNode, Node
from tests.simulation.steps import CAP_KEUR, DOSSIERS, GROUPS, MAX_CLOCK_OFF, ChangeRules, Step

CALLER = Principal("portal", frozenset())
CAUSE = Cause("user:portal", "simulation")
SIREN = "732829320"
RETRY_SECONDS = 1.0
SETTLE_SECONDS = 600
# What may rightly be put aside: an engagement of a dossier that holds nothing.
RIGHTLY_DEAD = ("NotReserved",)
KNOWLEDGE = {name: knowledge_of(name) for name in ("intake", "envelope")} | nodes.KNOWLEDGE


@dataclass(frozen=True, slots=True)
class Stored:
    """The databases as an audit reads them (deploy.audit.source)."""

    collections: dict[str, dict[str, MemoryDocuments]] = field(default_factory=nodes.stored)
    started_at: datetime = START + timedelta(days=1)

    async def rows(self, service: str, part: str) -> AsyncIterator[Document]:
        collections = self.collections[service]
        match part:
            case "journal":
                rows = in_order(collections["journal"])
            case "views":
                views = {name[5:]: one for name, one in collections.items() if name.startswith("view_")}
                rows = view_rows(collections["journal"], views, collections["outbox"])
            case _:
                rows = collections[part].find({}, sort=[("_id", 1)])
        async for row in rows:
            yield row


class World:
    """Two intake processes, two envelope processes, the other services as one, a broker and their databases."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.loop = asyncio.get_running_loop()
        self.campaign_id = CAMPAIGN
        self.source = Stored()
        self.stored = self.source.collections
        self.bus = Bus()
        self.nodes = [IntakeNode("intake", 0, self), IntakeNode("intake", 1, self)]
        self.nodes += [EnvelopeNode("envelope", 0, self), EnvelopeNode("envelope", 1, self), Node("offices", 0, self)]
        self.dossier_ids: list[str] = []
        self.acknowledged: dict[str, set[int]] = defaultdict(set)
        self._acts: list[asyncio.Task[None]] = []

    def node(self, service: str, place: int) -> Any:
        return next(node for node in self.nodes if (node.name, node.place) == (service, place))

    def hand_over(self, group: str) -> None:
        owner = self.bus.owners[group]
        self.bus.assign(group, self.node(owner.name, 1 - owner.place))

    # -- acts --------------------------------------------------------------------------------------------------

    def begin(self, act: Coroutine[Any, Any, None]) -> None:
        self._acts.append(self.loop.create_task(act))

    async def ask(self, service: str, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        """Whichever process answers, again and again; None when it was refused."""
        places = (0,) if service == "offices" else (0, 1)
        while True:
            node = self.node(service, self.random.choice(places))
            try:
                return await node.call(lambda node=node: work(node))
            except Refusal:
                return None
            except (Unavailable, Gone):
                await asyncio.sleep(RETRY_SECONDS)

    async def submit(self, place: int) -> None:
        dossier_id = self.dossier_ids[place]
        done = await self.ask("intake", lambda node: node.dossiers.submit(dossier_id, 1, CALLER, CAUSE))
        if done is not None:
            self.acknowledged[dossier_id].add(done.deposit_number)

    async def withdraw(self, place: int) -> None:
        dossier_id = self.dossier_ids[place]
        await self.ask("intake", lambda node: node.dossiers.withdraw(dossier_id, "essai", CALLER, CAUSE))

    async def reduce(self, place: int) -> None:
        dossier_id = self.dossier_ids[place]
        await self.ask("intake", lambda node: node.dossiers.reduce(dossier_id, {"bati": 5_000_000}, CALLER, CAUSE))

    async def tell(self, dossier_id: str, event: Event) -> None:
        await self.ask("offices", lambda node: node.elsewhere.append(dossier_id, lambda _: [event], CAUSE))

    async def rebuild(self) -> None:
        view = self.stored["intake"]["view_dossier"]
        for dossier_id in self.dossier_ids[:3]:
            await view.remove(dossier_id)
        await self.ask("intake", lambda node: node.service.rebuild_views(lambda *_: None))

    async def decide(self, action: Action, rules: CampaignRules | None) -> None:
        one, two = Cause("user:one", "simulation"), Cause("user:two", "simulation")
        made = await self.ask("envelope", lambda node: node.envelope.propose(CAMPAIGN, action, rules, "essai", one))
        if made is not None:
            await self.ask("envelope", lambda node: node.envelope.approve(CAMPAIGN, made.proposal_id, two))

    # -- the history -------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """An open campaign and dossiers ready to be submitted, before anything goes wrong."""
        for node in self.nodes:
            node.start()
        for service, group in GROUPS.items():
            self.bus.assign(group, self.node(service, 0))
        opening = ChangeRules(0, CAP_KEUR, Exhaustion.STRICT_WAITLIST, -MAX_CLOCK_OFF).rules(CAMPAIGN, 0)
        await self.decide(Action.RULES, opening)
        bailleur = Bailleur(siren=SIREN, name="Habitat Essai", structure=Structure.SA_HLM, department="17")
        intake = self.node("intake", 0)
        await intake.call(
            lambda: intake.dossiers.accounts.register(
                bailleur, "5546", "1 rue", "contact@example.org", False, CALLER, CAUSE
            )
        )
        for place in range(DOSSIERS):
            self.dossier_ids.append(await intake.call(lambda: intake.dossiers.open(SIREN, CALLER, CAUSE)))
            await intake.call(lambda place=place: self._fill(intake.dossiers, place))
        await self._until_quiet()

    async def _fill(self, dossiers: Any, place: int) -> None:
        dossier_id = self.dossier_ids[place]
        form = DraftForm.model_validate(nodes.form(place, self.random.choice((150, 250, 400, 700))))
        await dossiers.drafts.save(dossier_id, form, 0)
        await dossiers.dossiers.append(dossier_id, lambda _: facts.papers(dossier_id), CAUSE)

    async def play(self, steps: list[Step]) -> None:
        await self.prepare()
        for step in steps:
            await asyncio.sleep(step.after)
            step.play(self)
        for node in self.nodes:
            node.network.calm()
        self.bus.calm()
        await asyncio.wait_for(asyncio.gather(*self._acts), SETTLE_SECONDS)
        await asyncio.wait_for(self._until_quiet(), SETTLE_SECONDS)
        # What a process that died may have left is looked for again.
        await asyncio.sleep(LOOKS_BETWEEN * SWEEP_SECONDS * (RENEWALS_AFTER_DEATH + 1))
        await asyncio.wait_for(self._until_quiet(), SETTLE_SECONDS)

    async def _until_quiet(self) -> None:
        """Everything recorded is published, everything published is read, nothing waits."""
        while not await self.quiet():  # noqa: ASYNC110 (simulated seconds)
            await asyncio.sleep(RETRY_SECONDS)

    async def quiet(self) -> bool:
        unmarked = [
            await collections["outbox"].count({}) + await collections["parked"].count({})
            for collections in self.stored.values()
        ]
        nodes_up = all(node.alive for node in self.nodes)
        read = not any(self.bus.unread(group, self._topics(group)) for group in GROUPS.values())
        return nodes_up and read and not any(unmarked)

    def _topics(self, group: str) -> tuple[str, ...]:
        return tuple(topic for topic in self.bus.logs if (group, topic) in self.bus.committed)

    def known(self, topic: str) -> bool:
        """Whether its producer and every group that reads it have kept which topic it is."""
        keys = {f"{topic}|0", *[f"{group}|{topic}|0" for group in GROUPS.values() if topic in self._topics(group)]}
        parts = [one[part]._documents for one in self.stored.values() for part in ("topics", "origins")]
        kept = {key: rows[key]["began"] for rows in parts for key in keys & rows.keys()}
        return kept.keys() == keys and set(kept.values()) == set(self.bus.began([topic]).values())

    # -- the checks --------------------------------------------------------------------------------------------

    async def wrong(self) -> list[str]:
        """What must hold and does not."""
        found = await audit(self.source, KNOWLEDGE, [])
        faults = [str(fault) for report in found.reports.values() for fault in report.faults]
        faults += [str(fault) for fault in found.between]
        heads = {stream: head.state for report in found.reports.values() for stream, head in report.heads.items()}
        register, ledger = heads.get(f"register:{CAMPAIGN}", Register()), heads[f"ledger:{CAMPAIGN}"]
        assert isinstance(register, Register)
        assert isinstance(ledger, Ledger)
        faults += self._wrong_numbers(register, ledger) + self._wrong_letters()
        decided, heard = [found.reports[name].heads[f"campaign:{CAMPAIGN}"].state for name in ("envelope", "intake")]
        holds, said = decided.at(START + timedelta(days=365)), {(one.suspended, one.closed) for one in (ledger, heard)}
        if said != {(Action.SUSPEND in holds, Action.CLOSE in holds)}:
            faults.append(f"the ledger, who decided and bailleurs see another interruption: {said}")
        for dossier_id, line in ledger.reservations.items():
            told = heads[f"dossier:{dossier_id}"].envelope
            if told is None or str(line.standing) not in STANDINGS[type(told).__name__]:
                faults.append(f"dossier {dossier_id} is told {told}, the ledger says {line.standing}")
        rows = await self.ask("intake", lambda node: node.dossiers.listed(CALLER, 0, DOSSIERS))
        told = {row["dossier_id"]: row["place"] for row in rows if row["place"] is not None}
        places = {
            ledger.waiting[number].dossier_id: place for place, number in enumerate(sorted(ledger.waiting), start=1)
        }
        if told != places:
            faults.append(f"bailleurs are told the places {told}, the ledger says {places}")
        return faults

    def _wrong_numbers(self, register: Register, ledger: Ledger) -> list[str]:
        faults = []
        for dossier_id, numbers in self.acknowledged.items():
            deposit = register.deposits.get(dossier_id)
            if deposit is None or numbers != {deposit.number}:
                faults.append(
                    f"{dossier_id} was told {sorted(numbers)}, the register says {deposit and deposit.number}"
                )
        decided = {dossier_id: line.number for dossier_id, line in ledger.reservations.items()}
        deposited = {dossier_id: one.number for dossier_id, one in register.deposits.items()}
        if decided != deposited or ledger.held:
            faults.append(f"deposited {deposited}, decided {decided}, held {sorted(ledger.held)}")
        return faults

    def _wrong_letters(self) -> list[str]:
        letters = [dict(one.headers) for topic, log in self.bus.logs.items() if ".dlq." in topic for one in log]
        details = [letter["als_detail"].decode() for letter in letters]
        return [f"dead letter: {one}" for one in details if not one.startswith(RIGHTLY_DEAD)]


STANDINGS = {
    "Reserved": ("reserved",),
    "Promoted": ("reserved",),
    "Waitlisted": ("waiting",),
    "Committed": ("committed",),
    "Released": ("released",),
    "ReservationRefused": ("refused",),
}


@contextmanager
def repeatable(seed: int):
    """Random identifiers come from the seed."""
    random = Random(seed + 1)
    with patch("shared.ids.token_hex", lambda size: random.randbytes(size).hex()), capture_logs():
        yield


def play(seed: int, steps: list[Step], kept: list[Stored] | None = None) -> list[str]:
    """Play a history; returns what is wrong after it, nothing when all is well. `kept` takes its databases."""
    loop = SimulatedLoop()

    async def history() -> list[str]:
        world = World(seed)
        if kept is not None:
            kept.append(world.source)
        try:
            await world.play(steps)
        except TimeoutError:
            return ["it does not settle"]
        return await world.wrong()

    with repeatable(seed), patch("shared.bus.MESSAGES_A_TURN", 2):  # others have their turn within small publications
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(history())
        except NothingLeft:
            return ["everybody waits for something that will not come"]
        finally:
            _close(loop)


def _close(loop: SimulatedLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    loop.close()


def shortest(seed: int, steps: list[Step]) -> list[Step]:
    """The history without every step that can be left out and still goes wrong."""
    size = max(1, len(steps) // 2)
    while True:
        start, shorter = 0, False
        while start < len(steps):
            without = steps[:start] + steps[start + size :]
            if play(seed, without):
                steps, shorter = without, True
            else:
                start += size
        if size > 1:
            size //= 2
        elif not shorter:
            return steps
