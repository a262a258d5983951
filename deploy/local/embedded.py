"""The embedded stack: librdkafka's mock cluster, nx-27017 on files, a directory for documents (docs/adr/0005)."""

import sys

from deploy.local.process import Process, free_port, listening
from deploy.local.stack import Stack

START_SECONDS = 30


class EmbeddedStack(Stack):
    """Needs nothing but the Python packages."""

    bootstrap = ""
    mongo_port = 0

    def start_servers(self) -> None:
        self.start_mongo()
        self._start_kafka()

    def start_mongo(self) -> None:
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
            "ALS_OBJECTS_DIRECTORY": str(self.data / "objects"),
            "ALS_SINGLE_MEMBER": "true",
            "ALS_SESSION_TIMEOUT_MS": "5000",  # its group joins take 3 s
        }
