"""What a process says of itself on /metrics."""

import httpx

from deploy.local.services import Services

TIMEOUT_SECONDS = 30


def metric(services: Services, name: str, line: str) -> float | None:
    """The first figure whose line begins so; None while there is none."""
    text = httpx.get(f"{services.url(name)}/metrics", timeout=TIMEOUT_SECONDS, trust_env=False).text
    return next((float(one.split(" ")[-1]) for one in text.splitlines() if one.startswith(line)), None)
