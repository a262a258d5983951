"""Kafka gives every input partition of the ledger to one member: the oldest (docs/adr/0003)."""

import struct
import time
from collections.abc import Mapping
from typing import Any

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)


class OldestMemberAssignor(AbstractPartitionAssignor):
    """Everything to the member that started first, nothing to the others: they stand by.

    Each member's user data is the time its process started (nanoseconds, big endian); ties go by member id.
    A member that keeps running keeps the partitions through every rebalance.
    """

    name = "oldest"  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] (as aiokafka's own do)
    version = 0
    _started_ns = time.time_ns()

    @classmethod
    def assign(
        cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        oldest = min(members, key=lambda member: (_started(members[member].user_data), member))
        topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, everything if member == oldest else [], b"")
            for member in members
        }

    @classmethod
    def metadata(cls, topics: Any) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), struct.pack(">Q", cls._started_ns))

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing to remember: the start time is all the state there is."""


def _started(user_data: bytes | None) -> int:
    return struct.unpack(">Q", user_data)[0] if user_data else 2**64 - 1
