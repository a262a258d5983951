"""PostgreSQL for one run: a new cluster on a loopback port, as an unprivileged user, every commit synced."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from deploy.local.install import ToolMissing
from deploy.local.process import Process, free_port

USER = "postgres"
BINARIES = Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 60
INIT_SECONDS = 120
# What durability rests on, written out though these are PostgreSQL's defaults; the rest is Debian's.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
STATED = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "commit_delay")


class Postgres:
    """`with Postgres() as server:`; its files lie in the system's temporary directory, where the stack's lie."""

    def __init__(self) -> None:
        if not (BINARIES / "initdb").exists():
            raise ToolMissing("PostgreSQL 15 manque : apt-get install postgresql (make bench).")
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="ami-bench-postgres-"))
        self._data = self._directory / "data"
        options = [text for name, value in SETTINGS.items() for text in ("-c", f"{name}={value}")]
        command = [str(BINARIES / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]
        self._process = Process("postgres", self._as_user(command), self._directory / "log")

    @property
    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres"

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            if os.geteuid() == 0:
                shutil.chown(self._directory, USER, USER)
            initdb = [str(BINARIES / "initdb"), "-D", str(self._data), "-U", USER, "-A", "trust", "--no-locale"]
            subprocess.run(
                self._as_user([*initdb, "-E", "UTF8"]),
                cwd=self._directory,
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=INIT_SECONDS,
            )
            self._process.start()
            self._process.wait_until(self._answers, START_SECONDS)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: tuple[type[BaseException], BaseException, TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def create(self, schema: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(schema.encode())

    def stated(self) -> dict[str, str]:
        """What the server says of itself."""
        with psycopg.connect(self.dsn) as connection:
            found = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in STATED}
        return {name: row[0] for name, row in found.items() if row}

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    @staticmethod
    def _as_user(command: list[str]) -> list[str]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return command
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--pdeathsig", "INT", "--"]
        return [*become, *command]
