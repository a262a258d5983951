"""The inbox every consumer reads through: order, duplicates, retries, dead letters (docs/adr/0002)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Union

import structlog
from aiokafka import ConsumerRecord
from faststream.kafka import KafkaBroker, KafkaMessage
from opentelemetry import propagate, trace

from shared.acknowledging import Acknowledging
from shared.bus import Publisher, UnreadableMessage, meta_or_none, read_event, read_meta
from shared.delivery import Delivery
from shared.documents import Documents
from shared.errors import Refusal, Unavailable
from shared.events import MessageMeta, Reading, announced, event_class
from shared.fetching import COMMON, IN_BATCHES
from shared.origins import KafkaReader, Origins
from shared.places import Order, Places, stream_of
from shared.rush import no_rush
from shared.telemetry import Metrics
from shared.topics import dead_letter_topic

log = structlog.get_logger(__name__)
tracer = trace.get_tracer(__name__)

HANDLER_ATTEMPTS = 5
RETRY_SECONDS = 0.2
OUTAGE_RETRY_SECONDS = 1.0
REDRIVEN = "als_redriven"

Handler = Callable[[Any, MessageMeta], Awaitable[None]]
# By event class, or by what is read of it; Any because a mapping's keys are invariant.
Handlers = Mapping[Any, Handler]
# Many at once, in order: what became of each. Raises Unavailable for all; doing it again is harmless.
BatchHandler = Callable[[Sequence[tuple[Any, MessageMeta]]], Awaitable[Sequence[Exception | None]]]


class Inbox:
    """One consumer group: drops what it has seen, parks what came early, retries, dead-letters, acks last.

    Places spare work and find gaps; that an effect happens once is the journal's doing, by causation.
    """

    def __init__(
        self, group: str, handlers: Handlers, positions: Documents, parked: Documents, publisher: Publisher
    ) -> None:
        self.group = group
        self._redriven_here = group.encode()
        self.handlers = handlers
        self.events = [announced(cls) for cls in handlers]
        self.topics = tuple(sorted({cls.topic for cls in self.events if cls.topic}))
        self._handled_as = {announced(cls).__name__: cls for cls in handlers}
        self._places = Places(group, positions, parked)
        self._publisher = publisher
        self.acknowledging = Acknowledging(group, self._places.tidy)
        self._subscriber: Any = None
        self.batch: BatchHandler | None = None
        self.origins: Origins | None = None
        self.give_way = no_rush  # waited for before what came is handled (shared/rush.py)

    def attach(
        self, broker: KafkaBroker, *, in_batches: bool = False, batch: BatchHandler | None = None, **options: Any
    ) -> None:
        """Subscribe on `broker`. With `in_batches`, handlers of one fetch start together, in order, or `batch` takes
        them at once; otherwise each message waits for the one before. `options` are FastStream's.
        """
        self.batch = batch

        async def receive(message: Any) -> None:
            await (self.receive_batch(message) if in_batches else self.receive(message))

        payload = Union[tuple(sorted(self.events, key=lambda cls: cls.__name__))]  # noqa: UP007 (built at run time)
        receive.__annotations__ = {"message": list[payload] if in_batches else payload}
        self._subscriber = broker.subscriber(
            *self.topics,
            group_id=self.group,
            title=self.group,
            **(COMMON | (IN_BATCHES if in_batches else {}) | options),
        )
        self._subscriber(receive)

    @property
    def reader(self) -> KafkaReader:
        return KafkaReader(self._subscriber, self.acknowledging.turn)

    async def tell_missing(self) -> None:
        """On /metrics. Raises: Unavailable."""
        Metrics.missing.labels(self.group).set(await self._places.anything_missing())

    async def receive(self, message: KafkaMessage) -> None:
        """Handle one delivery wholly, then begin to ack. Cancellation leaves it unacked, so it comes again."""
        await self.give_way()
        record = message.raw_message
        assert isinstance(record, ConsumerRecord), "one message at a time"
        await self._never_skipping(lambda: self._knowing_origins([record]))
        await self._never_skipping(lambda: self.deliver(Delivery.of(record)))
        await self.acknowledging.begin(message)

    async def receive_batch(self, message: KafkaMessage) -> None:
        """Handle one fetch: runs of messages that are next in their streams together, the rest as they come."""
        await self.give_way()
        records = message.raw_message
        assert not isinstance(records, ConsumerRecord), "a batch"
        await self._never_skipping(lambda: self._deliver_batch(records))
        await self.acknowledging.begin(message)

    async def _knowing_origins(self, records: "Sequence[ConsumerRecord[Any, Any]]") -> None:
        if (origins := self.origins) is not None:
            await self._waiting_out(lambda: origins.before(records))

    async def _deliver_batch(self, records: "Sequence[ConsumerRecord[Any, Any]]") -> None:
        await self._knowing_origins(records)
        together: list[_Next] = []
        reached: dict[str, int] = {}
        for record in records:
            raw = dict(record.headers)
            meta = meta_or_none(raw)
            if meta is not None and raw.get(REDRIVEN) != self._redriven_here:
                stream = stream_of(record.topic, meta)
                if stream not in reached:
                    reached[stream] = await self._waiting_out(
                        lambda stream=stream, meta=meta: self._places.reached(stream, meta.sequence)
                    )
                if meta.sequence == reached[stream] + 1:
                    reached[stream] = meta.sequence
                    together.append((record, meta, stream))
                    continue
            await self._handle_together(together)
            together = []
            await self.deliver(Delivery.of(record))
            reached.clear()
        await self._handle_together(together)

    async def _handle_together(self, run: "list[_Next]") -> None:
        if not run:
            return
        alone = run if self.batch is None else await self._handle_at_once(run, self.batch)
        # Tasks start in the order they are made, and a handler appends before it waits for anything.
        handling = [self._handle(Delivery.of(record), meta) for record, meta, _ in alone]
        await asyncio.gather(*map(asyncio.create_task, handling))
        last = {stream: meta.sequence for _, meta, stream in run}
        # What waits for these was parked before they were handled, or by another member that reads them once more and
        # takes it from there: whether anything does is asked at the same time.
        waits, *_ = await asyncio.gather(
            self._waiting_out(self._places.anything_parked),
            *[
                self._waiting_out(lambda stream=stream, sequence=sequence: self._places.advance(stream, sequence))
                for stream, sequence in last.items()
            ],
        )
        if waits:
            for stream, sequence in last.items():
                await self._unpark(stream, sequence + 1)

    async def _handle_at_once(self, run: "list[_Next]", handle: BatchHandler) -> "list[_Next]":
        """Give a run to the batch handler; those that failed in it, for their retries."""
        taken, read = list[_Next](), list[tuple[Any, MessageMeta]]()
        for one in run:
            record, meta, _ = one
            try:
                event = self._read(record.value or b"", meta)
            except UnreadableMessage as unreadable:
                await self._dead_letter(Delivery.of(record), unreadable.reason, str(unreadable))
                continue
            if event is not None:
                taken.append(one)
                read.append((event, meta))
        with (
            tracer.start_as_current_span(f"{self.group} batch", kind=trace.SpanKind.CONSUMER) as span,
            Metrics.handling.labels(self.group, "batch").time(),
        ):
            if span.is_recording():
                for _, meta in read:
                    parent = propagate.extract({"traceparent": meta.traceparent} if meta.traceparent else {})
                    span.add_link(trace.get_current_span(parent).get_span_context())
            outcomes = await self._waiting_out(lambda: handle(read))
        done = Counter([meta.type for (_, meta), failure in zip(read, outcomes, strict=True) if failure is None])
        for name, count in done.items():
            Metrics.messages.labels(self.group, name, "handled").inc(count)
        return [one for one, failure in zip(taken, outcomes, strict=True) if failure is not None]

    def _read(self, body: bytes, meta: MessageMeta) -> Any:
        """The event, as it is handled here; None when it is not. Raises: UnreadableMessage."""
        cls = self._handled_as.get(meta.type)
        if cls is None and event_class(meta.type) is not None:
            return None
        return read_event(body, meta, cls if cls is not None and issubclass(cls, Reading) else None)

    async def deliver(self, delivery: Delivery) -> None:
        """Handle, drop, park or dead-letter one message; returns when it will not be needed again."""
        try:
            meta = read_meta(delivery.raw)
        except UnreadableMessage as unreadable:
            await self._dead_letter(delivery, unreadable.reason, str(unreadable))
            return
        if delivery.raw.get(REDRIVEN) == self._redriven_here:
            await self._handle(delivery, meta)
            return
        stream = stream_of(delivery.topic, meta)
        match await self._waiting_out(lambda: self._places.order(stream, meta.sequence)):
            case Order.DUPLICATE:
                Metrics.messages.labels(self.group, meta.type, Order.DUPLICATE).inc()
                # Whoever handled it may have died before it looked at what was parked behind.
                await self._unpark(stream, self._places.known(stream) + 1)
            case Order.EARLY:
                Metrics.messages.labels(self.group, meta.type, Order.EARLY).inc()
                await self._waiting_out(lambda: self._places.park(stream, meta.sequence, delivery))
            case Order.NEXT:
                await self._handle(delivery, meta)
                await self._waiting_out(lambda: self._places.advance(stream, meta.sequence))
                await self._unpark(stream, meta.sequence + 1)

    async def _handle(self, delivery: Delivery, meta: MessageMeta) -> None:
        try:
            event = self._read(delivery.body, meta)
        except UnreadableMessage as unreadable:
            await self._dead_letter(delivery, unreadable.reason, str(unreadable))
            return
        if event is None:
            return
        handler = self.handlers[type(event)]
        parent = propagate.extract({"traceparent": meta.traceparent} if meta.traceparent else {})
        with (
            tracer.start_as_current_span(f"{self.group} {meta.type}", context=parent, kind=trace.SpanKind.CONSUMER),
            structlog.contextvars.bound_contextvars(message=meta.id, correlation=meta.correlation),
            Metrics.handling.labels(self.group, meta.type).time(),
        ):
            for attempt in range(1, HANDLER_ATTEMPTS + 1):
                try:
                    await self._waiting_out(lambda: handler(event, meta))
                    Metrics.messages.labels(self.group, meta.type, "handled").inc()
                    return
                except Exception as error:
                    log.error("handler_failed", attempt=attempt, error=type(error).__name__, exc_info=True)
                    if attempt == HANDLER_ATTEMPTS:
                        reason = error.type if isinstance(error, Refusal) else "handler-failed"
                        await self._dead_letter(delivery, reason, f"{type(error).__name__}: {error}")
                        return
                    await asyncio.sleep(RETRY_SECONDS * 2**attempt)

    async def _never_skipping(self, step: Callable[[], Awaitable[None]]) -> None:
        """What nobody foresaw around a handler holds the group up, loudly, rather than lose its place: delivering
        again is harmless, going on would leave a gap."""
        while True:
            try:
                return await step()
            except Exception as error:
                Metrics.consumer_stuck.labels(self.group).inc()
                log.error("consumer_stuck", group=self.group, error=type(error).__name__, exc_info=True)
                await asyncio.sleep(OUTAGE_RETRY_SECONDS)

    async def _waiting_out(self, step: Callable[[], Awaitable[Any]]) -> Any:
        """A server that is down is waited for: no message is given up because of an outage."""
        while True:
            try:
                return await step()
            except Unavailable as outage:
                log.warning("consumer_waits", group=self.group, component=outage.component)
                await asyncio.sleep(OUTAGE_RETRY_SECONDS)

    async def _dead_letter(self, delivery: Delivery, reason: str, detail: str) -> None:
        Metrics.dead_letters.labels(self.group, reason).inc()
        log.error("dead_letter", group=self.group, topic=delivery.topic, reason=reason)
        why = {"als_reason": reason, "als_detail": detail[:500], "als_topic": delivery.topic, "als_group": self.group}
        await self._waiting_out(lambda: self._put_aside(delivery, delivery.headers | why))

    async def _put_aside(self, delivery: Delivery, marked: dict[str, str]) -> None:
        topic = dead_letter_topic(delivery.topic, self.group)
        try:
            await self._publisher.send(topic, delivery.key, delivery.body, marked)
        except Unavailable:
            # The broker is away, or has no such topic: what follows waits, so somebody has to be told.
            Metrics.consumer_stuck.labels(self.group).inc()
            raise

    async def _unpark(self, stream: str, sequence: int) -> None:
        """Handle what was parked from `sequence` on, as far as nothing is missing."""
        while True:
            delivery = await self._waiting_out(lambda sequence=sequence: self._places.parked(stream, sequence))
            if delivery is None:
                return
            await self._handle(delivery, read_meta(delivery.raw))
            await self._waiting_out(lambda sequence=sequence: self._places.advance(stream, sequence))
            await self._waiting_out(lambda sequence=sequence: self._places.unparked(stream, sequence))
            sequence += 1


# A message that is next in its stream.
_Next = tuple["ConsumerRecord[Any, Any]", MessageMeta, str]
