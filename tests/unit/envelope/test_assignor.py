"""Who is given the ledger's partitions: the oldest member, all of them, through every rebalance."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from services.envelope.assignor import OldestMemberAssignor

PARTITIONS = {"register": {1, 0}, "offer": {0}, "gone": None}
CLUSTER: Any = SimpleNamespace(partitions_for_topic=PARTITIONS.get)
EVERYTHING = [("gone", []), ("offer", [0]), ("register", [0, 1])]


def member(started_ns: int) -> ConsumerProtocolMemberMetadata:
    process = type("Process", (OldestMemberAssignor,), {"_started_ns": started_ns})
    return process.metadata(PARTITIONS)


NAMELESS = ConsumerProtocolMemberMetadata(0, list(PARTITIONS), b"")


@pytest.mark.parametrize(
    ("members", "given"),
    [
        ({"b": member(1)}, "b"),
        ({"a": member(2), "b": member(1)}, "b"),
        ({"a": member(2), "b": member(1), "c": member(3)}, "b"),
        ({"a": member(2), "c": member(3)}, "a"),
        ({"a": member(1), "b": member(1)}, "a"),
        ({"a": NAMELESS, "b": member(2**63)}, "b"),
    ],
    ids=[
        "alone",
        "a younger one joins",
        "another one joins",
        "it leaves",
        "as old as each other",
        "nobody knows how old",
    ],
)
def test_the_oldest_member_is_given_everything(members, given):
    assigned = OldestMemberAssignor.assign(CLUSTER, members)
    given_to = {name: one.assignment for name, one in assigned.items()}
    assert given_to == {name: EVERYTHING if name == given else [] for name in members}
