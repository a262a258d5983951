"""What travels beside a message, how it reads back, and what no retry can help."""

from datetime import UTC, datetime

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.bus import Publisher, UnreadableMessage, headers, make_broker, read_event, read_meta
from shared.errors import Unavailable
from shared.events import MessageMeta, public_events
from tests.announced import announced
from tests.counter import Counted

META = MessageMeta(
    id="counter:a#7.2",
    type="Counted",
    schema_version=1,
    stream="counter:a",
    version=7,
    sequence=12,
    time=datetime(2024, 5, 2, 7, 0, 0, 1, tzinfo=UTC),
    correlation="demande-7",
    causation="other:b#3.1",
    traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01",
)
BARE = MessageMeta("counter:a#1.1", "Counted", 1, "counter:a", 1, 1, META.time, "c0ffee")


@pytest.mark.parametrize("meta", [META, BARE])
def test_the_headers_read_back_as_they_were(meta):
    assert read_meta(headers(meta)) == meta


def test_the_headers_have_cloudevents_names_and_nothing_for_what_is_absent():
    assert headers(META) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "counter:a#7.2",
        "ce_type": "Counted",
        "ce_source": "/counter:a",
        "ce_time": "2024-05-02T07:00:00.000001+00:00",
        "ce_schemaversion": "1",
        "ce_stream": "counter:a",
        "ce_version": "7",
        "ce_sequence": "12",
        "ce_correlationid": "demande-7",
        "ce_causationid": "other:b#3.1",
        "traceparent": META.traceparent,
    }
    assert not {"ce_causationid", "traceparent"} & headers(BARE).keys()


@pytest.mark.parametrize(
    "changes",
    [{"ce_id": None}, {"ce_type": None}, {"ce_version": "seven"}, {"ce_sequence": ""}, {"ce_time": "yesterday"}],
)
def test_headers_that_are_not_ours_are_said_so(changes):
    raw = {name: value for name, value in (headers(META) | changes).items() if value is not None}
    with pytest.raises(UnreadableMessage) as unreadable:
        read_meta(raw)
    assert unreadable.value.reason == "bad-headers"


@pytest.mark.parametrize("cls", public_events(), ids=lambda cls: cls.__name__)
def test_every_public_fact_reads_back_from_the_wire(cls):
    event = announced()[cls]
    meta = MessageMeta("s:a#1.1", cls.__name__, cls.schema_version, "s:a", 1, 1, META.time, "c0ffee")
    assert read_event(event.model_dump_json().encode(), meta) == event


@pytest.mark.parametrize(
    ("body", "changes", "reason"),
    [
        (b"{}", {"type": "NeverHeardOf"}, "unknown-type"),
        (b"{}", {"type": "Muttered"}, "unknown-type"),
        (b"{}", {"schema_version": 2}, "future-version"),
        (b"{", {}, "bad-payload"),
        (b"\xff", {}, "bad-payload"),
        (b"[]", {}, "bad-payload"),
        (b'{"dossier_id": "a"}', {}, "bad-payload"),
    ],
)
def test_a_message_no_retry_can_help_has_its_reason(body, changes, reason):
    given = {name: getattr(META, name) for name in MessageMeta.__dataclass_fields__}
    with pytest.raises(UnreadableMessage) as unreadable:
        read_event(body, MessageMeta(**given | changes))
    assert unreadable.value.reason == reason


# -- publishing --------------------------------------------------------------------------------------------------


async def test_a_broker_that_is_not_connected_is_an_outage():
    publisher = Publisher(make_broker("localhost:1"))
    with pytest.raises(Unavailable, match="broker"):
        await publisher.publish([(Counted(dossier_id="a", amount=1), META)])
    with pytest.raises(Unavailable, match="broker"):
        await publisher.send("t", b"a", b"{}", {})


async def test_a_confirmation_that_fails_is_an_outage(monkeypatch):
    broker = make_broker("localhost:1")

    async def fail() -> None:
        raise KafkaConnectionError

    async def publish(*_, **__):
        return fail()

    monkeypatch.setattr(broker, "publish", publish)
    with pytest.raises(Unavailable, match="broker"):
        await Publisher(broker).publish([(Counted(dossier_id="a", amount=1), META)])


async def test_messages_are_sent_in_order_under_their_stream_s_key_and_all_confirmed(monkeypatch):
    broker = make_broker("localhost:1")
    sent, confirmed = [], []

    async def publish(body, topic, *, key, headers, correlation_id, no_confirm):
        assert no_confirm
        sent.append((body, topic, key, headers["ce_id"], correlation_id))

        async def confirm() -> None:
            confirmed.append(headers["ce_id"])

        return confirm()

    monkeypatch.setattr(broker, "publish", publish)
    await Publisher(broker).publish([(Counted(dossier_id="a", amount=n), meta) for n, meta in ((1, BARE), (2, META))])
    assert sent == [
        (b'{"dossier_id":"a","amount":1}', "intake.dossier.v1", b"a", "counter:a#1.1", "c0ffee"),
        (b'{"dossier_id":"a","amount":2}', "intake.dossier.v1", b"a", "counter:a#7.2", "demande-7"),
    ]
    assert confirmed == ["counter:a#1.1", "counter:a#7.2"]
