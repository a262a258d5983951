"""The real stack without Docker: Apache Kafka, FerretDB on SQLite, MinIO (docs/adr/0005)."""

import os
import subprocess
import sys

import httpx

from deploy.local.install import install
from deploy.local.process import Process, free_port, listening
from deploy.local.stack import Stack
from shared.ids import new_id

START_SECONDS = 60
S3_ACCESS_KEY = "ami-garantie-local"
S3_SECRET_KEY = new_id()  # this run's only; loopback

KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=5242880
"""


class RealStack(Stack):
    """Three servers on free loopback ports; each can be stopped, killed and started again on the same data."""

    def start_servers(self) -> None:
        installed = install()
        self._kafka_libs = installed.kafka_libs
        self.kafka_port, self._controller_port = free_port(), free_port()
        self.mongo_port, self.s3_port = free_port(), free_port()
        self._prepare_kafka()
        (self.data / "ferretdb").mkdir(exist_ok=True)
        self._definitions = {
            "mongo": Process(
                "mongo",
                [str(installed.ferretdb), f"127.0.0.1:{self.mongo_port}", f"file:{self.data}/ferretdb/"],
                self.log("mongo"),
            ),
            "objects": Process(
                "objects",
                [str(installed.minio), "server", "--address", f"127.0.0.1:{self.s3_port}", str(self.data / "minio")],
                self.log("objects"),
                {"MINIO_ROOT_USER": S3_ACCESS_KEY, "MINIO_ROOT_PASSWORD": S3_SECRET_KEY, "MINIO_BROWSER": "off"},
            ),
            "kafka": Process(
                "kafka", self._java("kafka.Kafka", str(self.data / "kafka.properties")), self.log("kafka")
            ),
        }
        for name in self._definitions:
            self.start_server(name)
        self.create_topics()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.kafka_port}"

    def start_server(self, name: str) -> None:
        self.processes.start(self._definitions[name], lambda: self._ready(name), START_SECONDS)

    def create_topics(self) -> None:
        """The step that deployments run before the services: `python -m shared.topics`."""
        environment = os.environ | {"ALS_KAFKA_BOOTSTRAP": self.bootstrap}
        command = [sys.executable, "-m", "shared.topics"]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=START_SECONDS)

    def kill_server(self, name: str) -> None:
        self.processes[name].kill()

    def _ready(self, name: str) -> bool:
        match name:
            case "kafka":
                return listening(self.kafka_port)
            case "mongo":
                return listening(self.mongo_port)
            case _:
                try:
                    return httpx.get(f"http://127.0.0.1:{self.s3_port}/minio/health/ready", trust_env=False).is_success
                except httpx.TransportError:
                    return False

    def _java(self, main: str, *arguments: str, heap: str = "512m") -> list[str]:
        logging = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        return ["java", f"-Xmx{heap}", *logging, "-cp", f"{self._kafka_libs}/*", main, *arguments]

    def _prepare_kafka(self) -> None:
        """Write the settings and format the log directory, once a data directory."""
        logs = self.data / "kafka"
        properties = self.data / "kafka.properties"
        properties.write_text(
            KAFKA_PROPERTIES.format(port=self.kafka_port, controller=self._controller_port, data=logs)
        )
        if not (logs / "meta.properties").exists():
            self._storage_tool("format", "-t", self._cluster_id(), "-c", str(properties))

    def _cluster_id(self) -> str:
        return self._storage_tool("random-uuid").splitlines()[-1].strip()

    def _storage_tool(self, *arguments: str) -> str:
        command = self._java("kafka.tools.StorageTool", *arguments, heap="256m")
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=START_SECONDS)
        return done.stdout

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "ALS_KAFKA_BOOTSTRAP": self.bootstrap,
            "ALS_MONGO_URL": f"mongodb://127.0.0.1:{self.mongo_port}/",
            "ALS_SESSION_TIMEOUT_MS": "6000",  # the least a broker takes
            "ALS_S3_ENDPOINT": f"127.0.0.1:{self.s3_port}",
            "ALS_S3_ACCESS_KEY": S3_ACCESS_KEY,
            "ALS_S3_SECRET_KEY": S3_SECRET_KEY,
            "ALS_S3_SECURE": "false",
        }


def stack_class(name: str) -> type[Stack]:
    """`embedded` or `real`."""
    from deploy.local.embedded import EmbeddedStack

    return {"embedded": EmbeddedStack, "real": RealStack}[name]
