"""Pricing's settings."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class PricingSettings(ServiceSettings):
    """`grid_sha256`, where given, is the content `grid_file` must have. `answers_settle_seconds`: how long what intake
    has recorded may take to reach the bus. `retention_days`: how long offers are locked in the object store.
    """

    database: str = "pricing"
    grid_file: Path | None = None
    grid_sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    retention_days: int | None = Field(None, ge=1)
    answers_settle_seconds: int = Field(600, ge=10, le=86_400)
