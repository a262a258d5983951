"""Bad input to the ledger: each has its own name, decides nothing, and nothing of it is lost."""

import json

import pytest
from structlog.testing import capture_logs

from services.envelope.api import figures_of
from services.envelope.domain import ledger as domain
from services.envelope.domain.ledger import Ledger, Standing
from services.envelope.handlers import GROUP, handlers
from services.envelope.usecases import Envelope
from services.envelope.writer import Writer
from shared.bus import raw_headers
from shared.contracts.contracting import Engaged
from shared.contracts.envelope import RulesAdopted
from shared.contracts.intake import DossierSubmitted, LoansReduced
from shared.documents import MemoryDocuments
from shared.events import Event, MessageMeta
from shared.inbox import REDRIVEN, Delivery, Inbox
from shared.journal import Journal
from tests import facts
from tests.counter import START, FixedClock
from tests.unit.envelope.book import NOW, rules


class Letters:
    """Where the inbox puts what nobody could handle."""

    def __init__(self) -> None:
        self.kept: list[Delivery] = []

    async def send(self, topic, key, body, raw) -> None:
        self.kept.append(Delivery(topic, key, body, {name: value.encode() for name, value in raw.items()}))


class Desk:
    """The envelope's consumer on memory."""

    def __init__(self) -> None:
        async def on_commit(*_) -> None:
            return None

        clock = FixedClock(NOW)
        self.journal = Journal(domain.KIND, MemoryDocuments(), clock, on_commit)
        envelope = Envelope(
            ledgers=self.journal,
            campaigns=None,  # pyright: ignore[reportArgumentType] (no proposal is made here)
            writer=Writer(self.journal, clock),
            campaign_id="c",
            known=MemoryDocuments(),
            clock=clock,
        )
        self.letters = Letters()
        self.inbox = Inbox(GROUP, handlers(envelope), MemoryDocuments(), MemoryDocuments(), self.letters)  # pyright: ignore[reportArgumentType]
        self._sent: dict[str, int] = {}

    async def send(self, event: Event, **changes) -> None:
        stream = f"stream:{event.topic}"
        sequence = self._sent[stream] = self._sent.get(stream, 0) + 1
        meta = MessageMeta(
            id=f"{stream}#{sequence}.1",
            type=type(event).__name__,
            schema_version=1,
            stream=stream,
            version=sequence,
            sequence=sequence,
            time=START,
            correlation="c0ffee",
        )
        meta = meta._replace(**changes)
        await self.inbox.deliver(Delivery(event.topic or "", b"c", event.model_dump_json().encode(), raw_headers(meta)))

    async def open(self, cap_cents: int = 1_000) -> None:
        await self.send(RulesAdopted(rules=rules(cap_cents), adopted_at=START))

    async def redrive(self) -> None:
        """As `python -m shared.dead_letters redrive` does."""
        letters, self.letters.kept = self.letters.kept, []
        for letter in letters:
            kept = {name: value for name, value in letter.raw.items() if not name.startswith("als_")}
            await self.inbox.deliver(
                letter._replace(topic=letter.headers["als_topic"], raw=kept | {REDRIVEN: GROUP.encode()})
            )

    async def ledger(self) -> Ledger:
        return (await self.journal.load("c")).state

    def reasons(self) -> list[str]:
        return [letter.headers["als_reason"] for letter in self.letters.kept]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("shared.inbox.RETRY_SECONDS", 0)
    with capture_logs():
        yield


def submitted(name: str, number: int, amount: int) -> DossierSubmitted:
    return facts.submitted(campaign_id="c", dossier_id=name, deposit_number=number, principal_cents=amount)


async def test_deposits_of_an_unknown_campaign_are_kept_and_decided_in_order_once_it_exists():
    desk = Desk()
    await desk.send(submitted("a", 1, 600))
    await desk.send(submitted("b", 2, 600))
    assert desk.reasons() == ["unknown-campaign", "unknown-campaign"]
    assert (await desk.journal.load("c")).version == 0
    await desk.open()
    await desk.send(submitted("d", 3, 100))
    assert (await desk.ledger()).gap
    await desk.redrive()
    ledger = await desk.ledger()
    assert [ledger.reservations[name].standing for name in "abd"] == [
        Standing.RESERVED,
        Standing.WAITING,
        Standing.WAITING,
    ]
    assert desk.reasons() == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (submitted("b", 0, 10), "invalid-number"),
        (submitted("b", -1, 10), "invalid-number"),
        (submitted("a", 1, 601), "command-conflict"),
        (submitted("a", 2, 600), "command-conflict"),
        (submitted("b", 1, 10), "number-already-decided"),
        (Engaged(dossier_id="b", offer_id="o", premium_cents=1, engaged_at=START), "not-reserved"),
        (
            LoansReduced(campaign_id="c", dossier_id="a", reduced_at=START, loans=(), principal_cents=601),
            "command-conflict",
        ),
    ],
)
async def test_each_bad_command_has_its_name_and_decides_nothing(event, reason):
    desk = Desk()
    await desk.open()
    await desk.send(submitted("a", 1, 600))
    before = await desk.ledger()
    await desk.send(event)
    assert desk.reasons() == [reason]
    assert await desk.ledger() == before
    assert json.loads(desk.letters.kept[0].body) == json.loads(event.model_dump_json())


async def test_an_event_of_a_future_version_is_put_aside_by_name():
    desk = Desk()
    await desk.open()
    await desk.send(submitted("a", 1, 600), schema_version=2)
    assert desk.reasons() == ["future-version"]
    assert (await desk.ledger()).decided == 0


async def test_a_number_that_was_put_aside_is_missed_and_those_behind_wait():
    desk = Desk()
    await desk.open()
    await desk.send(submitted("a", 1, 10), schema_version=2)
    await desk.send(submitted("b", 2, 600))
    figures = figures_of("c", await desk.ledger())
    assert (figures.last_number, figures.missing_number, figures.reserved_cents) == (0, 1, 0)


@pytest.mark.parametrize("amount", [-1, 0, 1_001, 120_000_000_000])
async def test_a_deposit_of_an_impossible_amount_holds_nobody_up(amount):
    desk = Desk()
    await desk.open()
    await desk.send(submitted("a", 1, amount))
    await desk.send(submitted("b", 2, 600))
    figures = figures_of("c", await desk.ledger())
    assert (figures.last_number, figures.missing_number, figures.reserved_cents) == (2, None, 600)
    assert desk.reasons() == []


async def test_a_head_that_does_not_fit_blocks_the_others_and_shows_in_the_figures():
    desk = Desk()
    await desk.open()
    for name, number, amount in (("a", 1, 600), ("b", 2, 900), ("d", 3, 100)):
        await desk.send(submitted(name, number, amount))
    figures = figures_of("c", await desk.ledger())
    assert (figures.head_blocked, figures.waiting, figures.waiting_cents) == (True, 2, 1_000)
    await desk.send(RulesAdopted(rules=rules(1_600, 2), adopted_at=START))
    figures = figures_of("c", await desk.ledger())
    assert (figures.head_blocked, figures.waiting, figures.available_cents) == (False, 0, 0)
