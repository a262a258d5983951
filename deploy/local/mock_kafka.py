"""librdkafka's mock cluster in a process of its own: `python -m deploy.local.mock_kafka ADDRESS_FILE`."""

import os
import signal
import sys
from pathlib import Path

from confluent_kafka.admin import AdminClient

START_SECONDS = 10


def main(address_file: Path) -> None:
    admin = AdminClient({"test.mock.num.brokers": 1, "bootstrap.servers": "unused:1", "log_level": 0})
    brokers = admin.list_topics(timeout=START_SECONDS).brokers
    (broker,) = brokers.values()
    fresh = address_file.with_suffix(".new")
    fresh.write_text(f"{broker.host}:{broker.port}")
    os.replace(fresh, address_file)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
