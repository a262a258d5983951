"""A broker in memory, which reads what producers of aiokafka send."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import RecordMetadata

from shared.bus import Producer
from shared.events import MessageMeta
from shared.journal.relay import Outgoing
from tests.counter import Counted

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
