"""What happens in a history, step by step, and how a seed draws one."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from services.envelope import handlers as envelope_handlers
from services.envelope.domain.campaign import Action
from services.intake import handlers as intake_handlers
from shared.contracts.contracting import ENGAGEMENT_TOPIC, Engaged
from shared.contracts.envelope import BUDGET_TOPIC, CAMPAIGN_TOPIC, RESERVATION_TOPIC
from shared.contracts.intake import REGISTER_TOPIC
from shared.contracts.pricing import OFFER_TOPIC, OfferExpired
from shared.contracts.values import CampaignRules, Exhaustion
from tests.counter import START
from tests.simulation.faults import Effect
from tests.unit.envelope.book import rules as campaign_rules

NODES = ("intake", "envelope")
GROUPS = {"intake": intake_handlers.GROUP, "envelope": envelope_handlers.GROUP}
TOPICS = (REGISTER_TOPIC, CAMPAIGN_TOPIC, RESERVATION_TOPIC, BUDGET_TOPIC, ENGAGEMENT_TOPIC, OFFER_TOPIC)
CAP_KEUR = 1_000
MIN_STEPS, MAX_STEPS = 10, 40
MAX_CLOCK_OFF = 3600
WRITES = ("insert", "put", "remove")
SPOILT = [(write, effect) for write in WRITES for effect in Effect]
SPOILT += [("publish", Effect.LOST), ("publish", Effect.UNANSWERED)]
DOSSIERS = 8
# Closed for good, few things happen any more.
INTERRUPTIONS = (*[Action.SUSPEND, Action.RESUME] * 4, Action.CLOSE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens, `after` so many seconds. `world` is tests.simulation.world.World."""

    after: float

    def play(self, world: Any) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Submit(Step):
    """A bailleur deposits, through whichever process answers, until it is answered; `times` in parallel."""

    dossier: int
    times: int = 1

    def play(self, world):
        for _ in range(self.times):
            world.begin(world.submit(self.dossier))


@dataclass(frozen=True, slots=True)
class Withdraw(Step):
    dossier: int

    def play(self, world):
        world.begin(world.withdraw(self.dossier))


@dataclass(frozen=True, slots=True)
class Reduce(Step):
    dossier: int

    def play(self, world):
        world.begin(world.reduce(self.dossier))


@dataclass(frozen=True, slots=True)
class Tell(Step):
    """Another service announces something about a dossier: engaged, or expired."""

    dossier: int
    engaged: bool

    def play(self, world):
        dossier_id = world.dossier_ids[self.dossier]
        at = START + timedelta(seconds=world.loop.time())
        event = (
            Engaged(dossier_id=dossier_id, offer_id="o", premium_cents=1, engaged_at=at)
            if self.engaged
            else OfferExpired(dossier_id=dossier_id, offer_id="o", expired_at=at, valid_until=at)
        )
        world.begin(world.tell(dossier_id, event))


@dataclass(frozen=True, slots=True)
class ChangeRules(Step):
    """Two people agree on other rules, in force some seconds later."""

    cap_keur: int
    policy: Exhaustion
    delay: float

    def rules(self, campaign_id: str, now: float) -> CampaignRules:
        return campaign_rules(
            self.cap_keur * 100_000,
            campaign_id=campaign_id,
            label="Simulation",
            opens_at=START - timedelta(days=1),
            effective_at=START + timedelta(seconds=now + self.delay),
            on_exhaustion=self.policy,
        )

    def play(self, world):
        rules = self.rules(world.campaign_id, world.loop.time())
        world.begin(world.decide(Action.RULES, rules))


@dataclass(frozen=True, slots=True)
class Interrupt(Step):
    """Two people agree to suspend, to resume or to close; what changes nothing is refused."""

    action: Action

    def play(self, world):
        world.begin(world.decide(self.action, None))


@dataclass(frozen=True, slots=True)
class Kill(Step):
    service: str
    place: int

    def play(self, world):
        world.node(self.service, self.place).kill()


@dataclass(frozen=True, slots=True)
class TakeOver(Step):
    """The group gives everything to the other member, which the first hears of when its batch is done."""

    service: str

    def play(self, world):
        world.hand_over(GROUPS[self.service])


@dataclass(frozen=True, slots=True)
class Stall(Step):
    """A process stands still, and does not know."""

    service: str
    place: int
    seconds: float

    def play(self, world):
        world.node(self.service, self.place).network.stall(self.seconds)


@dataclass(frozen=True, slots=True)
class Spoil(Step):
    """The next request of a kind of a process: `insert`, `put` or `remove` a document, or `publish` a message."""

    service: str
    place: int
    operation: str
    effect: Effect

    def play(self, world):
        world.node(self.service, self.place).network.arm(self.operation, self.effect)


@dataclass(frozen=True, slots=True)
class Outage(Step):
    service: str
    component: str
    seconds: float

    def play(self, world):
        for place in (0, 1):
            world.node(self.service, place).network.cut(self.component, self.seconds)


@dataclass(frozen=True, slots=True)
class Rebuild(Step):
    """Drop some rows of intake's views, then make all views again while everybody goes on."""

    def play(self, world):
        world.begin(world.rebuild())


@dataclass(frozen=True, slots=True)
class Repeat(Step):
    topic: str
    place: int

    def play(self, world):
        world.bus.repeat(self.topic, self.place)


@dataclass(frozen=True, slots=True)
class Overtake(Step):
    """The next message of a topic is overtaken by the one after it."""

    topic: str

    def play(self, world):
        world.bus.hold(self.topic)


@dataclass(frozen=True, slots=True)
class LoseTopic(Step):
    """A topic is deleted and made again, empty."""

    topic: str

    def play(self, world):
        world.bus.lose(self.topic)


@dataclass(frozen=True, slots=True)
class CutTopic(Step):
    """A topic's first messages go, as by retention: long after everybody has seen and kept which topic it is."""

    topic: str

    def play(self, world):
        if world.known(self.topic):
            world.bus.cut.add(self.topic)


@dataclass(frozen=True, slots=True)
class Forget(Step):
    """A process's inbox forgets how far it had come, in one stream or in all, while it lives on."""

    service: str
    place: int
    which: int | None

    def play(self, world):
        world.node(self.service, self.place).forget(self.which)


@dataclass(frozen=True, slots=True)
class SetClock(Step):
    """A process's clock is so many seconds ahead from now on, or behind."""

    service: str
    place: int
    off: int

    def play(self, world):
        world.node(self.service, self.place).clock.off = timedelta(seconds=self.off)


def drawn(seed: int) -> list[Step]:
    """The history of a seed: every process on a clock of its own, then acts and faults, mixed."""
    random = Random(seed)
    places = [(service, place) for service in NODES for place in (0, 1)]
    clocks: list[Step] = [SetClock(0, *place, _off(random)) for place in places]
    return clocks + [_draw(random) for _ in range(random.randint(MIN_STEPS, MAX_STEPS))]


WEIGHTS: dict[type[Step], int] = {
    Submit: 12,
    Withdraw: 2,
    Reduce: 2,
    Tell: 4,
    ChangeRules: 2,
    Interrupt: 4,
    Kill: 2,
    TakeOver: 3,
    Stall: 2,
    Spoil: 10,
    Outage: 1,
    Repeat: 3,
    Overtake: 3,
    Rebuild: 1,
    LoseTopic: 2,
    CutTopic: 1,
    Forget: 3,
    SetClock: 1,
}


def _off(random: Random) -> int:
    return random.randint(-MAX_CLOCK_OFF, MAX_CLOCK_OFF)


def _draw(random: Random) -> Step:
    after = random.choice((0.0, 0.0, 0.01, 0.1, 1.0, 5.0))
    dossier, service, place = random.randrange(DOSSIERS), random.choice(NODES), random.randrange(2)
    kind = random.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    made: Any = kind
    match kind.__name__:
        case "Submit":
            return Submit(after, dossier, random.choice((1, 1, 2)))
        case "Withdraw" | "Reduce":
            return made(after, dossier)
        case "Tell":
            return Tell(after, dossier, random.random() < 0.5)
        case "ChangeRules":
            policies = list(Exhaustion)
            return ChangeRules(after, random.randint(200, 2_000), random.choice(policies), random.choice((0, 9)))
        case "Interrupt":
            return Interrupt(after, random.choice(INTERRUPTIONS))
        case "Kill":
            return Kill(after, service, place)
        case "TakeOver":
            return TakeOver(after, service)
        case "Stall":
            return Stall(after, service, place, random.uniform(1, 20))
        case "Spoil":
            return Spoil(after, service, place, *random.choice(SPOILT))
        case "Outage":
            return Outage(after, service, random.choice(("database", "broker")), random.uniform(1, 20))
        case "Repeat":
            return Repeat(after, random.choice(TOPICS), random.randrange(50))
        case "Overtake" | "LoseTopic" | "CutTopic":
            return made(after, random.choice(TOPICS))
        case "Forget":
            return Forget(after, service, place, random.choice((None, random.randrange(50))))
        case "SetClock":
            return SetClock(after, service, place, _off(random))
        case _:
            return Rebuild(after)
