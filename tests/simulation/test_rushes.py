"""Deposits that come together, which the ledger decides in one step where it can: the same holds as one by one."""

import pytest

from services.envelope.domain import decisions
from shared.contracts.values import Exhaustion
from tests.simulation.steps import MAX_CLOCK_OFF, ChangeRules, Stall, Step, Submit, TakeOver
from tests.simulation.world import play

# On each of two writers, the first of which stands still; there is room for all.
RUSHES: list[Step] = [
    ChangeRules(0, 10_000, Exhaustion.STRICT_WAITLIST, -MAX_CLOCK_OFF),
    Stall(5, "envelope", 0, 5),
    Submit(0, 0),
    *[Submit(0.2, dossier) for dossier in (1, 2, 3, 4)],
    Stall(15, "envelope", 0, 15),
    Submit(0, 5),
    TakeOver(1, "envelope"),
    Submit(2, 6),
    Submit(0, 7),
]


@pytest.fixture
def together(monkeypatch) -> list[int]:
    """How many deposits were decided in each step."""
    told = list[int]()
    submit_all = decisions.submit_all

    def telling(ledger, asked, now):
        taken = submit_all(ledger, asked, now)
        told.append(0 if taken is None else len(asked))
        return taken

    monkeypatch.setattr(decisions, "submit_all", telling)
    return told


def test_runs_of_deposits_are_decided_in_one_step_and_all_ends_well(together):
    for seed in range(10):
        assert play(seed, RUSHES) == []
    assert {1, 2} < set(together)
    assert max(together) > 2
