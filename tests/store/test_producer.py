"""The producer on both brokers: what it sends is there, whole, in order, where Kafka's own producer would put it."""

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.bus import Producer, make_producer, topics_held
from shared.contracts.envelope import BUDGET_TOPIC
from shared.contracts.pricing import OFFER_TOPIC
from shared.documents import MemoryDocuments
from shared.events import MessageMeta
from shared.journal.relay import Outgoing
from shared.origins import KafkaReader, Origins
from shared.topics import dead_letter_topic, main
from tests.counter import START, Counted

TOPIC = Counted.topic or ""


def message(key: str, version: int) -> Outgoing:
    stream = f"counter:{key}"
    meta = MessageMeta(f"{stream}#{version}.1", "Counted", 1, stream, version, version, START, "c0ffee")
    return Counted(dossier_id=key, amount=version), meta


async def test_batches_are_read_as_they_were_sent_and_their_ends_are_told(any_stack):
    bootstrap = any_stack.environment()["ALS_KAFKA_BOOTSTRAP"]
    producer = Producer(lambda: make_producer(bootstrap))
    single = make_producer(bootstrap)
    await single.start()
    keys = [f"producer-{number}" for number in range(20)]
    try:
        placed = {key: await single.send_and_wait(TOPIC, b"{}", key=key.encode()) for key in keys}
        began = await producer.publish([message(key, 0) for key in keys])
        before = {place: end for place, (_, end) in began.items()}
        spans = await producer.publish([message(key, version) for version in range(1, 51) for key in keys])
    finally:
        await single.stop()
        await producer.stop()
    assert {place: first for place, (first, _) in spans.items()} == before
    ends = {place: end for place, (_, end) in spans.items()}
    assert sum(ends.values()) - sum(before.values()) == 50 * len(keys)
    read = await held(bootstrap, before, ends)
    assert {key: place for key, place, _ in read} == {key: placed[key].partition for key in keys}
    for key in keys:
        assert [version for other, _, version in read if other == key] == list(range(1, 51))


async def test_a_topic_is_told_by_when_its_first_message_was_sent(any_stack):
    """Whatever comes after it, and on both brokers: so one that was made again is known from the one that was."""
    bootstrap = any_stack.environment()["ALS_KAFKA_BOOTSTRAP"]
    topic = dead_letter_topic(BUDGET_TOPIC, "contracting.engagement")  # nothing comes here
    sender = make_producer(bootstrap)
    await sender.start()
    try:
        assert await topics_held(bootstrap, [topic]) == {}
        first = await sender.send_and_wait(topic, b"first", partition=0, timestamp_ms=1_714_374_000_000)
        assert await topics_held(bootstrap, [topic]) == {(topic, 0): (1_714_374_000_000, first.offset + 1)}
        last = await sender.send_and_wait(topic, b"x" * 100_000, partition=0, timestamp_ms=1_714_374_000_001)
        assert await topics_held(bootstrap, [topic]) == {(topic, 0): (1_714_374_000_000, last.offset + 1)}
    finally:
        await sender.stop()


@pytest.mark.real  # the embedded broker cannot delete records
async def test_a_topic_whose_first_messages_are_gone_is_no_other_one_to_who_fills_it_and_to_who_reads_it(real_stack):
    bootstrap = real_stack.bootstrap
    place = (dead_letter_topic(OFFER_TOPIC, "contracting.engagement"), 0)  # nothing comes here
    partition = TopicPartition(*place)
    sender, admin = make_producer(bootstrap), AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    origins = Origins(
        "a.group", MemoryDocuments(), reader := KafkaReader(SimpleNamespace(consumer=consumer), asyncio.Lock())
    )
    async with AsyncExitStack() as stack:
        for one, stop in ((sender, sender.stop), (admin, admin.close), (consumer, consumer.stop)):
            await one.start()
            stack.push_async_callback(stop)
        consumer.assign([partition])
        first = await sender.send_and_wait(place[0], b"first", partition=0, timestamp_ms=1_714_374_000_000)
        last = await sender.send_and_wait(place[0], b"last", partition=0, timestamp_ms=1_714_374_000_001)
        assert await reader.began() == {place: first.timestamp}
        await origins.look()
        consumer.seek(partition, last.offset + 1)
        await admin.delete_records({partition: RecordsToDelete(last.offset)})
        assert await topics_held(bootstrap, [place[0]]) == {place: (None, last.offset + 1)}
        assert await reader.began() == {place: None}
        await origins.look()
        assert await consumer.position(partition) == last.offset + 1


@pytest.mark.real
async def test_a_topic_that_forgets_what_it_should_keep_is_named(real_stack, monkeypatch, capsys):
    bootstrap = real_stack.bootstrap
    monkeypatch.setenv("ALS_KAFKA_BOOTSTRAP", bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        line = f"{BUDGET_TOPIC} : retention.ms vaut 604800000 au lieu de -1\n"
        for retention, named in (("604800000", line), ("-1", "")):
            configs = {"retention.ms": retention}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, BUDGET_TOPIC, configs)])
            async with asyncio.timeout(30):  # a broker hears of it a little later than it says so
                await asyncio.to_thread(main)
                while capsys.readouterr().err != named:
                    await asyncio.to_thread(main)
    finally:
        await admin.close()


async def held(bootstrap: str, start: dict[tuple[str, int], int], ends: dict[tuple[str, int], int]) -> list:
    """Key, partition and version of what lies between two ends of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    read = []
    try:
        consumer.assign([TopicPartition(*place) for place in ends])
        for place, offset in start.items():
            consumer.seek(TopicPartition(*place), offset)
        while len(read) < sum(ends.values()) - sum(start.values()):
            record = await consumer.getone()
            read.append(((record.key or b"").decode(), record.partition, int(dict(record.headers)["ce_version"])))
        for place, end in ends.items():
            assert await consumer.position(TopicPartition(*place)) == end
    finally:
        await consumer.stop()
    return read
