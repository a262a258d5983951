"""How FastStream reads a group's topics and hands over what came: as it lies in Kafka, acknowledged by the inbox."""

from collections.abc import Awaitable, Callable
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


async def unread(
    records: "tuple[ConsumerRecord[Any, Any], ...]",
    parse: "Callable[[tuple[ConsumerRecord[Any, Any], ...]], Awaitable[KafkaMessage]]",
) -> KafkaMessage:
    """A fetch as FastStream hands it over; it need not read the headers of each message, which the inbox does."""
    message = await parse(records[:1])
    message.raw_message = records
    return message


async def undecoded(message: KafkaMessage) -> KafkaMessage:
    """The inbox reads bytes and headers itself, so that an unreadable payload is its to dead-letter."""
    return message


COMMON: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "ack_policy": AckPolicy.MANUAL,
    "max_poll_interval_ms": MAX_POLL_INTERVAL_MS,
    "decoder": undecoded,
}
IN_BATCHES: dict[str, Any] = {
    "batch": True,
    "parser": unread,
    "max_records": MAX_BATCH_RECORDS,
    "max_partition_fetch_bytes": MAX_FETCH_BYTES,
    "fetch_max_wait_ms": MAX_FETCH_WAIT_MS,
}
