"""A message of the bus as bytes and headers, before anybody has read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came, or as it was parked."""

    topic: str
    key: bytes | None
    body: bytes
    headers: dict[str, str]

    @classmethod
    def of(cls, record: "ConsumerRecord[Any, Any]") -> "Delivery":
        named = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        return cls(record.topic, record.key, record.value or b"", named)

    def document(self) -> dict[str, Any]:
        key = None if self.key is None else self.key.decode()
        return {"topic": self.topic, "key": key, "body": self.body.decode("latin-1"), "headers": self.headers}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Delivery":
        key = None if document["key"] is None else document["key"].encode()
        return cls(document["topic"], key, document["body"].encode("latin-1"), dict(document["headers"]))
