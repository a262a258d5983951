"""A child process that is started, awaited, stopped and killed by its own process id."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 15.0
LOG_TAIL_LINES = 25
_PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    """A process ended or did not become ready in time; the message holds the end of its log."""


class PortTaken(Exception):
    """Another process listens on the port."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def require_free(port: int, setting: str) -> None:
    """Raises: PortTaken, naming the port and what moves it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortTaken(f"Le port {port} est déjà pris : arrêtez ce qui l'occupe ou changez {setting}.") from None


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child with its log; `start` may be called again after `stop` or `kill`."""

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.env = dict(env or {})
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} was not started"
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self.env,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 (one prctl call, no lock taken)
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Raises: StartFailed when the process ends first or the time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StartFailed(f"{self.name} s'est arrêté (code {self.exit_code}).\n{self.tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} n'est pas prêt après {seconds:g} s.\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def wait(self, seconds: float) -> int:
        """The exit code of a process that is expected to end by itself."""
        assert self._child is not None
        return self._child.wait(seconds)

    def terminate(self) -> None:
        """Ask it to end."""
        if self._child is not None and self.running:
            self._child.terminate()

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self._child is None or not self.running:
            return
        self.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9, for what goes wrong on purpose."""
        if self._child is not None and self.running:
            self._child.kill()
            self._child.wait(STOP_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and does nothing, as on a machine that stalls."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
            return f"--- {self.log} ---\n" + "\n".join(lines)
        return ""


class Processes:
    """Stops in reverse order what was started, also on failure and Ctrl-C."""

    def __init__(self) -> None:
        self._started: dict[str, Process] = {}

    def start(self, process: Process, ready: Callable[[], bool], seconds: float) -> None:
        self._started[process.name] = process
        process.start()
        process.wait_until(ready, seconds)

    def __getitem__(self, name: str) -> Process:
        return self._started[name]

    def stop(self) -> None:
        for process in reversed(self._started.values()):
            process.stop()
