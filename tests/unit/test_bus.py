"""What travels beside a message, how it reads back, and what no retry can help."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import RecordMetadata

from shared.bus import (
    MESSAGES_A_TURN,
    Producer,
    Publisher,
    UnreadableMessage,
    make_broker,
    make_producer,
    raw_headers,
    read_event,
    read_meta,
)
from shared.errors import Unavailable
from shared.events import MessageMeta, public_events
from shared.journal.relay import Outgoing
from tests.announced import announced
from tests.counter import Counted
from tests.headers import headers

META = MessageMeta(
    id="counter:a#7.2",
    type="Counted",
    schema_version=1,
    stream="counter:a",
    version=7,
    sequence=12,
    time=datetime(2024, 5, 2, 7, 0, 0, 1, tzinfo=UTC),
    correlation="demande-7",
    causation="other:b#3.1",
    traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01",
)
BARE = MessageMeta("counter:a#1.1", "Counted", 1, "counter:a", 1, 1, META.time, "c0ffee")


@pytest.mark.parametrize("meta", [META, BARE])
def test_the_headers_read_back_as_they_were(meta):
    assert read_meta(raw_headers(meta)) == meta


def test_the_headers_have_cloudevents_names_and_nothing_for_what_is_absent():
    assert headers(META) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "counter:a#7.2",
        "ce_type": "Counted",
        "ce_source": "/counter:a",
        "ce_time": "2024-05-02T07:00:00.000001+00:00",
        "ce_schemaversion": "1",
        "ce_stream": "counter:a",
        "ce_version": "7",
        "ce_sequence": "12",
        "ce_correlationid": "demande-7",
        "ce_causationid": "other:b#3.1",
        "traceparent": META.traceparent,
    }
    assert not {"ce_causationid", "traceparent"} & headers(BARE).keys()


@pytest.mark.parametrize(
    "changes",
    [{"ce_id": None}, {"ce_type": None}, {"ce_version": "seven"}, {"ce_sequence": ""}, {"ce_time": "yesterday"}],
)
def test_headers_that_are_not_ours_are_said_so(changes):
    raw = {name: value.encode() for name, value in (headers(META) | changes).items() if value is not None}
    with pytest.raises(UnreadableMessage) as unreadable:
        read_meta(raw)
    assert unreadable.value.reason == "bad-headers"


@pytest.mark.parametrize("cls", public_events(), ids=lambda cls: cls.__name__)
def test_every_public_fact_reads_back_from_the_wire(cls):
    event = announced()[cls]
    meta = MessageMeta("s:a#1.1", cls.__name__, cls.schema_version, "s:a", 1, 1, META.time, "c0ffee")
    assert read_event(event.model_dump_json().encode(), meta) == event


@pytest.mark.parametrize(
    ("body", "changes", "reason"),
    [
        (b"{}", {"type": "NeverHeardOf"}, "unknown-type"),
        (b"{}", {"type": "Muttered"}, "unknown-type"),
        (b"{}", {"schema_version": 2}, "future-version"),
        (b"{", {}, "bad-payload"),
        (b"\xff", {}, "bad-payload"),
        (b"[]", {}, "bad-payload"),
        (b'{"dossier_id": "a"}', {}, "bad-payload"),
    ],
)
def test_a_message_no_retry_can_help_has_its_reason(body, changes, reason):
    given = {name: getattr(META, name) for name in MessageMeta._fields}
    with pytest.raises(UnreadableMessage) as unreadable:
        read_event(body, MessageMeta(**given | changes))
    assert unreadable.value.reason == reason


# -- publishing --------------------------------------------------------------------------------------------------


async def test_a_single_message_to_a_broker_that_is_not_connected_is_an_outage():
    with pytest.raises(Unavailable, match="broker"):
        await Publisher(make_broker("localhost:1")).send("t", b"a", b"{}", {})


async def test_a_broker_that_is_not_there_is_an_outage():
    with pytest.raises(Unavailable, match="broker"):
        await Producer(lambda: make_producer("localhost:1")).publish([message("a", 1)])


def message(key: str, version: int, words: str = "") -> Outgoing:
    stream = f"counter:{key}"
    meta = MessageMeta(f"{stream}#{version}.1", "Counted", 1, stream, version, version, META.time, "c0ffee")
    return Counted(dossier_id=key + words, amount=version), meta


class Server:
    """What producers of aiokafka would send to: the records of each partition, read from the batches' own bytes."""

    def __init__(self, partitions: int = 3, batch_bytes: int = 2_000) -> None:
        self.partitions = partitions
        self.batch_bytes = batch_bytes
        self.logs: dict[int, list[Any]] = {number: [] for number in range(partitions)}
        self.batches: list[int] = []
        self.failures: list[BaseException] = []
        self.forgotten = False
        self.made: list[Connection] = []

    def connect(self) -> "Connection":
        self.made.append(Connection(self))
        return self.made[-1]

    def producer(self) -> Producer:
        return Producer(self.connect)  # pyright: ignore[reportArgumentType]

    def ids(self) -> dict[int, list[str]]:
        return {number: [dict(one.headers)["ce_id"].decode() for one in log] for number, log in self.logs.items()}


class Connection:
    """Stands for one AIOKafkaProducer."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.started = self.stopped = False

    async def start(self) -> None:
        await asyncio.sleep(0)
        self._fail()
        self.started = True

    async def stop(self) -> None:
        self.stopped = True

    async def partitions_for(self, topic: str) -> set[int]:
        assert self.started
        assert not self.stopped
        return set(range(self._server.partitions))

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self._server.batch_bytes, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[RecordMetadata]":
        await asyncio.sleep(0)
        log = self._server.logs[partition]
        start = -1 if self._server.forgotten else len(log)
        log += list(DefaultRecordBatch(batch._build()))
        self._server.batches.append(batch.record_count())
        answer: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        answer.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), start, None, 0, None))
        self._fail()
        return answer

    def _fail(self) -> None:
        if self._server.failures:
            raise self._server.failures.pop(0)


async def test_messages_are_sent_in_order_under_their_stream_s_key_and_it_is_said_how_far_each_partition_was_filled():
    server = Server(partitions=1)
    sent = [message("a", 1), message("b", 1), message("a", 2)]
    assert await server.producer().publish(sent) == {("intake.dossier.v1", 0): (0, 3)}
    assert server.ids() == {0: ["counter:a#1.1", "counter:b#1.1", "counter:a#2.1"]}
    assert [(one.key, one.value) for one in server.logs[0]] == [
        (b"a", b'{"dossier_id":"a","amount":1}'),
        (b"b", b'{"dossier_id":"b","amount":1}'),
        (b"a", b'{"dossier_id":"a","amount":2}'),
    ]
    assert {name: value.decode() for name, value in server.logs[0][2].headers} == headers(sent[2][1])


# Hashes that Kafka's own tests of its murmur2 expect (org.apache.kafka.common.utils.UtilsTest).
@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("abc", 479470107),
    ],
)
async def test_a_key_goes_where_kafka_s_default_partitioner_sends_it(key, murmur2):
    server = Server(partitions=7)
    partition = (murmur2 & 0x7FFFFFFF) % server.partitions
    assert await server.producer().publish([message(key, 1)]) == {("intake.dossier.v1", partition): (0, 1)}


async def test_a_batch_that_is_full_is_followed_by_the_next_and_nothing_is_lost():
    server = Server(partitions=1, batch_bytes=1_000)
    sent = [message("a", version) for version in range(1, 31)]
    assert await server.producer().publish(sent) == {("intake.dossier.v1", 0): (0, 30)}
    assert server.ids()[0] == [meta.id for _, meta in sent]
    assert len(server.batches) > 2
    assert max(server.batches) > 1


async def test_a_message_larger_than_a_batch_has_one_of_its_own():
    server = Server(partitions=1, batch_bytes=1_000)
    await server.producer().publish([message("a", 1), message("a", 2, "…" * 1_000), message("a", 3)])
    assert server.ids()[0] == ["counter:a#1.1", "counter:a#2.1", "counter:a#3.1"]
    assert server.batches == [1, 1, 1]


async def test_publications_at_once_use_one_connection_and_do_not_mix():
    server = Server(partitions=1, batch_bytes=500)
    producer = server.producer()
    first, second = [[message(key, version) for version in range(1, 9)] for key in "ab"]
    await asyncio.gather(producer.publish(first), producer.publish(second))
    assert server.ids()[0] == [meta.id for _, meta in [*first, *second]]
    assert len(server.made) == 1


@pytest.mark.parametrize("error", [KafkaConnectionError(), OutOfOrderSequenceNumber(), OSError(), RuntimeError()])
async def test_after_an_error_the_next_publication_starts_with_a_new_connection(error):
    server = Server(partitions=1)
    producer = server.producer()
    await producer.publish([message("a", 1)])
    server.failures = [error]
    with pytest.raises(Unavailable, match="broker"):
        await producer.publish([message("a", 2)])
    assert server.made[0].stopped
    await producer.publish([message("a", 2)])
    assert [one.stopped for one in server.made] == [True, False]


async def test_a_connection_that_could_not_be_started_is_left_and_not_used():
    server = Server(partitions=1)
    producer = server.producer()
    server.failures = [KafkaConnectionError(), asyncio.CancelledError()]
    with pytest.raises(Unavailable, match="broker"):
        await producer.publish([message("a", 1)])
    with pytest.raises(asyncio.CancelledError):
        await producer.publish([message("a", 1)])
    await producer.publish([message("a", 1)])
    assert [(one.started, one.stopped) for one in server.made] == [(False, True), (False, True), (True, False)]


async def test_a_place_the_broker_has_forgotten_is_not_taken_for_a_loss():
    server = Server(partitions=1)
    server.forgotten = True
    assert await server.producer().publish([message("a", 1)]) == {}


async def test_a_broker_that_is_away_is_left_in_bounded_time(monkeypatch):
    monkeypatch.setattr("shared.bus.STOP_SECONDS", 0.01)
    server = Server(partitions=1)
    producer = server.producer()
    await producer.publish([message("a", 1)])

    async def wait() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(server.made[0], "stop", wait)
    async with asyncio.timeout(10):
        await producer.stop()
        await producer.publish([message("a", 2)])
    assert len(server.made) == 2


class Encoding(Server):
    """Tells when a publication begins to be encoded and when the first of it is sent."""

    def __init__(self) -> None:
        super().__init__(partitions=1, batch_bytes=1_000_000)
        self.begun = asyncio.Event()
        self.turns = self.turns_encoding = 0

    def connect(self) -> "Connection":
        self.made.append(Slow(self))
        return self.made[-1]

    async def turn(self) -> None:
        """Something else that has to be done, turn by turn."""
        while True:
            self.turns += 1
            await asyncio.sleep(0)


class Slow(Connection):
    _server: Encoding

    def create_batch(self) -> BatchBuilder:
        self._server.begun.set()
        self._server.turns_encoding = -self._server.turns
        return super().create_batch()

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[RecordMetadata]":
        self._server.turns_encoding += self._server.turns
        return await super().send_batch(batch, topic, partition=partition)


async def test_something_else_goes_on_while_a_large_publication_is_encoded():
    server = Encoding()
    beside = asyncio.create_task(server.turn())
    sent = [message("a", version) for version in range(1, 5 * MESSAGES_A_TURN + 1)]
    assert await server.producer().publish(sent) == {("intake.dossier.v1", 0): (0, len(sent))}
    beside.cancel()
    assert server.turns_encoding >= 5
    assert server.ids()[0] == [meta.id for _, meta in sent]


async def test_what_is_cancelled_while_it_is_encoded_sends_nothing_and_leaves_the_turn_to_the_next():
    server = Encoding()
    producer = server.producer()
    large = [message("a", version) for version in range(1, 5 * MESSAGES_A_TURN + 1)]
    publishing = asyncio.create_task(producer.publish(large))
    await server.begun.wait()
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert server.ids() == {0: []}
    assert await producer.publish(large) == {("intake.dossier.v1", 0): (0, len(large))}
    assert [one.stopped for one in server.made] == [False]


async def test_a_publication_asked_for_while_another_is_encoded_comes_after_it():
    server = Encoding()
    producer = server.producer()
    large = [message("a", version) for version in range(1, 3 * MESSAGES_A_TURN)]
    first = asyncio.create_task(producer.publish(large))
    await server.begun.wait()
    await producer.publish([message("b", 1)])
    await first
    assert server.ids()[0] == [*[meta.id for _, meta in large], "counter:b#1.1"]
