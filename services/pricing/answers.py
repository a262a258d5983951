"""Looks at the broker: how far the group has read what intake lodges (docs/adr/0016)."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.pricing.domain.reading import Reading
from shared.clock import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class AnswersReading:
    """`reading` as of the last look; nothing is known while the broker cannot be reached."""

    def __init__(self, bootstrap: str, topic: str, group: str, clock: Clock) -> None:
        self.reading = Reading()
        self._bootstrap = bootstrap
        self._topic = topic
        self._group = group
        self._clock = clock

    async def watch(self) -> None:
        """Look again and again; returns when the broker goes away, to be called again."""
        # No group: it gets every partition and disturbs nobody's.
        consumer = AIOKafkaConsumer(self._topic, bootstrap_servers=self._bootstrap)
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await consumer.start()
            await admin.start()
            while True:
                await self._look(consumer, admin)
                await asyncio.sleep(LOOK_SECONDS)
        except (KafkaError, OSError) as error:
            log.warning("answers_unknown", error=type(error).__name__)
        finally:
            self.reading = Reading()
            await admin.close()
            await consumer.stop()

    async def _look(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        """The moment is taken first: what is lodged during the look may be missing from it."""
        at = self._clock.now()
        partitions = consumer.assignment()
        if not partitions:
            return  # the topic is not known yet: an empty look would seem to be read
        consumer.pause(*partitions)  # the offsets are wanted, not the messages
        ends = await consumer.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(self._group, partitions=list(partitions))
        self.reading = self.reading.looked(
            at,
            {partition.partition: end for partition, end in ends.items()},
            # −1 where the group has committed nothing.
            {partition.partition: max(0, kept.offset) for partition, kept in committed.items()},
        )
