"""Dead letters: `python -m shared.dead_letters list|show|redrive` (docs/operations.md).

A dead-letter topic is a log. What was redriven is remembered as the committed offset of the group `<topic>.redrive`,
so that redriving again sends only what came since.
"""

import argparse
import asyncio
import os
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus import MAX_MESSAGE_BYTES
from shared.inbox import REDRIVEN
from shared.topics import CONSUMERS, dead_letter_topic

READ_TIMEOUT_MS = 2_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message with its error, as the inbox left it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    body: bytes
    headers: dict[str, str]

    @classmethod
    def of(cls, record: "ConsumerRecord[Any, Any]") -> "DeadLetter":
        named = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        return cls(record.topic, record.partition, record.offset, record.key, record.value or b"", named)

    def line(self) -> str:
        headers = self.headers
        return (
            f"{self.topic} {self.partition}:{self.offset} {headers.get('ce_type', '?')} {headers.get('ce_id', '?')} "
            f"{headers.get('als_reason', '?')} — {headers.get('als_detail', '')}"
        )


def known_topics() -> list[str]:
    """Every dead-letter topic there can be."""
    return sorted(dead_letter_topic(topic, group) for group, topics in CONSUMERS.items() for topic in topics)


async def read(bootstrap: str, topic: str, *, since_redrive: bool = False) -> list[DeadLetter]:
    """The dead letters of a topic in order; with `since_redrive`, those not redriven yet."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=redrive_group(topic),
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # once retention has cut the log, its start is no longer 0
    )
    await consumer.start()
    try:
        partitions = await partitions_of(bootstrap, topic)
        if not partitions:
            return []
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        letters = list[DeadLetter]()
        for partition in partitions:
            start = (await consumer.committed(partition) or 0) if since_redrive else 0
            consumer.seek(partition, start)
            while await consumer.position(partition) < ends[partition]:
                batch = await consumer.getmany(partition, timeout_ms=READ_TIMEOUT_MS)
                letters += [DeadLetter.of(record) for record in batch.get(partition, [])]
        return letters
    finally:
        await consumer.stop()


async def partitions_of(bootstrap: str, topic: str) -> list[TopicPartition]:
    """The partitions the cluster has of a topic; none when it has no such topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (found,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return [TopicPartition(topic, number) for number in sorted(one["partition"] for one in found["partitions"])]


async def redrive(bootstrap: str, topic: str) -> int:
    """Send what was not redriven yet back to its topic, for its consumer group only. Returns how many."""
    letters = await read(bootstrap, topic, since_redrive=True)
    if not letters:
        return 0
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=MAX_MESSAGE_BYTES
    )
    await producer.start()
    try:
        for letter in letters:
            kept = {name: value for name, value in letter.headers.items() if not name.startswith("als_")}
            headers = kept | {REDRIVEN: letter.headers["als_group"]}
            await producer.send_and_wait(
                letter.headers["als_topic"],
                letter.body,
                key=letter.key,
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
    finally:
        await producer.stop()
    await _remember(bootstrap, topic, {letter.partition: letter.offset + 1 for letter in letters})
    return len(letters)


async def _remember(bootstrap: str, topic: str, offsets: dict[int, int]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=redrive_group(topic), enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = {TopicPartition(topic, number): offset for number, offset in offsets.items()}
        consumer.assign(list(partitions))
        await consumer.commit(partitions)
    finally:
        await consumer.stop()


def redrive_group(topic: str) -> str:
    return f"{topic}.redrive"


async def existing_topics(bootstrap: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        present = set(await admin.list_topics())
    finally:
        await admin.close()
    return [topic for topic in known_topics() if topic in present]


async def _run(arguments: argparse.Namespace) -> None:
    bootstrap = arguments.bootstrap
    match arguments.command:
        case "list":
            topics = [arguments.topic] if arguments.topic else await existing_topics(bootstrap)
            for topic in topics:
                for letter in await read(bootstrap, topic):
                    print(letter.line())
        case "show":
            letters = await read(bootstrap, arguments.topic)
            for letter in letters:
                if f"{letter.partition}:{letter.offset}" == arguments.place:
                    print(letter.line())
                    print("\n".join(f"  {name}: {value}" for name, value in sorted(letter.headers.items())))
                    print(letter.body.decode("utf-8", "replace"))
        case "redrive":
            print(f"{await redrive(bootstrap, arguments.topic)} message(s) renvoyé(s)")


def main() -> None:
    parser = argparse.ArgumentParser(description="Les messages que personne n'a pu traiter.")
    parser.add_argument(
        "--bootstrap", default=os.environ.get("ALS_KAFKA_BOOTSTRAP"), help="défaut : ALS_KAFKA_BOOTSTRAP"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="tous, ou ceux d'un sujet").add_argument("topic", nargs="?")
    show = commands.add_parser("show", help="un message en entier")
    show.add_argument("topic")
    show.add_argument("place", help="partition:position, comme les donne la liste")
    commands.add_parser("redrive", help="renvoyer ce qui ne l'a pas encore été").add_argument("topic")
    arguments = parser.parse_args()
    if not arguments.bootstrap:
        parser.error("--bootstrap ou ALS_KAFKA_BOOTSTRAP est nécessaire")
    asyncio.run(_run(arguments))


if __name__ == "__main__":
    main()
