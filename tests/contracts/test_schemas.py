"""The public events are what the committed JSON Schemas say, and stay readable by older and newer readers."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from deploy.docs import DOCS, schemas
from shared.events import decode, public_events
from tests.facts import opinion, profile, submitted

COMMITTED = DOCS / "schemas"


def test_no_schema_has_drifted():
    assert {f"schemas/{path.name}": path.read_text() for path in COMMITTED.glob("*.json")} == schemas()


@pytest.mark.parametrize("event", [submitted(), opinion(), profile()], ids=lambda event: type(event).__name__)
def test_an_event_on_the_wire_fits_its_schema_and_reads_back(event):
    name = type(event).__name__
    schema = json.loads((COMMITTED / f"{name}.v1.json").read_text())
    wire = json.loads(event.model_dump_json())
    Draft202012Validator(schema).validate(wire)
    assert decode(name, wire) == event
    assert decode(name, wire | {"added_by_a_newer_minor": 1}) == event


def test_every_public_event_names_a_declared_topic_and_its_producer():
    from shared.topics import TOPICS

    for cls in public_events():
        if cls.__module__.startswith("shared.contracts"):
            assert cls.topic in TOPICS
            assert cls.__module__.rsplit(".", 1)[1] == TOPICS[cls.topic].producer


def test_only_pricing_can_learn_a_rating():
    from shared.topics import CONSUMERS

    holders = [cls for cls in public_events() if "rating" in cls.model_fields]
    assert [cls.__name__ for cls in holders] == ["RiskProfileRecorded"]
    readers = {group for group, topics in CONSUMERS.items() if holders[0].topic in topics}
    assert readers == {"pricing.offer"}


def test_the_schema_files_hold_no_rating_beyond_the_profile():
    for path in Path(COMMITTED).glob("*.json"):
        if path.stem != "RiskProfileRecorded.v1":
            assert "rating" not in path.read_text().lower()
