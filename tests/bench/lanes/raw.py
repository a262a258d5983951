"""The loop without a ledger: aiokafka reads, the same domain function decides, aiokafka writes. Nothing is kept."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from services.envelope.domain import decisions
from services.envelope.domain.ledger import Ledger
from shared.bus import headers, read_event, read_meta
from shared.clock import SystemClock
from shared.contracts.intake import DossierSubmitted
from shared.events import Event, MessageMeta
from shared.inbox import MAX_BATCH_RECORDS
from tests.bench import bus, payloads
from tests.bench.context import Context

COMMANDS = "bench.register.v1"
DECISIONS = "bench.reservation.v1"


async def read_decide_write(context: Context, lane: str) -> float:
    """Decisions a second, from the first fetch handed over to the last message published.

    It reads, validates, decides, encodes and acknowledges as the service does. It loses its state with its process
    and knows neither duplicates nor order: the ratio to it is what the ledger costs.
    """
    name, count = context.name(lane), context.decisions
    read_from, written_from = [await bus.end_of(context.kafka, topic) for topic in (COMMANDS, DECISIONS)]
    await bus.preload(context.kafka, COMMANDS, payloads.deposits(name, count))
    partition = TopicPartition(COMMANDS, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=context.kafka, group_id="bench.raw", enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=context.kafka, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, read_from)
        began = await _loop(consumer, producer, opened_ledger(name), count)
    finally:
        await producer.stop()
        await consumer.stop()
    return count / (await bus.published_at(context.kafka, DECISIONS, written_from, name, count) - began)


def opened_ledger(campaign_id: str) -> Ledger:
    """A ledger in memory with an open campaign."""
    adopted, _ = payloads.rules(campaign_id)
    ledger = Ledger()
    for event in decisions.adopt(ledger, adopted.rules, payloads.AT):
        ledger = ledger.fold(event)
    return ledger


async def _loop(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, ledger: Ledger, count: int) -> float:
    """Returns when the first fetch was there (seconds since 1970)."""
    clock, began, done = SystemClock(), 0.0, 0
    while done < count:
        fetched = await consumer.getmany(timeout_ms=1000, max_records=MAX_BATCH_RECORDS)
        records = [record for some in fetched.values() for record in some]
        began = began or (time.time() if records else 0.0)
        sent = []
        for record in records:
            command, meta = _read(record)
            number, amount = command.deposit_number, command.principal_cents
            for event in decisions.submit(ledger, command.dossier_id, number, amount, clock.now()):
                ledger = ledger.fold(event)
                sent.append(await _send(producer, event, meta, ledger))
        await asyncio.gather(*sent)
        await consumer.commit()
        done += len(records)
    return began


def _read(record: ConsumerRecord) -> tuple[DossierSubmitted, MessageMeta]:
    meta = read_meta({name: value.decode() for name, value in record.headers})
    event = read_event(record.value or b"", meta)
    assert isinstance(event, DossierSubmitted)
    return event, meta


async def _send(producer: AIOKafkaProducer, event: Event, meta: MessageMeta, ledger: Ledger) -> asyncio.Future:
    assert ledger.rules is not None
    return await producer.send(
        DECISIONS,
        event.model_dump_json().encode(),
        key=ledger.rules.campaign_id.encode(),
        headers=[(name, value.encode()) for name, value in headers(meta).items()],
    )
