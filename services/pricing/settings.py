"""Pricing's settings."""

from pydantic import Field

from shared.settings import ServiceSettings


class PricingSettings(ServiceSettings):
    """`answers_settle_seconds`: how long what intake has recorded may take to reach the bus. `retention_days`: how long
    offers are locked in the object store.
    """

    database: str = "pricing"
    retention_days: int | None = Field(None, ge=1)
    answers_settle_seconds: int = Field(600, ge=10, le=86_400)
