"""A message of the bus as bytes and headers, before anybody has read it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord


class Delivery(NamedTuple):
    """A message as it came, or as it was parked."""

    topic: str
    key: bytes | None
    body: bytes
    raw: Mapping[str, bytes | None]

    @property
    def headers(self) -> dict[str, str]:
        """As text, whatever they are."""
        return {name: (value or b"").decode("utf-8", "replace") for name, value in self.raw.items()}

    @classmethod
    def of(cls, record: "ConsumerRecord[Any, Any]") -> "Delivery":
        return cls(record.topic, record.key, record.value or b"", dict(record.headers))

    def document(self) -> dict[str, Any]:
        key = None if self.key is None else self.key.decode("latin-1")
        return {"topic": self.topic, "key": key, "body": self.body.decode("latin-1"), "headers": self.headers}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Delivery":
        key = None if document["key"] is None else document["key"].encode("latin-1")
        return cls(document["topic"], key, document["body"].encode("latin-1"), _encoded(document["headers"]))


def _encoded(named: Mapping[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in named.items()}
