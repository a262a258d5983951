"""Pricing's settings."""

from pathlib import Path

from shared.settings import ServiceSettings


class PricingSettings(ServiceSettings):
    database: str = "pricing"
    grid_file: Path | None = None
