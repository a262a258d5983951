"""What travels beside a message, how it reads back, and what no retry can help."""

import pytest

from shared.bus import UnreadableMessage, raw_headers, read_event, read_meta
from shared.events import MessageMeta, public_events
from tests.announced import announced
from tests.headers import headers
from tests.unit.broker import META

BARE = MessageMeta("counter:a#1.1", "Counted", 1, "counter:a", 1, 1, META.time, "c0ffee")


@pytest.mark.parametrize("meta", [META, BARE])
def test_the_headers_read_back_as_they_were(meta):
    assert read_meta(raw_headers(meta)) == meta


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
    raw = {name: value.encode() for name, value in (headers(META) | changes).items() if value is not None}
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
    given = {name: getattr(META, name) for name in MessageMeta._fields}
    with pytest.raises(UnreadableMessage) as unreadable:
        read_event(body, MessageMeta(**given | changes))
    assert unreadable.value.reason == reason
