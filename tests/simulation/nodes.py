"""The processes: the real services' journals, relays, inboxes and use cases, on a simulated machine."""

import asyncio
import contextvars
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any

from deploy.audit.knowledge import Knowledge
from deploy.demo.operations import OPERATIONS
from services.envelope import handlers as envelope_handlers
from services.envelope.domain import campaign as envelope_campaign
from services.envelope.domain import ledger
from services.envelope.usecases import Envelope, render_campaign
from services.envelope.writer import Writer
from services.intake import handlers as intake_handlers
from services.intake import store
from services.intake.domain import bailleur, campaign, dossier, register
from services.intake.store import Deposits, Drafts
from services.intake.usecases.accounts import Accounts
from services.intake.usecases.dossiers import Dossiers
from shared.bus import Producer, Publisher
from shared.contracts.contracting import ENGAGEMENT_TOPIC
from shared.contracts.pricing import OFFER_TOPIC
from shared.documents import MemoryDocuments
from shared.events import Event
from shared.inbox import Handlers, Inbox
from shared.journal import Journal, StreamKind
from shared.journal.filled import Filled, Place
from shared.journal.outbox import Outbox
from shared.journal.relay import Relay
from shared.journal.snapshots import Snapshots
from shared.journal.verify import Known
from shared.origins import Origins
from shared.service import INBOX_CHECK_SECONDS, TOPICS_CHECK_SECONDS, Service
from shared.territory import Territory
from tests.simulation.bus import Broker, Bus, Fetched, SimulatedProducer
from tests.simulation.faults import Connection, Network
from tests.simulation.loop import NODE, SimulatedClock

CAMPAIGN = "sim"
RESTART_SECONDS = 2.0
RULES_CHECK_SECONDS = 1.0
SNAPSHOT_EVERY = 7
PAGE_ROWS = 2
MAX_FETCH = 5
TERRITORY = Territory.load()


class Left(BaseException):
    """Stands for the process that ended."""


class Gone(Exception):
    """The node died before it answered."""


@dataclass(frozen=True, slots=True)
class Told:
    """Other services are streams that remember nothing."""

    def fold(self, event: Event) -> "Told":
        return self


ELSEWHERE = StreamKind("elsewhere", Told(), frozenset({ENGAGEMENT_TOPIC, OFFER_TOPIC}))
KNOWLEDGE = {"offices": Knowledge({ELSEWHERE.name: Known(ELSEWHERE)}, {})}


class SimulatedService(Service):
    """The real wiring of journals, views and relay; stores, broker and clock are the simulation's."""

    def __init__(self, name: str, node: "Node") -> None:
        self.name = name
        self.clock = node.clock
        self._node = node
        self.commits = node.collection("journal")
        self.publisher = Publisher(Broker(node.bus, node.network))  # pyright: ignore[reportArgumentType]
        self.producer = Producer(lambda: SimulatedProducer(node.bus, node.network))  # pyright: ignore[reportArgumentType]
        self._topics, self._journals, self._views = {}, {}, {}
        self.inbox = None
        self.outbox = Outbox(node.collection("outbox"))
        filled = Filled(node.collection("topics"), node.held)
        abandoned, publish = node.collection("abandoned"), self.producer.publish
        self.relay = Relay(self.commits, self.outbox, abandoned, filled, self._topics, publish, self._recover)

    def collection(self, name: str, *indexed: str) -> Any:
        return self._node.collection(name)

    def journal(self, kind: StreamKind[Any], render: Any = None, *, snapshots: bool = False) -> Journal[Any]:
        made = super().journal(kind, render)
        if snapshots:
            made._snapshots = Snapshots(kind, self.collection("snapshots"), self.commits, SNAPSHOT_EVERY, PAGE_ROWS)
        return made

    def consume(self, group: str, handlers: Handlers, **_: Any) -> Inbox:
        return Inbox(group, handlers, self.collection("inbox"), self.collection("parked"), self.publisher)


class Node:
    """One process: started, killed and started again on the same database."""

    def __init__(self, name: str, place: int, world: Any) -> None:
        self.name, self.place, self.world = name, place, world
        self.bus: Bus = world.bus
        self.network = Network(world.random)
        self.network.dies = self.kill
        self.clock = SimulatedClock()
        self.tasks: list[asyncio.Task[Any]] = []
        self.alive = False
        self.deaths = 0
        self.inbox: Inbox | None = None
        self._context = contextvars.copy_context()
        self._context.run(NODE.set, self)

    def collection(self, name: str) -> Connection:
        return Connection(self.world.stored[self.name][name], self.network)

    def start(self) -> None:
        if not self.alive:
            self.alive = True
            self._context.run(self._wire)

    def kill(self) -> None:
        """At once, wherever it was; its supervisor starts it again."""
        if self.alive:
            self.alive = False
            self.deaths += 1
            tasks, self.tasks = self.tasks, []
            for task in tasks:
                task.cancel()
            asyncio.get_running_loop().call_later(RESTART_SECONDS, self.start)

    def forget(self, which: int | None) -> list[str]:
        """Streams its inbox knows no longer, as when it hears of more than it keeps: one of them, or all.

        A database that then says too little parks the next message for ever, one that says too much drops it. To
        handle again, or too early, does no harm: journals know causes, and the ledger holds numbers.
        """
        known = self.inbox._places._known if self.alive and self.inbox is not None else {}
        streams = list(known)
        if which is not None and streams:
            streams = [streams[which % len(streams)]]
        for stream in streams:
            del known[stream]
        return streams

    def leave(self, code: int) -> None:
        """os._exit: nothing after it runs."""
        asyncio.get_running_loop().call_soon(self.kill)
        raise Left(code)

    async def call(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Ask the process for something. Raises: Gone when it dies meanwhile, and what the work raises."""
        if not self.alive:
            raise Gone
        task = self._context.run(asyncio.get_running_loop().create_task, work())
        await asyncio.wait([task])
        if task.cancelled() or isinstance(task.exception(), Left | asyncio.CancelledError):
            raise Gone
        return task.result()

    def _wire(self) -> None:
        service = SimulatedService(self.name, self)
        topics = service._timer(TOPICS_CHECK_SECONDS, service.relay.look_at_topics)
        for work in (service.relay.run(), topics, *self._work(service)):
            asyncio.get_running_loop().create_task(work)

    async def held(self, topics: set[str]) -> dict[Place, tuple[int | None, int]]:
        """As shared.bus.topics_held."""
        await self.network.latency("broker")
        return {place: (moment, len(self.bus.logs[place[0]])) for place, moment in self.bus.began(topics).items()}

    def _work(self, service: SimulatedService) -> list[Coroutine[Any, Any, None]]:
        self.service = service
        self.elsewhere = service.journal(ELSEWHERE)
        return []

    def _reading(self, inbox: Inbox) -> list[Coroutine[Any, Any, None]]:
        self.inbox = inbox
        inbox.origins = Origins(inbox.group, self.collection("origins"), Member(self, inbox))
        looks = [self.service._timer(INBOX_CHECK_SECONDS, look) for look in (inbox.origins.look, inbox.tell_missing)]
        return [self._consume(inbox, in_batches=True), *looks]

    async def _consume(self, inbox: Inbox, *, in_batches: bool) -> None:
        """Fetch, handle, acknowledge; a topic that was given to somebody else is left after the batch at hand."""
        bus, group = self.bus, inbox.group
        place = bus.places[group, self] = {}
        while True:
            if bus.owners[group] is not self:
                place.clear()
                await bus.change()
                continue
            topics = [one for one in inbox.topics if len(bus.logs[one]) > bus.place(group, self, one)]
            if not topics:
                await bus.change()
                continue
            topic = self.world.random.choice(topics)
            start = bus.place(group, self, topic)
            end = min(len(bus.logs[topic]), start + (self.world.random.randint(1, MAX_FETCH) if in_batches else 1))
            message: Any = Fetched(bus, group, self, tuple(bus.logs[topic][start:end]), not in_batches)
            place[topic] = end
            bus.handling.add((group, self))
            try:
                await (inbox.receive_batch(message) if in_batches else inbox.receive(message))
            finally:
                bus.handling.discard((group, self))


@dataclass(frozen=True, slots=True)
class Member:
    """As shared.origins.KafkaReader."""

    node: Node
    inbox: Inbox

    async def began(self) -> dict[Place, int | None]:
        await self.node.network.latency("broker")
        if self.node.bus.owners[self.inbox.group] is not self.node:
            return {}
        return self.node.bus.began(self.inbox.topics)

    async def rewind(self, places: Iterable[Place]) -> None:
        async with self.inbox.acknowledging.turn:
            await self.node.network.latency("broker")
            for topic, _ in places:
                self.node.bus.rewind(self.inbox.group, self.node, topic)


class IntakeNode(Node):
    def _work(self, service: SimulatedService) -> list[Coroutine[Any, Any, None]]:
        self.service = service
        accounts = Accounts(
            service.journal(bailleur.KIND, store.render_account), service.view(bailleur.KIND), service.clock
        )
        journal = service.journal(dossier.KIND, store.render_dossier)
        self.dossiers = Dossiers(
            accounts=accounts,
            dossiers=journal,
            registers=service.journal(register.KIND, snapshots=True),
            campaigns=service.journal(campaign.KIND),
            drafts=Drafts(service.collection("drafts")),
            deposits=Deposits(service.commits),
            view=service.view(dossier.KIND),
            campaign_id=CAMPAIGN,
            clock=service.clock,
            territory=TERRITORY,
        )
        inbox = service.consume(intake_handlers.GROUP, intake_handlers.handlers(self.dossiers))
        inbox.batch = self.dossiers.heard
        return self._reading(inbox)


class EnvelopeNode(Node):
    def _work(self, service: SimulatedService) -> list[Coroutine[Any, Any, None]]:
        self.service = service
        ledgers = service.journal(ledger.KIND, snapshots=True)
        self.envelope = Envelope(
            ledgers=ledgers,
            campaigns=service.journal(envelope_campaign.KIND, render_campaign),
            writer=Writer(ledgers, service.clock, self.leave),
            campaign_id=CAMPAIGN,
            known=service.view(envelope_campaign.KIND),
            clock=service.clock,
        )
        inbox = service.consume(envelope_handlers.GROUP, envelope_handlers.handlers(self.envelope))
        inbox.batch = self.envelope.commands
        return [*self._reading(inbox), self._follow_rules()]

    async def _follow_rules(self) -> None:
        while True:
            await asyncio.sleep(RULES_CHECK_SECONDS)
            try:
                await self.envelope.follow_due_rules(self.bus.owners.get(envelope_handlers.GROUP) is self)
            except Exception:  # as the service's timers do: the next turn tries again
                continue


def stored() -> dict[str, dict[str, MemoryDocuments]]:
    """The databases: service → collection."""
    return defaultdict(lambda: defaultdict(MemoryDocuments))


def form(place: int, principal_keur: int) -> dict[str, Any]:
    """A whole draft with a name of its own."""
    return replace(OPERATIONS[0], name=f"Simulation {place}", principal_keur=principal_keur).form()
