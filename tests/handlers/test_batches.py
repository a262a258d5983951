"""An inbox that reads in batches: the same promises, and what is next in its stream is handled together."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import CommitFailedError

from shared.bus import Publisher, make_broker
from shared.documents import MemoryDocuments
from shared.events import MessageMeta
from shared.fetching import unread, unread_batch
from shared.inbox import REDRIVEN, Inbox
from tests.counter import START, Counted
from tests.headers import headers

TOPIC = "intake.dossier.v1"
GROUP = "test.batches"


def record(sequence: int, stream: str = "a", **extra: str) -> ConsumerRecord:
    meta = MessageMeta(
        f"counter:{stream}#{sequence}.1", "Counted", 1, f"counter:{stream}", 1, sequence, START, "c0ffee"
    )
    body = json.dumps({"dossier_id": stream, "amount": sequence}).encode()
    named = [(name, value.encode()) for name, value in (headers(meta) | extra).items()]
    return ConsumerRecord(TOPIC, 0, sequence, 0, 0, stream.encode(), body, None, 1, len(body), named)


class Bench:
    """An inbox, the fetches it is given, and what came of them; `runs` are the messages handled at once."""

    def __init__(self, monkeypatch) -> None:
        self.handled: list[str] = []
        self.dead: list[str] = []
        self.runs: list[int] = []
        self.acks = 0
        self.lost_ack = False
        self.parked = MemoryDocuments()
        publisher = Publisher(make_broker("localhost:1"))
        monkeypatch.setattr(publisher, "send", self._bury)
        self.inbox = Inbox(GROUP, {Counted: self._note}, MemoryDocuments(), self.parked, publisher)
        together = self.inbox._handle_together

        async def counted(run) -> None:
            if run:
                self.runs.append(len(run))
            await together(run)

        monkeypatch.setattr(self.inbox, "_handle_together", counted)

    async def _note(self, event: Counted, _: MessageMeta) -> None:
        self.handled.append(f"{event.dossier_id}{event.amount}")

    async def _bury(self, _topic: str, _key: bytes | None, _body: bytes, raw: dict[str, str]) -> None:
        self.dead.append(raw["als_reason"])

    async def _ack(self) -> None:
        self.acks += 1
        if self.lost_ack:
            raise CommitFailedError

    async def fetch(self, *records: ConsumerRecord) -> None:
        message = SimpleNamespace(raw_message=records, ack=self._ack)
        await self.inbox.receive_batch(message)  # pyright: ignore[reportArgumentType] (what of it is read)
        await self.inbox.acknowledging.settle()


@pytest.fixture
def bench(monkeypatch) -> Bench:
    return Bench(monkeypatch)


async def test_what_is_next_in_its_stream_is_handled_together_and_acked_once(bench: Bench):
    await bench.fetch(record(1), record(1, "b"), record(2), record(3))
    assert bench.handled == ["a1", "b1", "a2", "a3"]
    assert (bench.runs, bench.acks) == ([4], 1)


async def test_duplicates_are_dropped_within_a_fetch_and_across_fetches(bench: Bench):
    await bench.fetch(record(1), record(1), record(2))
    await bench.fetch(record(1), record(2), record(3))
    assert bench.handled == ["a1", "a2", "a3"]


async def test_an_early_message_waits_for_the_missing_one(bench: Bench):
    await bench.fetch(record(3), record(1))
    assert (bench.handled, await bench.parked.count({})) == (["a1"], 1)
    await bench.fetch(record(2))
    assert (bench.handled, await bench.parked.count({})) == (["a1", "a2", "a3"], 0)


async def test_an_early_message_of_the_same_fetch_is_taken_up_in_its_turn(bench: Bench):
    await bench.fetch(record(2), record(3), record(1), record(4))
    assert bench.handled == ["a1", "a2", "a3", "a4"]


async def test_an_unreadable_message_does_not_hold_up_its_fetch(bench: Bench):
    await bench.fetch(record(1), record(2, ce_sequence="many"), record(2))
    assert (bench.handled, bench.dead, bench.acks) == (["a1", "a2"], ["bad-headers"], 1)


@pytest.mark.parametrize("value", [b"\xff", None])
async def test_headers_that_are_no_text_put_their_message_aside_and_no_other(bench: Bench, value):
    odd = record(2)
    odd.headers = [*odd.headers, ("ce_id", value)]
    await bench.fetch(odd, record(1), record(2))
    assert (bench.handled, bench.dead) == (["a1", "a2"], ["bad-headers"])


@pytest.mark.parametrize(("read", "given"), [(unread, record(1)), (unread_batch, (record(1), record(2)))])
async def test_what_carries_a_message_to_the_inbox_reads_none_of_its_headers(read, given):
    seen = list[Any]()

    async def parse(records: Any) -> Any:
        seen.extend(records if isinstance(records, tuple) else [records])
        return SimpleNamespace(raw_message=None)

    assert (await read(given, parse)).raw_message is given
    assert [tuple(one.headers) for one in seen] == [()]


async def test_a_redriven_message_is_handled_again_for_its_group_alone(bench: Bench):
    await bench.fetch(record(1), record(1, **{REDRIVEN: GROUP}), record(1, **{REDRIVEN: "another.group"}), record(2))
    assert bench.handled == ["a1", "a1", "a2"]


async def test_an_ack_that_is_lost_costs_nothing(bench: Bench):
    bench.lost_ack = True
    await bench.fetch(record(1))
    bench.lost_ack = False
    await bench.fetch(record(1), record(2))
    assert (bench.handled, bench.acks) == (["a1", "a2"], 2)


async def test_a_fetch_of_nothing_is_acked(bench: Bench):
    await bench.fetch()
    assert (bench.handled, bench.acks) == ([], 1)


async def test_a_fetch_gives_way_before_it_is_handled(bench: Bench):
    order = list[str]()

    async def give_way() -> None:
        order.append(f"after {len(bench.handled)}")

    bench.inbox.give_way = give_way
    await bench.fetch(record(1), record(2))
    await bench.fetch(record(3))
    assert (order, bench.handled) == (["after 0", "after 2"], ["a1", "a2", "a3"])
