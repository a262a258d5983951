"""The five services as processes on a local stack."""

import sys
import time
from collections.abc import Mapping

import httpx

from deploy.local.process import Process, StartFailed, free_port, require_free
from deploy.local.stack import Stack

NAMES = ("intake", "instruction", "pricing", "contracting", "envelope")
PORTS = {"intake": 8101, "instruction": 8102, "pricing": 8103, "contracting": 8104, "envelope": 8105}
READY_SECONDS = 90


class Services:
    """Starts, stops, kills and restarts the services by name.

    A further process of a service has a number: `envelope-2` is envelope beside `envelope`, on a port of its own.
    """

    def __init__(
        self, stack: Stack, *, fixed_ports: bool = False, extra: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """`extra` adds environment variables by service name."""
        self.stack = stack
        self.ports = dict(PORTS) if fixed_ports else {name: free_port() for name in NAMES}
        self._fixed_ports = fixed_ports
        self._extra = extra or {}
        self._processes: dict[str, Process] = {}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self) -> None:
        """Start all, then wait for each to be ready. Raises: PortTaken, StartFailed."""
        if self._fixed_ports:
            for name in NAMES:
                require_free(self.ports[name], f"PORTS[{name!r}]")
        for name in NAMES:
            self.launch(name)
        for name in NAMES:
            self.wait_ready(name)

    def launch(self, name: str, **extra: str) -> None:
        """Start one without waiting; `extra` are environment variables of this start only."""
        service = name.partition("-")[0]
        environment = (
            self.stack.environment()
            | {"ALS_HTTP_PORT": str(self.ports.setdefault(name, free_port()))}
            | dict(self._extra.get(service, {}))
            | extra
        )
        process = Process(name, [sys.executable, "-m", f"services.{service}"], self.stack.log(name), environment)
        self._processes[name] = process
        process.start()

    def wait_ready(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Wait until the service says it is ready. Raises: StartFailed with the components that are not."""
        last = ["aucune réponse"]

        def ready() -> bool:
            try:
                answer = httpx.get(f"{self.url(name)}/health/ready", timeout=5, trust_env=False)
            except httpx.TransportError:
                return False
            last[0] = answer.text
            return answer.status_code == 200

        try:
            self[name].wait_until(ready, seconds)
        except StartFailed as failed:
            raise StartFailed(f"{failed}\nDernier état : {last[0]}") from None

    def restart(self, name: str) -> None:
        self[name].stop()
        self.launch(name)
        self.wait_ready(name)

    def kill(self, name: str) -> None:
        self[name].kill()

    def __getitem__(self, name: str) -> Process:
        return self._processes[name]

    def stop(self) -> None:
        """Ask all to end at once, then wait for each."""
        for process in self._processes.values():
            if process.running:
                process.terminate()
        for process in self._processes.values():
            process.stop()

    def __enter__(self) -> "Services":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_for(condition, seconds: float, what: str) -> None:
    """Await a condition by asking for it; bounded. Raises: TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
