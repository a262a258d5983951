"""What every local stack has: a data directory, an issuer, a stepped clock, and an environment for services."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import clock, freeze_register
from deploy.local.authority import Authority
from deploy.local.data import DataDirectory
from deploy.local.process import Process, Processes, free_port, listening

ISSUER_SECONDS = 30
# Ten years (Code de commerce L.123-22), more than the five of CMF L.561-12.
RETENTION_DAYS = 3_653
# The Friday before the campaign opens (DOMAIN, Campaign rules): time to adopt the grid that takes effect with it.
CLOCK_START = datetime(2024, 4, 26, 6, 30, tzinfo=UTC)
# A valid example: premiums are paid to it and the scenario's bank keeps it.
PAYEE_IBAN = "FR7630001007941234567890185"


class Stack:
    """Servers for one run; `with stack:` starts and stops them."""

    def __init__(self, data: Path, *, fresh: bool = False) -> None:
        self.directory = DataDirectory(data, fresh=fresh)
        self.data = self.directory.path
        self.processes = Processes()
        self.clock_file = self.data / "clock.json"
        self.authority = Authority(self.data / "authority")
        self.issuer = ""

    def __enter__(self) -> Self:
        self.directory.open()
        try:
            clock.start_at(self.clock_file, CLOCK_START)
            (self.data / "bdt").mkdir(exist_ok=True)
            self._start_issuer()
            self.start_servers()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: tuple[type[BaseException], BaseException, TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        self.processes.stop()
        self.directory.close()

    def start_servers(self) -> None:
        raise NotImplementedError

    def kill_server(self, name: str) -> None:
        """Take `mongo`, `objects` or (real stack) `kafka` away, as by kill -9; what it acknowledged is kept."""
        raise NotImplementedError

    def start_server(self, name: str) -> None:
        """Bring a killed server back on the same address and data."""
        raise NotImplementedError

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def _start_issuer(self) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "deploy.local.issuer", "--port", str(port)]
        command += ["--key", str(self.data / "issuer-key.json"), "--clock", str(self.clock_file)]
        self.processes.start(Process("issuer", command, self.log("issuer")), lambda: listening(port), ISSUER_SECONDS)

    def environment(self) -> dict[str, str]:
        """The settings every service gets on this stack."""
        return {
            "ALS_ENVIRONMENT": "local",
            "ALS_OIDC_ISSUER": self.issuer,
            "ALS_CLOCK_FILE": str(self.clock_file),
            "ALS_ANSWERS_SETTLE_SECONDS": "60",
            "ALS_BDT_DIRECTORY": str(self.data / "bdt"),
            "ALS_SIGNING_KEY": str(self.authority.als.key),
            "ALS_SIGNING_CERTIFICATE": str(self.authority.als.certificate),
            "ALS_TRUST_ROOTS": str(self.authority.root),
            "ALS_RETENTION_DAYS": str(RETENTION_DAYS),
            "ALS_PAYEE_IBAN": PAYEE_IBAN,
            "ALS_FREEZE_REGISTER_FILE": str(self.data / freeze_register.FILE),
        }
