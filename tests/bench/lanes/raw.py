"""The loop without a ledger: aiokafka reads, the same domain functions decide, aiokafka writes. Nothing is kept."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from services.envelope.domain import decisions
from services.envelope.domain.decisions import Deposited
from services.envelope.domain.ledger import Ledger
from services.envelope.usecases import Deposit
from shared.bus import Producer, make_producer, read_event, read_meta
from shared.clock import SystemClock
from shared.contracts.envelope import RESERVATION_TOPIC
from shared.events import Event, MessageMeta
from shared.fetching import MAX_BATCH_RECORDS, MAX_FETCH_BYTES
from tests.bench import bus, payloads
from tests.bench.context import Context

COMMANDS = "bench.register.v1"
Decide = Callable[[Ledger, Sequence[Deposit], datetime], tuple[Sequence[Event], Ledger]]


async def read_decide_write(context: Context, lane: str, *, one_by_one: bool = False) -> float:
    """Decisions a second, from the first fetch handed over to the last message published.

    It reads, decides a fetch at once, encodes and publishes in batches as the service does, and acknowledges
    a fetch before the next one, which the service does beside it. It loses its
    state with its process and knows neither duplicates nor order: the ratio to it is what the ledger costs.
    `one_by_one`: it decides message after message, as one would write it first.
    """
    name, count = context.name(lane), context.decisions
    read_from, written_from = [await bus.end_of(context.kafka, topic) for topic in (COMMANDS, RESERVATION_TOPIC)]
    await bus.preload(context.kafka, COMMANDS, payloads.deposits(name, count))
    partition = TopicPartition(COMMANDS, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=context.kafka,
        group_id="bench.raw",
        enable_auto_commit=False,
        max_partition_fetch_bytes=MAX_FETCH_BYTES,
    )
    producer = Producer(lambda: make_producer(context.kafka))
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, read_from)
        began = await _loop(consumer, producer, name, count, _one_by_one if one_by_one else at_once)
    finally:
        await producer.stop()
        await consumer.stop()
    return count / (await bus.published_at(context.kafka, RESERVATION_TOPIC, written_from, name, count) - began)


def opened_ledger(campaign_id: str) -> Ledger:
    """A ledger in memory with an open campaign."""
    adopted, _ = payloads.rules(campaign_id)
    ledger = Ledger()
    for event in decisions.adopt(ledger, adopted.rules, payloads.AT):
        ledger = ledger.fold(event)
    return ledger


async def _loop(consumer: AIOKafkaConsumer, producer: Producer, campaign_id: str, count: int, decide: Decide) -> float:
    """Returns when the first fetch was there (seconds since 1970)."""
    clock, ledger, began, done = SystemClock(), opened_ledger(campaign_id), 0.0, 0
    while done < count:
        fetched = await consumer.getmany(timeout_ms=1000, max_records=MAX_BATCH_RECORDS)
        records = [record for some in fetched.values() for record in some]
        began = began or (time.time() if records else 0.0)
        read = [_read(record) for record in records]
        if read:
            events, ledger = decide(ledger, [command for command, _ in read], clock.now())
            await producer.publish(list(zip(events, [meta for _, meta in read], strict=True)))
            await consumer.commit()
        done += len(records)
    return began


def at_once(ledger: Ledger, asked: Sequence[Deposit], now: datetime) -> tuple[Sequence[Event], Ledger]:
    """A fetch as the service decides it."""
    decided = decisions.submit_all(
        ledger, [Deposited(one.dossier_id, one.deposit_number, one.principal_cents) for one in asked], now
    )
    assert decided is not None, "they come in order and there is room for all"
    return decided


def _one_by_one(ledger: Ledger, asked: Sequence[Deposit], now: datetime) -> tuple[Sequence[Event], Ledger]:
    events = list[Event]()
    for one in asked:
        for event in decisions.submit(ledger, one.dossier_id, one.deposit_number, one.principal_cents, now):
            ledger = ledger.fold(event)
            events.append(event)
    return events, ledger


def _read(record: ConsumerRecord) -> tuple[Deposit, MessageMeta]:
    meta = read_meta(dict(record.headers))
    return read_event(record.value or b"", meta, Deposit), meta
