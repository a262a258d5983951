"""The embedded stack: librdkafka's mock cluster, nx-27017 on files, a directory for documents (docs/adr/0005)."""

import sys
from pathlib import Path

from deploy.local.process import Process, free_port, listening
from deploy.local.stack import Stack

START_SECONDS = 30


class EmbeddedStack(Stack):
    """Needs nothing but the Python packages."""

    bootstrap = ""
    mongo_port = 0

    def start_servers(self) -> None:
        self._start_mongo()
        self._start_kafka()

    def kill_server(self, name: str) -> None:
        """`mongo`, or `objects`: their directory is moved away and a file put in its place."""
        match name:
            case "mongo":
                self.processes["mongo"].kill()
            case "objects":
                self._objects.rename(self._objects_away)
                self._objects.touch()
            case _:
                raise ValueError(f"{name}: the embedded broker lives and dies with the stack")

    def start_server(self, name: str) -> None:
        match name:
            case "mongo":
                self._start_mongo()
            case _:
                self._objects.unlink()
                self._objects_away.rename(self._objects)

    @property
    def _objects(self) -> Path:
        return self.data / "objects"

    @property
    def _objects_away(self) -> Path:
        return self.data / "objects-away"

    def _start_mongo(self) -> None:
        self.mongo_port = self.mongo_port or free_port()
        files = self.data / "mongo"
        files.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "nx_27017.nx_27017", "--data-dir", str(files), "--port", str(self.mongo_port)]
        command += ["--pid-file", str(files / "nx.pid"), "--log-file", str(self.log("nx"))]
        self.processes.start(
            Process("mongo", command, self.log("mongo")), lambda: listening(self.mongo_port), START_SECONDS
        )

    def _start_kafka(self) -> None:
        address = self.data / "kafka-address"
        address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.local.mock_kafka", str(address)]
        self.processes.start(Process("kafka", command, self.log("kafka")), address.exists, START_SECONDS)
        self.bootstrap = address.read_text()

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "ALS_KAFKA_BOOTSTRAP": self.bootstrap,
            "ALS_MONGO_URL": f"mongodb://127.0.0.1:{self.mongo_port}",
            "ALS_OBJECTS_DIRECTORY": str(self._objects),
            "ALS_SINGLE_MEMBER": "true",
            "ALS_SESSION_TIMEOUT_MS": "5000",  # its group joins take 3 s
        }
