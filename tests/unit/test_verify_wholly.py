"""Verification reads every field of a commit, also those that no fold looks at."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.envelope.domain import ledger
from services.intake.domain import register
from shared.contracts.envelope import Reserved
from shared.contracts.intake import DossierSubmitted
from shared.events import Cause, Event
from shared.journal import Commit, Entry, StreamKind
from shared.journal.commit import GENESIS_HASH, seal
from shared.journal.entries import MIN_ALIKE
from shared.journal.verify import Known, Verifier
from tests.facts import CAMPAIGN, SUBMITTED_AT, submitted
from tests.unit.envelope.book import Book, reserved

DEPOSITS = [
    submitted().model_copy(update={"dossier_id": f"d{number}", "deposit_number": number})
    for number in range(1, MIN_ALIKE + 1)
]
RESERVATIONS = [*Book().events, *[reserved(number, 1) for number in range(1, MIN_ALIKE + 1)]]
RUNS = [(register.KIND, DEPOSITS, DossierSubmitted), (ledger.KIND, RESERVATIONS, Reserved)]


def sealed(kind: StreamKind, events: Sequence[Event]) -> Commit:
    entries = [Entry(Cause("user:u", "c"), (event,)) for event in events]
    return seal(kind.stream(CAMPAIGN), 1, GENESIS_HASH, entries, {}, SUBMITTED_AT)


def checks(kind: StreamKind, commit: Commit) -> list[str]:
    verifier = Verifier({kind.name: Known(kind)})
    verifier.take(commit.document())
    return [fault.check for fault in verifier.finish().faults]


@pytest.mark.parametrize(("kind", "events", "run"), RUNS)
def test_a_run_that_reads_is_sound(kind, events, run):
    assert checks(kind, sealed(kind, events)) == []


@pytest.mark.parametrize(
    ("kind", "events", "run", "field"),
    [pytest.param(*one, field, id=f"{one[2].__name__}.{field}") for one in RUNS for field in one[2].model_fields],
)
def test_a_field_that_cannot_be_read_is_a_fault(kind, events, run, field):
    sound = sealed(kind, events)
    items = json.loads(sound.entries)
    for item in items:
        if item.get("type") == run.__name__:
            item["data"][field] = [{}]
    spoilt = replace(sound, entries=json.dumps(items), written=None).sealed()
    assert spoilt.entries != sound.entries
    assert checks(kind, spoilt) == ["repli"]
