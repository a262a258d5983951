"""deploy/compose.yaml as tests read it, with what an operator fills in."""

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<kind>:[-?])(?P<rest>[^}]*)\}")
# The shape each setting asks for; the rest may be any text.
FILLED_IN = {
    "IDENTITY_URL": "https://identite.example.fr",
    "PAYEE_IBAN": "FR7630001007941234567890185",
    "GUARANTOR_CAPITAL_CENTS": "100000",
    "BDT_MAIL_TO": "actes@bdt.example.fr",
    "MAIL_FROM": "garantie@als.example.fr",
    "SMTP_HOST": "127.0.0.1",
}

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
# Process → the service it runs; envelope runs twice.
PROCESSES: dict[str, str] = {
    process: definition["command"][2].removeprefix("services.")
    for process, definition in SERVICES.items()
    if str(definition.get("command", [""])[-1]).startswith("services.")
}


def filled_in(value: str) -> str:
    """What compose makes of a value when every variable is given."""
    return VARIABLE.sub(lambda found: FILLED_IN.get(found["name"], "given"), value)


def environment_of(process: str) -> dict[str, str]:
    """The environment a process gets."""
    return {name: filled_in(value) for name, value in SERVICES[process]["environment"].items()}
