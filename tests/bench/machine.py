"""What the figures were measured on."""

import os
import platform
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "aiokafka",
    "faststream",
    "motor",
    "pymongo",
    "pydantic",
    "fastapi",
    "uvicorn",
    "uvloop",
    "httptools",
    "psycopg",
)
SYNCS = 200
BLOCK_BYTES = 4096


def machine() -> dict[str, str]:
    """Processor, memory, system, disk; the load before the run."""
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "a 4 KiB write and fdatasync": f"{_sync_us():.0f} µs",
        "load before (1, 5, 15 minutes)": load(),
    }


def load() -> str:
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())


def versions(postgres: str) -> dict[str, str]:
    servers = {"Apache Kafka": "4.1.0", "FerretDB": "1.24.0 on SQLite", "PostgreSQL": postgres}
    return {"Python": platform.python_version()} | servers | {name: version(name) for name in PACKAGES}


def commit(root: Path) -> str:
    """The commit measured; says so when the tree differs from it."""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/bench", ":!docs/bench.md")
    return f"{head} and changes not committed" if changed else head


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _sync_us() -> float:
    """The least a durable decision can cost without company, in the directory the servers write to."""
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(b"\0" * BLOCK_BYTES)
            file.flush()
            os.fdatasync(file.fileno())
        return 1e6 * (time.perf_counter() - began) / SYNCS
