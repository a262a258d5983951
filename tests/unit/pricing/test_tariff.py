"""A new grid takes two people and a date; offers already drafted keep theirs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.pricing.domain import tariff as domain
from services.pricing.domain.grid import Grid, GridHashMismatch
from services.pricing.domain.people import AlreadyApproved, TwoPeopleNeeded
from services.pricing.domain.tariff import GridDatePassed, GridProposed, GridVersionTaken, Tariff, effective_at
from shared.errors import NotFound
from tests.facts import DOSSIER
from tests.unit.pricing.samples import GRID, NOW, drafted, with_grid

FIRST, SECOND = "tarificateur-1", "tarificateur-2"
LATER = date(2024, 6, 3)


def grid(version: str = "demonstration-2", effective_on: date = LATER) -> Grid:
    return with_grid(version=version, effective_on=effective_on.isoformat())


def proposed(tariff: Tariff, new: Grid, proposal_id: str = "p1", now: datetime = NOW) -> Tariff:
    proposal = GridProposed(
        proposal_id=proposal_id,
        grid=new,
        grid_hash=new.content_hash,
        reason="Revue annuelle",
        proposed_by=FIRST,
        proposed_at=now,
    )
    (event,) = domain.propose(tariff, proposal, GRID)
    return tariff.fold(event)


def approved(tariff: Tariff, new: Grid, proposal_id: str = "p1", by: str = SECOND, now: datetime = NOW) -> Tariff:
    (event,) = domain.approve(tariff, proposal_id, new.content_hash, GRID, by, now)
    return tariff.fold(event)


def adopted(*grids: Grid) -> Tariff:
    tariff = Tariff()
    for number, new in enumerate(grids):
        tariff = approved(proposed(tariff, new, f"p{number}"), new, f"p{number}")
    return tariff


def test_the_first_grid_holds_until_an_adopted_one_takes_effect_at_midnight_in_paris():
    tariff = adopted(grid())
    moment = datetime(2024, 6, 2, 22, tzinfo=UTC)
    assert effective_at(grid()) == moment
    assert tariff.in_force(GRID, moment - timedelta(microseconds=1)) == GRID
    assert tariff.in_force(GRID, moment) == grid()


def test_a_proposal_alone_is_never_in_force():
    assert proposed(Tariff(), grid()).in_force(GRID, NOW + timedelta(days=99)) == GRID


def test_the_grid_that_took_effect_last_is_in_force_whatever_the_order_of_approval():
    july = grid("demonstration-3", date(2024, 7, 1))
    tariff = adopted(july, grid())
    assert tariff.in_force(GRID, datetime(2024, 6, 15, tzinfo=UTC)) == grid()
    assert tariff.in_force(GRID, datetime(2024, 7, 15, tzinfo=UTC)) == july


def test_an_offer_drafted_before_keeps_its_grid():
    draft = drafted().draft
    assert draft
    assert draft.workings
    assert (draft.offer_id, draft.workings.grid) == (f"{DOSSIER}-1", GRID)


def test_the_proposer_may_not_approve():
    with pytest.raises(TwoPeopleNeeded):
        approved(proposed(Tariff(), grid()), grid(), by=FIRST)


def test_a_grid_is_approved_once():
    with pytest.raises(AlreadyApproved):
        approved(adopted(grid()), grid(), "p0")


def test_an_unknown_proposal_cannot_be_approved():
    with pytest.raises(NotFound):
        approved(Tariff(), grid())


def test_what_is_approved_is_what_was_read():
    with pytest.raises(GridHashMismatch):
        approved(proposed(Tariff(), grid()), grid("demonstration-9"))


@pytest.mark.parametrize(
    ("new", "pointer"),
    [
        (grid("demonstration-1"), "/grid/version"),
        (grid("demonstration-2", date(2024, 8, 1)), "/grid/version"),
        (grid("demonstration-3"), "/grid/effective_on"),
    ],
)
def test_a_version_names_one_grid_and_a_day_starts_one(new: Grid, pointer: str):
    with pytest.raises(GridVersionTaken) as refused:
        proposed(adopted(grid()), new, "p9")
    assert refused.value.pointer == pointer


def test_of_two_proposals_for_a_version_one_is_approved():
    tariff = proposed(proposed(Tariff(), grid()), grid(), "p2")
    with pytest.raises(GridVersionTaken):
        approved(approved(tariff, grid()), grid(), "p2")


def test_no_grid_is_put_in_force_for_the_past():
    with pytest.raises(GridDatePassed):
        proposed(Tariff(), grid(effective_on=NOW.date()))
    with pytest.raises(GridDatePassed):
        approved(proposed(Tariff(), grid()), grid(), now=effective_at(grid()))


def test_other_events_change_nothing():
    draft = drafted().draft
    assert draft
    assert Tariff().fold(draft) == Tariff()
