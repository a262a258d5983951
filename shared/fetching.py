"""How FastStream reads a group's topics and hands over what came: as it lies in Kafka, acknowledged by the inbox."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiokafka import ConsumerRecord
from faststream.kafka import KafkaMessage
from faststream.middlewares import AckPolicy

MAX_BATCH_RECORDS = 4_000
# Of one partition at once: an opening hour's deposits with their content.
MAX_FETCH_BYTES = 32 * 1024 * 1024
# aiokafka asks a broker for one thing at a time: a partition that is read waits until those that are silent have been
# waited for.
MAX_FETCH_WAIT_MS = 50
# A handler may wait through an outage; the group must not give its partitions away meanwhile.
MAX_POLL_INTERVAL_MS = 30 * 60 * 1000


Record = ConsumerRecord[Any, Any]


async def unread(record: Record, parse: Callable[[Record], Awaitable[KafkaMessage]]) -> KafkaMessage:
    """A message as FastStream hands it over. It must not read the headers, which the inbox does: where one is no text,
    it would drop the message unseen, and what comes next would be acknowledged over it.
    """
    message = await parse(replace(record, headers=()))
    message.raw_message = record
    return message


async def unread_batch(
    records: tuple[Record, ...], parse: Callable[[tuple[Record, ...]], Awaitable[KafkaMessage]]
) -> KafkaMessage:
    """A fetch, likewise; and it need not look at each message."""
    message = await parse((replace(records[0], headers=()),))
    message.raw_message = records
    return message


async def undecoded(message: KafkaMessage) -> KafkaMessage:
    """The inbox reads bytes and headers itself, so that an unreadable payload is its to dead-letter."""
    return message


COMMON: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "ack_policy": AckPolicy.MANUAL,
    "max_poll_interval_ms": MAX_POLL_INTERVAL_MS,
    "parser": unread,
    "decoder": undecoded,
}
IN_BATCHES: dict[str, Any] = {
    "batch": True,
    "parser": unread_batch,
    "max_records": MAX_BATCH_RECORDS,
    "max_partition_fetch_bytes": MAX_FETCH_BYTES,
    "fetch_max_wait_ms": MAX_FETCH_WAIT_MS,
}
