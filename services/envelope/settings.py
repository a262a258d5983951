"""Envelope's settings."""

from shared.settings import ServiceSettings


class EnvelopeSettings(ServiceSettings):
    """`single_member` keeps aiokafka's own assignor: the embedded broker knows no standby (docs/adr/0003)."""

    database: str = "envelope"
    single_member: bool = False
