"""Envelope's settings."""

from pydantic import Field

from shared.settings import ServiceSettings


class EnvelopeSettings(ServiceSettings):
    """`single_member` keeps aiokafka's own assignor: the embedded broker knows no standby (docs/adr/0003).

    The session time-out is the least a broker takes, so that a standby takes over within ten seconds.
    """

    database: str = "envelope"
    session_timeout_ms: int = Field(6_000, ge=1_000, le=300_000)
    single_member: bool = False
