"""A message nobody can handle goes to the dead letters with its error; the others go on; a redrive sends it back."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.demo.client import awaited
from shared.contracts.contracting import ENGAGEMENT_TOPIC, Engaged
from shared.contracts.envelope import CAMPAIGN_TOPIC, ResumptionDecided
from shared.contracts.intake import REGISTER_TOPIC
from shared.dead_letters import partitions_of, read
from shared.events import MessageMeta
from shared.topics import CONSUMERS, dead_letter_topic
from tests.headers import headers
from tests.platform import whole

GROUP = "envelope.ledger"
LETTERS = dead_letter_topic(ENGAGEMENT_TOPIC, GROUP)
# Heard by the ledger alone, so that what it refuses leaves no trace in any journal.
REFUSED = dead_letter_topic(CAMPAIGN_TOPIC, GROUP)
NOW = datetime(2024, 5, 6, 9, tzinfo=UTC)
SECONDS = 60


def bootstrap(visit):
    return visit.platform.stack.environment()["ALS_KAFKA_BOOTSTRAP"]


def stranger(**changes):
    """The headers of the first message of a stream nobody knows."""
    stream = f"engagement:{uuid4().hex}"
    given = {
        "id": f"{stream}#1.1",
        "type": "Engaged",
        "schema_version": 1,
        "stream": stream,
        "version": 1,
        "sequence": 1,
        "time": NOW,
        "correlation": uuid4().hex,
    } | changes
    return headers(MessageMeta(**given))


def engaged(dossier_id):
    event = Engaged(dossier_id=dossier_id, offer_id=f"{dossier_id}-1", premium_cents=50_000, engaged_at=NOW)
    return event.model_dump_json().encode()


def resumption(campaign_id):
    return ResumptionDecided(campaign_id=campaign_id, decided_at=NOW).model_dump_json().encode()


def resumed(**changes):
    return stranger(type="ResumptionDecided", **changes)


async def produce(visit, topic, key, body, named):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap(visit), acks="all")
    await producer.start()
    try:
        encoded = [(name, value.encode() if isinstance(value, str) else value) for name, value in named.items()]
        await producer.send_and_wait(topic, body, key=key, headers=encoded)
    finally:
        await producer.stop()


async def letters(visit, message_id, topic=LETTERS):
    return [one for one in await read(bootstrap(visit), topic) if one.headers.get("ce_id") == message_id]


async def lettered(visit, message_id, topic=LETTERS, count=1):
    async def there():
        found = await letters(visit, message_id, topic)
        return found if len(found) >= count else None

    return await awaited(there, f"dead letter of {message_id}")


def command(visit, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "shared.dead_letters", *arguments],
        env=os.environ | {"ALS_KAFKA_BOOTSTRAP": bootstrap(visit)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("changes", "body", "reason"),
    [
        ({}, b"\xff not json", "bad-payload"),
        ({}, b"{}", "bad-payload"),
        ({"schema_version": 99}, engaged("x"), "future-version"),
        ({"type": "EngagedByTelepathy"}, engaged("x"), "unknown-type"),
    ],
)
async def test_an_unreadable_message_is_put_aside_and_the_next_dossier_goes_on(visit, changes, body, reason):
    named = stranger(**changes)
    await produce(visit, ENGAGEMENT_TOPIC, b"x", body, named)
    (letter,) = await lettered(visit, named["ce_id"])
    assert letter.headers["als_reason"] == reason
    assert letter.body == body
    await visit.submitted()


@pytest.mark.parametrize(
    "named", [{"content-type": "text/plain"}, {"ce_id": b"\xff", "trace": b"\xfe"}, {"ce_id": None, "trace": None}]
)
async def test_a_message_without_our_headers_is_put_aside_too_by_whoever_reads_it(visit, named):
    topics = [dead_letter_topic(ENGAGEMENT_TOPIC, one) for one, read in CONSUMERS.items() if ENGAGEMENT_TOPIC in read]
    assert LETTERS in topics
    before = {topic: len(await read(bootstrap(visit), topic)) for topic in topics}
    await produce(visit, ENGAGEMENT_TOPIC, b"\xff", b"hello", named)

    async def there(topic):
        return (await read(bootstrap(visit), topic))[before[topic] :] or None

    for topic in topics:
        (letter,) = await awaited(partial(there, topic), "dead letter without headers")
        assert letter.headers["als_reason"] == "bad-headers"
    await visit.submitted()


async def test_what_a_handler_refuses_is_listed_shown_and_redriven_once(visit):
    campaign_id = uuid4().hex
    named = resumed()
    await produce(visit, CAMPAIGN_TOPIC, campaign_id.encode(), resumption(campaign_id), named)
    (letter,) = await lettered(visit, named["ce_id"], REFUSED)
    assert letter.headers["als_reason"] == "unknown-campaign"
    assert named["ce_id"] in command(visit, "list", REFUSED)
    shown = command(visit, "show", REFUSED, f"{letter.partition}:{letter.offset}")
    assert campaign_id in shown
    assert "UnknownCampaign" in shown
    before = len(await read(bootstrap(visit), REFUSED))
    waiting = len(await read(bootstrap(visit), REFUSED, since_redrive=True))
    assert command(visit, "redrive", REFUSED) == f"{waiting} message(s) renvoyé(s)\n"
    await lettered(visit, named["ce_id"], REFUSED, count=2)

    async def all_back():
        return True if len(await read(bootstrap(visit), REFUSED)) == before + waiting else None

    await awaited(all_back, "what nobody can handle comes back to the dead letters")
    assert len(await read(bootstrap(visit), REFUSED, since_redrive=True)) == waiting


async def test_a_register_published_again_from_its_start_changes_nothing(visit):
    await visit.submitted()
    figures = await visit.offices.figures()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap(visit), enable_auto_commit=False)
    await consumer.start()
    records = []
    try:
        for partition in await partitions_of(bootstrap(visit), REGISTER_TOPIC):
            consumer.assign([partition])
            (end,) = (await consumer.end_offsets([partition])).values()
            consumer.seek(partition, 0)  # kept for ever; seeking to the beginning races with the first reset
            while await consumer.position(partition) < end:
                records += (await consumer.getmany(partition, timeout_ms=1_000)).get(partition, [])
    finally:
        await consumer.stop()
    assert records
    for record in reversed(records):
        named = {name: value.decode() for name, value in record.headers}
        await produce(visit, REGISTER_TOPIC, record.key, record.value, named)
    dossier = await visit.submitted()
    after = await visit.offices.figures()
    assert after["reserved_cents"] == figures["reserved_cents"] + dossier.operation.principal_cents
    assert after["last_number"] == figures["last_number"] + 1
    await whole(visit)


async def test_an_early_message_waits_for_the_one_before_and_is_then_handled(visit):
    """The second message of a stream first: parked; when the first has come both are handled, in order."""
    first, campaign_id = resumed(), uuid4().hex
    stream = first["ce_stream"]
    second = first | {"ce_id": f"{stream}#2.1", "ce_version": "2", "ce_sequence": "2"}
    key = campaign_id.encode()
    await produce(visit, CAMPAIGN_TOPIC, key, resumption(campaign_id), second)
    await visit.submitted()  # by then the group has read it
    assert not await letters(visit, second["ce_id"], REFUSED)
    await produce(visit, CAMPAIGN_TOPIC, key, resumption(campaign_id), first)
    (one,) = await lettered(visit, first["ce_id"], REFUSED)
    (two,) = await lettered(visit, second["ce_id"], REFUSED)
    assert json.loads(one.body)["campaign_id"] == json.loads(two.body)["campaign_id"] == campaign_id
