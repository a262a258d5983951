"""Every topic, its partitions and retention, and the step that creates them: `python -m shared.topics`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.contracts import contracting, envelope, instruction, intake, pricing

RETENTION = "retention.ms"
FOREVER_MS = -1
DEAD_LETTER_RETENTION_MS = 90 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """`{producer}.{aggregate}.v{major}`; the key is the stream's key, so one stream stays in one partition."""

    name: str
    key: str
    partitions: int = 6
    retention_ms: int = FOREVER_MS

    @property
    def producer(self) -> str:
        return self.name.split(".")[0]


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(intake.REGISTER_TOPIC, key="campaign id", partitions=1),
        Topic(intake.DOSSIER_TOPIC, key="dossier id"),
        Topic(intake.BAILLEUR_TOPIC, key="SIREN"),
        Topic(intake.QUESTION_TOPIC, key="question id", partitions=1),
        Topic(instruction.REVIEW_TOPIC, key="dossier id"),
        Topic(instruction.PROFILE_TOPIC, key="dossier id"),
        Topic(pricing.OFFER_TOPIC, key="dossier id"),
        Topic(contracting.ENGAGEMENT_TOPIC, key="dossier id"),
        Topic(envelope.CAMPAIGN_TOPIC, key="campaign id", partitions=1),
        Topic(envelope.RESERVATION_TOPIC, key="campaign id", partitions=1),
        Topic(envelope.BUDGET_TOPIC, key="campaign id", partitions=1),
    )
}


def dead_letter_topic(topic: str, group: str) -> str:
    return f"{topic}.dlq.{group}"


# Who reads what: group -> topics. A test holds the services' handlers to it; the documents are drawn from it.
CONSUMERS: dict[str, tuple[str, ...]] = {
    "intake.timeline": (
        intake.REGISTER_TOPIC,
        instruction.REVIEW_TOPIC,
        pricing.OFFER_TOPIC,
        contracting.ENGAGEMENT_TOPIC,
        envelope.RESERVATION_TOPIC,
        envelope.BUDGET_TOPIC,
    ),
    "instruction.review": (intake.REGISTER_TOPIC, intake.DOSSIER_TOPIC, envelope.RESERVATION_TOPIC),
    "pricing.offer": (
        intake.REGISTER_TOPIC,
        intake.DOSSIER_TOPIC,
        instruction.REVIEW_TOPIC,
        instruction.PROFILE_TOPIC,
        contracting.ENGAGEMENT_TOPIC,
        envelope.BUDGET_TOPIC,
    ),
    "contracting.engagement": (
        intake.REGISTER_TOPIC,
        intake.DOSSIER_TOPIC,
        instruction.REVIEW_TOPIC,
        pricing.OFFER_TOPIC,
        envelope.RESERVATION_TOPIC,
        envelope.BUDGET_TOPIC,
    ),
    "envelope.ledger": (
        intake.REGISTER_TOPIC,
        instruction.REVIEW_TOPIC,
        pricing.OFFER_TOPIC,
        contracting.ENGAGEMENT_TOPIC,
        envelope.CAMPAIGN_TOPIC,
    ),
}


@asynccontextmanager
async def _administered(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def wanted_topics() -> list[tuple[str, int, int]]:
    """Name, partitions and retention in milliseconds of each, dead-letter topics included."""
    wanted = [(topic.name, topic.partitions, topic.retention_ms) for topic in TOPICS.values()]
    return wanted + [
        (dead_letter_topic(topic, group), 1, DEAD_LETTER_RETENTION_MS)
        for group, topics in CONSUMERS.items()
        for topic in topics
    ]


async def create_topics(bootstrap: str, *, replication: int = 1) -> list[str]:
    """Create what is missing, dead-letter topics included; returns the names created."""
    async with _administered(bootstrap) as admin:
        existing = set(await admin.list_topics())
        new = [
            NewTopic(name, partitions, replication, topic_configs={RETENTION: str(retention)})
            for name, partitions, retention in wanted_topics()
            if name not in existing
        ]
        if not new:
            return []
        response = await admin.create_topics(new)
        for error in response.to_object()["topic_errors"]:
            if error["error_code"] not in (0, TopicAlreadyExistsError.errno):
                raise for_code(error["error_code"])(error["topic"])
        return [topic.name for topic in new]


async def other_retentions(bootstrap: str) -> dict[str, tuple[str, int]]:
    """Topics that do not keep their messages as long as they should, or longer: the retention.ms of each as it is and
    as it should be.
    """
    async with _administered(bootstrap) as admin:
        existing = set(await admin.list_topics())
        wanted = {name: retention for name, _, retention in wanted_topics() if name in existing}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, {RETENTION: None}) for name in wanted]
        found = dict[str, str]()
        for response in await admin.describe_configs(asked):
            for one in response.to_object()["resources"]:
                if one["error_code"]:
                    raise for_code(one["error_code"])(one["resource_name"])
                found[one["resource_name"]] = one["config_entries"][0]["config_value"]
    return {name: (found[name], one) for name, one in wanted.items() if found[name] != str(one)}


def main() -> None:
    import os

    bootstrap = os.environ.get("ALS_KAFKA_BOOTSTRAP")
    if not bootstrap:
        raise SystemExit("ALS_KAFKA_BOOTSTRAP manque : adresse du bus Kafka (hôte:port)")
    replication = int(os.environ.get("ALS_KAFKA_REPLICATION", "1"))
    for name in asyncio.run(create_topics(bootstrap, replication=replication)):
        print(name)
    for name, (found, wanted) in asyncio.run(other_retentions(bootstrap)).items():
        print(f"{name} : {RETENTION} vaut {found} au lieu de {wanted}", file=sys.stderr)


if __name__ == "__main__":
    main()
