"""The bus: broker settings, message headers, publishing (docs/adr/0002)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from pydantic import ValidationError

from shared.errors import Unavailable
from shared.events import MessageMeta, Reading, event_class
from shared.journal.filled import Place, Span
from shared.journal.relay import Outgoing

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
# A topic that was deleted and made again is read again within this time.
METADATA_MAX_AGE_MS = 10_000
REQUEST_TIMEOUT_MS = 10_000
# What is decided goes on between so many messages encoded: encoding fills the time in which the database syncs.
MESSAGES_A_TURN = 50
# An idempotent producer never gives a batch up, so that leaving a broker that is away would wait for its return.
STOP_SECONDS = 5.0
# What only asks where topics begin and end waits so long for messages it does not want.
LOOK_FETCH_MS = 10
LOOK_FETCH_BYTES = 1024
LOOK_SECONDS = 10.0
# What publishing raises without a broker; IncorrectState: before and between connections FastStream has no producer.
NO_BROKER = (KafkaError, OSError, IncorrectState, RuntimeError)


class UnreadableMessage(Exception):
    """A message no retry can help: its reason is a stable word, for the dead-letter topic."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def make_broker(bootstrap: str, middlewares: Sequence[Any] = ()) -> KafkaBroker:
    """A broker with the settings of the architecture: idempotent, acks=all, no automatic decoding."""
    return KafkaBroker(
        bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_MESSAGE_BYTES,
        max_batch_size=MAX_MESSAGE_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        middlewares=list(middlewares),
        apply_types=False,
        logger=None,
    )


def raw_headers(meta: MessageMeta) -> dict[str, bytes]:
    """CloudEvents names in Kafka headers (binary content mode, `ce_` prefix)."""
    stream = meta.stream.encode()
    named = {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": meta.id.encode(),
        "ce_type": meta.type.encode(),
        "ce_source": b"/" + stream,
        "ce_time": meta.time.isoformat().encode(),
        "ce_schemaversion": b"%d" % meta.schema_version,
        "ce_stream": stream,
        "ce_version": b"%d" % meta.version,
        "ce_sequence": b"%d" % meta.sequence,
        "ce_correlationid": meta.correlation.encode(),
    }
    if meta.causation is not None:
        named["ce_causationid"] = meta.causation.encode()
    if meta.traceparent is not None:
        named["traceparent"] = meta.traceparent.encode()
    return named


def read_meta(raw: Mapping[str, Any]) -> MessageMeta:
    """The metadata of a message's headers. Raises: UnreadableMessage when they are not ours."""
    causation, traceparent = raw.get("ce_causationid"), raw.get("traceparent")
    try:
        return MessageMeta(
            id=raw["ce_id"].decode(),
            type=raw["ce_type"].decode(),
            schema_version=int(raw["ce_schemaversion"]),
            stream=raw["ce_stream"].decode(),
            version=int(raw["ce_version"]),
            sequence=int(raw["ce_sequence"]),
            time=datetime.fromisoformat(raw["ce_time"].decode()),
            correlation=raw["ce_correlationid"].decode(),
            causation=causation.decode() if causation is not None else None,
            traceparent=traceparent.decode() if traceparent is not None else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # a header may be there without a value
        raise UnreadableMessage("bad-headers", repr(error)) from error


def meta_or_none(raw: Mapping[str, Any]) -> MessageMeta | None:
    try:
        return read_meta(raw)
    except UnreadableMessage:
        return None


def read_event(body: bytes, meta: MessageMeta, reading: type[Reading] | None = None) -> Any:
    """The event of a message, or what `reading` takes of it; unknown fields are ignored. Raises: UnreadableMessage."""
    cls = event_class(meta.type)
    if cls is None or cls.topic is None:
        raise UnreadableMessage("unknown-type", meta.type)
    if meta.schema_version > cls.schema_version:
        raise UnreadableMessage("future-version", f"{meta.type} {meta.schema_version}")
    try:
        return (reading or cls).model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise UnreadableMessage("bad-payload", type(error).__name__) from error


def make_producer(bootstrap: str) -> AIOKafkaProducer:
    """What journals are published through, with the same settings."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_MESSAGE_BYTES,
        max_batch_size=MAX_MESSAGE_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )


class Producer:
    """Sends journal messages in whole batches; a broker that does not answer becomes Unavailable("broker").

    After an error the next publication starts with a new connection: an idempotent producer remembers sequences that
    a topic which was deleted and made again has never seen.
    """

    def __init__(self, make: Callable[[], AIOKafkaProducer]) -> None:
        self._make = make
        self._made: AIOKafkaProducer | None = None
        self._partitioner = DefaultPartitioner()
        self._turn = asyncio.Lock()

    async def publish(self, outgoing: list[Outgoing]) -> dict[Place, Span]:
        """Send in order and return when every one is acknowledged: where they begin and end, for each topic and
        partition. The key is the stream's key. One publication at a time.
        """
        async with self._turn:
            try:
                return await self._sent(await self._started(), outgoing)
            except NO_BROKER as error:
                await self.stop()
                raise Unavailable("broker") from error

    async def stop(self) -> None:
        producer, self._made = self._made, None
        if producer is not None:
            await _left(producer)

    async def _started(self) -> AIOKafkaProducer:
        if self._made is None:
            producer = self._make()
            try:
                await producer.start()
            except BaseException:
                await _left(producer)
                raise
            self._made = producer
        return self._made

    async def _sent(self, producer: AIOKafkaProducer, outgoing: list[Outgoing]) -> dict[Place, Span]:
        batches = await self._batches(producer, outgoing)
        sent = [await producer.send_batch(batch, place[0], partition=place[1]) for place, batch in batches]
        reached = dict[Place, Span]()
        for (place, batch), answer in zip(batches, await asyncio.gather(*sent), strict=True):
            # A broker that knows a batch already may no longer know where it is.
            if answer.offset >= 0:
                first, _ = reached.get(place, (answer.offset, 0))
                reached[place] = first, answer.offset + batch.record_count()
        return reached

    async def _batches(self, producer: AIOKafkaProducer, outgoing: list[Outgoing]) -> list[tuple[Place, Any]]:
        """A batch takes what goes to one partition until it is full."""
        made = list[tuple[Place, Any]]()
        filling = dict[Place, Any]()
        places = dict[tuple[str | None, str], tuple[bytes, Place]]()
        for number, (event, meta) in enumerate(outgoing):
            if number % MESSAGES_A_TURN == MESSAGES_A_TURN - 1:
                await asyncio.sleep(0)
            found = places.get((event.topic, meta.stream))
            if found is None:
                topic, key = event.topic or "", meta.stream.split(":", 1)[1].encode()
                partitions = sorted(await producer.partitions_for(topic))
                found = places[event.topic, meta.stream] = key, (topic, self._partitioner(key, partitions, partitions))
            key, place = found
            body, named = event.model_dump_json().encode(), list(raw_headers(meta).items())
            message = {"timestamp": None, "key": key, "value": body, "headers": named}
            if place not in filling or filling[place].append(**message) is None:
                filling[place] = producer.create_batch()
                made.append((place, filling[place]))
                first = filling[place].append(**message)
                assert first is not None, "an empty batch takes any message"
        return made


async def _left(producer: AIOKafkaProducer) -> None:
    with suppress(TimeoutError, *NO_BROKER):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()


async def topics_held(bootstrap: str, topics: Iterable[str]) -> dict[Place, tuple[int | None, int]]:
    """When each partition of these topics got its first message and where it ends, as far as it holds anything; no
    moment where the first messages are gone (retention, or the embedded broker's few megabytes).

    Raises: Unavailable.
    """
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        # It fetches from its start on, and a broker answers one request of a connection after the other.
        fetch_max_wait_ms=LOOK_FETCH_MS,
        max_partition_fetch_bytes=LOOK_FETCH_BYTES,
    )
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await consumer.start()
            partitions = consumer.assignment()
            told = await consumer.offsets_for_times(dict.fromkeys(partitions, 0))
            # After that: what was cut between is seen to be cut.
            starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
            began = {one: found.timestamp for one, found in told.items() if found is not None}
            # librdkafka's mock cluster has no answer by time: there the first message itself is asked.
            silent = {one for one in partitions if starts[one] < ends[one]} - began.keys()
            while silent:
                fetched = await consumer.getmany(*silent, timeout_ms=LOOK_FETCH_MS, max_records=1)
                began |= {one: records[0].timestamp for one, records in fetched.items()}
                silent -= fetched.keys()
    except (KafkaError, OSError) as error:
        raise Unavailable("broker") from error
    finally:
        await consumer.stop()
    if cut := sorted({one.topic for one in began if starts[one]}):
        log.warning("topics_cut", topics=cut)
    return {(one.topic, one.partition): (None if starts[one] else moment, ends[one]) for one, moment in began.items()}


class Publisher:
    """Sends single raw messages (dead letters, redrive)."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._broker = broker

    async def send(self, topic: str, key: bytes | None, body: bytes, raw: Mapping[str, str]) -> None:
        """A broker that does not answer becomes Unavailable("broker")."""
        try:
            await self._broker.publish(body, topic, key=key, headers=dict(raw))
        except NO_BROKER as error:
            raise Unavailable("broker") from error
