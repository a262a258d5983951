"""Messages are published in order, each place said, and an error costs a connection and no message."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from shared.bus import MESSAGES_A_TURN, Producer, Publisher, make_broker, make_producer
from shared.errors import Unavailable
from tests.headers import headers
from tests.unit.broker import Connection, Server, message


async def test_a_single_message_to_a_broker_that_is_not_connected_is_an_outage():
    with pytest.raises(Unavailable, match="broker"):
        await Publisher(make_broker("localhost:1")).send("t", b"a", b"{}", {})


async def test_a_broker_that_is_not_there_is_an_outage():
    with pytest.raises(Unavailable, match="broker"):
        await Producer(lambda: make_producer("localhost:1")).publish([message("a", 1)])


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
