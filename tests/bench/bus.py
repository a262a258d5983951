"""Kafka around a lane: what it reads is there before it starts; when it ended is in what it published."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.bus import raw_headers
from shared.topics import CONSUMERS, TOPICS
from tests.bench.payloads import Command

POLL_SECONDS = 0.05
WAIT_SECONDS = 600


async def preload(bootstrap: str, topic: str, commands: Iterable[Command]) -> None:
    """Publish as intake's relay does, and return when the broker has acknowledged everything."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        sent = [
            await producer.send(
                topic,
                event.model_dump_json().encode(),
                key=event.campaign_id.encode(),
                headers=list(raw_headers(meta).items()),
            )
            for event, meta in commands
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def skip_history(bootstrap: str, group: str) -> None:
    """Leave what other lanes published unread: it is none of this one's."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        topics = CONSUMERS[group]
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(TOPICS[topic].partitions)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def end_of(bootstrap: str, topic: str) -> int:
    """The offset after the last message of a topic of one partition."""
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return (await consumer.end_offsets([partition]))[partition]
    finally:
        await consumer.stop()


async def acknowledged(bootstrap: str, group: str, topic: str) -> None:
    """Wait until a group has acknowledged everything in a topic of one partition. Raises: TimeoutError."""
    partition, end = TopicPartition(topic, 0), await end_of(bootstrap, topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                reached = (await admin.list_consumer_group_offsets(group)).get(partition)
                if reached is not None and reached.offset >= end:
                    return
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await admin.close()


async def published_at(bootstrap: str, topic: str, start: int, key: str, count: int) -> float:
    """When the last of `count` messages with a key was published (seconds since 1970), from offset `start` on.

    Raises: TimeoutError when fewer come.
    """
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, start)
        async with asyncio.timeout(WAIT_SECONDS):
            seen, last_ms = 0, 0
            while seen < count:
                message = await consumer.getone()
                if message.key == key.encode():
                    seen, last_ms = seen + 1, max(last_ms, message.timestamp)
        return last_ms / 1000
    finally:
        await consumer.stop()


async def create_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Topics of the bench's own, one partition each."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        response = await admin.create_topics([NewTopic(name, 1, 1) for name in names])
        for error in response.to_object()["topic_errors"]:
            if error["error_code"] not in (0, TopicAlreadyExistsError.errno):
                raise for_code(error["error_code"])(error["topic"])
    finally:
        await admin.close()
