"""A real stack that keeps one server's data on a small file system of its own, which can be filled."""

import os
import subprocess
from pathlib import Path

from deploy.local.real import RealStack

DIRECTORIES = {"mongo": "ferretdb", "kafka": "kafka", "objects": "minio"}
SIZE_MIB = 64
BLOCK = b"\0" * 4096


class CrampedStack(RealStack):
    """`fill` leaves the server no byte; `clear` gives the room back. Mounting needs root."""

    def __init__(self, data: Path, server: str) -> None:
        super().__init__(data)
        self._disk = self.data / DIRECTORIES[server]

    def start_servers(self) -> None:
        self._disk.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "faults", str(self._disk)], check=True, timeout=10
        )
        super().start_servers()

    def close(self) -> None:
        super().close()
        if self._disk.is_mount():
            subprocess.run(["umount", str(self._disk)], check=True, timeout=10)

    @property
    def _ballast(self) -> Path:
        return self._disk / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(BLOCK)
            except OSError:
                assert os.statvfs(self._disk).f_bavail == 0

    def clear(self) -> None:
        self._ballast.unlink()
