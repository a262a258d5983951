"""What a lane is given: where the servers are, how much to do, and which round it is."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from services.envelope.settings import EnvelopeSettings


@dataclass(frozen=True, slots=True)
class Context:
    """`decisions` of each measured run; `replayed` and `long` are lengths of history; `submissions` of HTTP.

    Addresses are on loopback; `data` holds FerretDB's files; `servers` are process ids by what runs in them.
    """

    kafka: str
    mongo_url: str
    postgres: str
    issuer: str
    traces: str
    data: Path
    decisions: int
    replayed: int
    long: int
    submissions: int
    servers: dict[str, int] = field(default_factory=dict)
    round: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"data": str(self.data)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        given = json.loads(text)
        return cls(**given | {"data": Path(given["data"])})

    def name(self, lane: str) -> str:
        """A campaign and a database nobody used before."""
        return f"{lane}-{self.round}"

    def envelope(self, database: str, *, traced: bool = False) -> EnvelopeSettings:
        """The service as deployments run it, on this bench's servers."""
        given = {
            "environment": "local",
            "http_port": 1,
            "mongo_url": self.mongo_url,
            "database": database,
            "campaign_id": database,
            "kafka_bootstrap": self.kafka,
            "oidc_issuer": self.issuer,
            "objects_directory": self.data / "objects",
            "otlp_endpoint": self.traces if traced else None,
        }
        return EnvelopeSettings(**given)
