"""What a commit says, decision by decision or by column: the same comes back."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.events import Cause, Event, UtcDatetime
from shared.journal.entries import MAX_ALIKE, MIN_ALIKE, Alike, Entry, decoded, encoded, said, said_of, size
from shared.journal.head import folded
from tests.announced import announced
from tests.counter import START, Counted, Counter, Muttered, cause


class Priced(Event):
    """One field of each kind that has more than one text."""

    name: str
    rate: Decimal | None
    at: UtcDatetime
    parts: tuple[int, ...] = ()
    kept: bool = False


class Ended(Event):
    """Nothing but that it happened."""


PRICED = st.builds(
    Priced,
    name=st.sampled_from(["a", "é\n« »", ""]),
    rate=st.none() | st.sampled_from([Decimal("1.0"), Decimal("1.00"), Decimal(1)]),
    at=st.sampled_from([START, START + timedelta(microseconds=1)]),
    parts=st.lists(st.integers(-9, 9), max_size=2).map(tuple),
    kept=st.booleans(),
)
EVENTS = PRICED | st.builds(Muttered, words=st.text(max_size=3)) | st.just(Ended())
CAUSES = st.builds(Cause, st.sampled_from(["service:a", "user:b"]), st.just("c"), st.none() | st.uuids().map(str))
ENTRIES = st.builds(Entry, CAUSES, st.lists(EVENTS, min_size=1, max_size=2).map(tuple))
RUNS = st.lists(st.builds(Entry, CAUSES, PRICED.map(lambda event: (event,))), max_size=3 * MIN_ALIKE)


def counted(count: int, first: int = 0) -> list[Entry]:
    numbers = range(first, first + count)
    return [Entry(cause(f"m{number}"), (Counted(dossier_id="a", amount=number),)) for number in numbers]


@given(st.lists(ENTRIES, max_size=5), RUNS, st.lists(ENTRIES, max_size=5))
def test_what_was_decided_reads_back_as_it_was(before, run, after):
    entries = (*before, *run, *after)
    text = encoded(entries)
    assert decoded(text) == entries
    assert encoded(decoded(text)) == text
    assert [event.model_dump_json() for entry in decoded(text) for event in entry.events] == [
        event.model_dump_json() for entry in entries for event in entry.events
    ]
    told, own = said(text), said_of(entries)
    one_by_one = [one for piece in told.pieces for one in (piece.events() if isinstance(piece, Alike) else [piece])]
    assert (one_by_one, told.causes) == (own.pieces, own.causes)
    assert sum(told.counts().values()) == size(text) == len(own.pieces)


@pytest.mark.parametrize("event", announced().values(), ids=lambda event: type(event).__name__)
def test_every_announced_event_is_written_by_column_as_it_is_alone(event):
    text = encoded([Entry(cause(), (event,))] * MIN_ALIKE)
    assert [entry.events for entry in decoded(text)] == [(event,)] * MIN_ALIKE
    (item,) = json.loads(text)
    assert {name: column[0] for name, column in item["data"].items()} == json.loads(event.model_dump_json())


def test_few_are_written_one_by_one_and_many_by_column_in_pieces():
    assert all("events" in item for item in json.loads(encoded(counted(MIN_ALIKE - 1))))
    pieces = json.loads(encoded(counted(MAX_ALIKE + MIN_ALIKE + 1)))
    assert [item["alike"] for item in pieces] == [MAX_ALIKE, MIN_ALIKE + 1]
    assert pieces[1]["data"] == {"dossier_id": ["a"], "amount": list(range(MAX_ALIKE, MAX_ALIKE + MIN_ALIKE + 1))}
    assert pieces[1]["cause"]["actor"] == ["service:test"]
    assert "traceparent" not in pieces[1]["cause"]


def test_a_state_that_folds_one_by_one_folds_columns_too():
    entries = counted(2 * MIN_ALIKE)
    assert folded(Counter(), said(encoded(entries)).pieces) == folded(Counter(), said_of(entries).pieces)


def test_what_an_older_version_wrote_takes_the_default_of_a_newer_field_and_a_newer_ones_field_is_left_out():
    entries = [Entry(cause(), (Priced(name=str(number), rate=None, at=START),)) for number in range(MIN_ALIKE)]
    (item,) = json.loads(encoded(entries))
    del item["data"]["parts"]
    item["data"]["later"] = [1]
    text = json.dumps([item])
    assert decoded(text) == tuple(entries)
    (piece,) = said(text).pieces
    assert isinstance(piece, Alike)
    assert piece.columns("at", "parts") == {"at": [START] * MIN_ALIKE, "parts": [()] * MIN_ALIKE}


def test_a_column_that_is_not_there_and_must_be_is_refused():
    (item,) = json.loads(encoded(counted(MIN_ALIKE)))
    del item["data"]["amount"]
    (piece,) = said(json.dumps([item])).pieces
    assert isinstance(piece, Alike)
    with pytest.raises(ValueError, match="Counted without amount"):
        piece.columns("dossier_id", "amount")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(lambda item: item["data"].update(amount=[1, 2]), ValueError, id="a column too short"),
        pytest.param(lambda item: item["data"].update(amount=["x"]), ValidationError, id="a value of another type"),
        pytest.param(lambda item: item.update(type="Nobody"), KeyError, id="an unknown type"),
        pytest.param(lambda item: item.update(alike=1), ValueError, id="no run"),
        pytest.param(lambda item: item.update(alike=MIN_ALIKE + 1), ValueError, id="more than there are"),
        pytest.param(lambda item: item.update(alike="8"), ValueError, id="no number"),
        pytest.param(lambda item: item.update(data={}), ValueError, id="nothing said"),
    ],
)
def test_columns_that_do_not_go_together_are_refused(spoil, error):
    (item,) = json.loads(encoded(counted(MIN_ALIKE)))
    spoil(item)
    text = json.dumps([item])
    with pytest.raises(error):
        decoded(text)
    with pytest.raises(error):
        folded(Counter(), said(text).pieces)


def test_moments_are_compared_as_moments():
    zone = datetime(2024, 4, 29, 9, tzinfo=UTC).astimezone()
    entries = [Entry(cause(), (Priced(name="a", rate=None, at=zone),)) for _ in range(MIN_ALIKE)]
    assert decoded(encoded(entries)) == tuple(entries)
