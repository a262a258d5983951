"""The bus: broker settings, message headers, publishing (docs/adr/0002)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka.errors import KafkaError
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from pydantic import ValidationError

from shared.errors import Unavailable
from shared.events import Event, MessageMeta, decode, event_class
from shared.journal.relay import Outgoing

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
# A topic that was deleted and made again is read again within this time.
METADATA_MAX_AGE_MS = 10_000
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
        request_timeout_ms=10_000,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        middlewares=list(middlewares),
        apply_types=False,
        logger=None,
    )


def headers(meta: MessageMeta) -> dict[str, str]:
    """CloudEvents names in Kafka headers (binary content mode, `ce_` prefix)."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": meta.id,
        "ce_type": meta.type,
        "ce_source": f"/{meta.stream}",
        "ce_time": meta.time.isoformat(),
        "ce_schemaversion": str(meta.schema_version),
        "ce_stream": meta.stream,
        "ce_version": str(meta.version),
        "ce_sequence": str(meta.sequence),
        "ce_correlationid": meta.correlation,
        "ce_causationid": meta.causation,
        "traceparent": meta.traceparent,
    }
    return {name: value for name, value in named.items() if value is not None}


def read_meta(raw: Mapping[str, str]) -> MessageMeta:
    """The metadata of a message's headers. Raises: UnreadableMessage when they are not ours."""
    try:
        return MessageMeta(
            id=raw["ce_id"],
            type=raw["ce_type"],
            schema_version=int(raw["ce_schemaversion"]),
            stream=raw["ce_stream"],
            version=int(raw["ce_version"]),
            sequence=int(raw["ce_sequence"]),
            time=datetime.fromisoformat(raw["ce_time"]),
            correlation=raw["ce_correlationid"],
            causation=raw.get("ce_causationid"),
            traceparent=raw.get("traceparent"),
        )
    except (KeyError, ValueError) as error:
        raise UnreadableMessage("bad-headers", repr(error)) from error


def read_event(body: bytes, meta: MessageMeta) -> Event:
    """The event of a message; unknown fields are ignored. Raises: UnreadableMessage."""
    cls = event_class(meta.type)
    if cls is None or cls.topic is None:
        raise UnreadableMessage("unknown-type", meta.type)
    if meta.schema_version > cls.schema_version:
        raise UnreadableMessage("future-version", f"{meta.type} {meta.schema_version}")
    try:
        return decode(meta.type, json.loads(body))
    except (ValueError, ValidationError) as error:
        raise UnreadableMessage("bad-payload", type(error).__name__) from error


class Publisher:
    """Sends journal messages; a broker that does not answer becomes Unavailable("broker")."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._broker = broker

    async def publish(self, outgoing: list[Outgoing]) -> None:
        """Send in order and return when every one is acknowledged. The key is the stream's key."""
        try:
            sent = [
                await self._broker.publish(
                    event.model_dump_json().encode(),
                    event.topic or "",
                    key=meta.stream.split(":", 1)[1].encode(),
                    headers=headers(meta),
                    correlation_id=meta.correlation,
                    no_confirm=True,
                )
                for event, meta in outgoing
            ]
            await asyncio.gather(*sent)
        except NO_BROKER as error:
            raise Unavailable("broker") from error

    async def send(self, topic: str, key: bytes | None, body: bytes, raw: Mapping[str, str]) -> None:
        """One raw message (dead letters, redrive)."""
        try:
            await self._broker.publish(body, topic, key=key, headers=dict(raw))
        except NO_BROKER as error:
            raise Unavailable("broker") from error
