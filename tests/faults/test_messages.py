"""What goes wrong on the bus itself: poison, missing and deleted topics, rewound groups."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.demo.client import awaited
from shared.contracts.envelope import RESERVATION_TOPIC
from shared.contracts.intake import REGISTER_TOPIC
from shared.crash import Step
from shared.dead_letters import partitions_of, read
from shared.topics import CONSUMERS, dead_letter_topic
from tests.faults.metrics import metric
from tests.integration.test_crashes import dead
from tests.platform import whole

pytestmark = pytest.mark.faults
LIMIT_SECONDS = 120
POISON = b"\xff not json"


async def produce(bootstrap, topic, body):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, body, key=b"x")
    finally:
        await producer.stop()


async def delete(bootstrap, topic):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone():
            return True if topic not in await admin.list_topics() else None

        await awaited(gone, f"{topic} is gone", LIMIT_SECONDS)
    finally:
        await admin.close()


async def rewind(bootstrap, group):
    """Commit the beginning of every partition the group reads; it has no members now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [one for topic in CONSUMERS[group] for one in await partitions_of(bootstrap, topic)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
        assert [await consumer.committed(one) for one in partitions] == [0] * len(partitions)
    finally:
        await consumer.stop()


async def test_poison_before_a_dead_letter_topic_that_is_missing(drill):
    """The ledger waits at it and says so; once the topic is there it is put aside and the deposits are decided."""
    letters = dead_letter_topic(REGISTER_TOPIC, "envelope.ledger")
    await drill.under_way()
    await drill.all_acknowledged()
    await delete(drill.stack.bootstrap, letters)
    await produce(drill.stack.bootstrap, REGISTER_TOPIC, POISON)
    drill.struck("the poison")
    await drill.all_acknowledged()

    async def told():
        return metric(drill.services, "envelope", 'als_consumer_stuck_total{group="envelope.ledger"}')

    await awaited(told, "the ledger says that it is held up", LIMIT_SECONDS)
    await asyncio.to_thread(drill.stack.create_topics)
    drill.lifted("the topics step")
    readers = sum(REGISTER_TOPIC in topics for topics in CONSUMERS.values())
    await drill.recovered("held up and told, then put aside", dead_letters=readers)
    (letter,) = await read(drill.stack.bootstrap, letters)
    assert letter.body == POISON


TOPICS = [(REGISTER_TOPIC, "intake"), (RESERVATION_TOPIC, "envelope")]


@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "running"])
@pytest.mark.parametrize(("topic", "producer"), TOPICS)
async def test_a_topic_is_deleted_and_rebuilt_from_the_journal(drill, topic, producer, restarted):
    """As the runbook says: the topics step; the producer notices, whether it is restarted or not."""
    await drill.under_way()
    await delete(drill.stack.bootstrap, topic)
    drill.struck("the deletion")
    await drill.all_acknowledged()
    await asyncio.to_thread(drill.stack.create_topics)
    if restarted:
        await asyncio.to_thread(drill.services.restart, producer)
    drill.lifted(f"the restart of {producer}" if restarted else "the topics step")
    await drill.recovered("published again, what was known dropped")
    (partition,) = await partitions_of(drill.stack.bootstrap, topic)
    consumer = AIOKafkaConsumer(bootstrap_servers=drill.stack.bootstrap)
    await consumer.start()
    try:
        (end,) = (await consumer.end_offsets([TopicPartition(topic, partition.partition)])).values()
    finally:
        await consumer.stop()
    assert end >= len(drill.acknowledged), "the whole history is on the topic again"


@pytest.mark.parametrize(("topic", "producer"), TOPICS)
async def test_a_service_is_killed_while_its_topic_is_lost(drill, topic, producer):
    """Nobody tells it when it is started again: the topics step and its supervisor are all that act."""
    await drill.under_way()
    await delete(drill.stack.bootstrap, topic)
    drill.services.kill(producer)
    drill.struck("the deletion and the kill")
    await asyncio.to_thread(drill.stack.create_topics)
    await started_again(drill, producer)
    await drill.recovered("found empty at the start, published again")


@pytest.mark.parametrize("step", [Step.BEFORE_PUBLISH, Step.AFTER_PUBLISH])
@pytest.mark.parametrize(("topic", "producer"), TOPICS)
async def test_a_service_is_killed_while_it_fills_its_topic_again(drill, topic, producer, step):
    await drill.under_way()
    await drill.all_acknowledged()
    await whole(drill.visit)
    drill.services[producer].stop()
    await delete(drill.stack.bootstrap, topic)
    await asyncio.to_thread(drill.stack.create_topics)
    drill.services.launch(producer, ALS_CRASH_AT=step)
    await dead(drill.services, producer)
    assert await drill.being_filled(producer) == [topic]
    drill.struck("the kill")
    await started_again(drill, producer)
    await drill.recovered("filled by the next process")
    assert await drill.being_filled(producer) == []


async def started_again(drill, name):
    drill.services.launch(name)
    drill.lifted(f"the restart of {name}")
    await asyncio.to_thread(drill.services.wait_ready, name)


@pytest.mark.parametrize("remembered", [True, False], ids=["inbox-kept", "inbox-lost"])
async def test_every_group_is_rewound_to_the_beginning(drill, remembered):
    """With the inboxes' memory lost as well, only the journals know what was handled."""
    await drill.under_way()
    drill.services.stop()
    for group in CONSUMERS:
        await rewind(drill.stack.bootstrap, group)
    if not remembered:
        await drill.forget_inboxes()
    drill.struck("the start")
    for name in drill.services.ports:
        drill.services.launch(name)
    await drill.recovered("every message again, every effect once")
