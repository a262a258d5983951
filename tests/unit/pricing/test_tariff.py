"""Every grid, the first one too, takes two people and a date; offers already drafted keep theirs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.pricing.domain import tariff as domain
from services.pricing.domain.grid import Grid, GridHashMismatch, GridTreatmentForbidden, StepPricing, Treatment
from services.pricing.domain.people import AlreadyApproved, ReasonRequired, TwoPeopleNeeded
from services.pricing.domain.rating import CreditQualityStep
from services.pricing.domain.tariff import (
    GridDatePassed,
    GridNotApproved,
    GridProposed,
    GridTakenEffect,
    GridVersionTaken,
    GridWithdrawalPending,
    GridWithdrawalProposed,
    Tariff,
    effective_at,
)
from shared.errors import NotFound
from tests.facts import DOSSIER
from tests.unit.pricing.samples import GRID, NOW, drafted, with_grid

FIRST, SECOND = "tarificateur-1", "tarificateur-2"
LATER = date(2024, 6, 3)
BEFORE = effective_at(GRID) - timedelta(microseconds=1)


def grid(version: str = "demonstration-2", effective_on: date = LATER) -> Grid:
    return with_grid(version=version, effective_on=effective_on.isoformat())


def proposed(
    tariff: Tariff, new: Grid, proposal_id: str = "p1", now: datetime = NOW, reason: str = "Revue annuelle"
) -> Tariff:
    proposal = GridProposed(
        proposal_id=proposal_id,
        grid=new,
        grid_hash=new.content_hash,
        reason=reason,
        proposed_by=FIRST,
        proposed_at=now,
    )
    (event,) = domain.propose(tariff, proposal)
    return tariff.fold(event)


def approved(tariff: Tariff, new: Grid, proposal_id: str = "p1", by: str = SECOND, now: datetime = NOW) -> Tariff:
    (event,) = domain.approve(tariff, proposal_id, new.content_hash, by, now)
    return tariff.fold(event)


def adopted(*grids: Grid) -> Tariff:
    """The demonstration grid, in force, then these."""
    tariff = approved(proposed(Tariff(), GRID, "first", BEFORE), GRID, "first", now=BEFORE)
    for number, new in enumerate(grids):
        tariff = approved(proposed(tariff, new, f"p{number}"), new, f"p{number}")
    return tariff


def withdrawal(tariff: Tariff, proposal_id: str = "p0", now: datetime = NOW) -> Tariff:
    (event,) = domain.propose_withdrawal(
        tariff,
        GridWithdrawalProposed(
            proposal_id=proposal_id, reason="Taux d'actualisation erroné", proposed_by=FIRST, proposed_at=now
        ),
    )
    return tariff.fold(event)


def withdrawn(tariff: Tariff, proposal_id: str = "p0", by: str = SECOND, now: datetime = NOW) -> Tariff:
    (event,) = domain.approve_withdrawal(tariff, proposal_id, by, now)
    return tariff.fold(event)


def test_no_grid_is_in_force_before_the_first_one_takes_effect():
    assert adopted().in_force(BEFORE) is None
    assert adopted().in_force(effective_at(GRID)) == GRID


def test_a_grid_holds_until_the_next_one_takes_effect_at_midnight_in_paris():
    tariff = adopted(grid())
    moment = datetime(2024, 6, 2, 22, tzinfo=UTC)
    assert effective_at(grid()) == moment
    assert tariff.in_force(moment - timedelta(microseconds=1)) == GRID
    assert tariff.in_force(moment) == grid()


def test_a_proposal_alone_is_never_in_force():
    assert proposed(Tariff(), grid()).in_force(NOW + timedelta(days=99)) is None


def test_the_grid_that_took_effect_last_is_in_force_whatever_the_order_of_approval():
    july = grid("demonstration-3", date(2024, 7, 1))
    tariff = adopted(july, grid())
    assert tariff.in_force(datetime(2024, 6, 15, tzinfo=UTC)) == grid()
    assert tariff.in_force(datetime(2024, 7, 15, tzinfo=UTC)) == july


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


def test_a_grid_proposed_when_less_was_checked_is_not_approved():
    lax = {CreditQualityStep.CQS6: StepPricing(treatment=Treatment.DEROGATION)}
    before = grid().model_copy(update={"steps": grid().steps | lax})
    proposal = GridProposed(
        proposal_id="p1",
        grid=before,
        grid_hash=before.content_hash,
        reason="Revue",
        proposed_by=FIRST,
        proposed_at=NOW,
    )
    with pytest.raises(GridTreatmentForbidden):
        domain.approve(Tariff().fold(proposal), "p1", before.content_hash, SECOND, NOW)


def test_a_grid_and_its_withdrawal_say_why():
    with pytest.raises(ReasonRequired):
        proposed(Tariff(), grid(), reason=" ")
    pending = GridWithdrawalProposed(proposal_id="p0", reason="", proposed_by=FIRST, proposed_at=NOW)
    with pytest.raises(ReasonRequired):
        domain.propose_withdrawal(adopted(grid()), pending)


def test_no_grid_is_put_in_force_for_the_past():
    with pytest.raises(GridDatePassed):
        proposed(Tariff(), grid(effective_on=NOW.date()))
    with pytest.raises(GridDatePassed):
        approved(proposed(Tariff(), grid()), grid(), now=effective_at(grid()))


def test_two_people_withdraw_an_approved_grid_before_its_date_and_the_former_one_holds():
    tariff = withdrawal(adopted(grid()))
    assert tariff.in_force(effective_at(grid())) == grid()
    assert withdrawn(tariff).in_force(effective_at(grid())) == GRID


def test_the_first_grid_withdrawn_leaves_none_in_force():
    tariff = withdrawn(withdrawal(adopted(), "first", BEFORE), "first", now=BEFORE)
    assert tariff.in_force(NOW) is None


def test_the_proposer_of_a_withdrawal_may_not_approve_it():
    with pytest.raises(TwoPeopleNeeded):
        withdrawn(withdrawal(adopted(grid())), by=FIRST)


def test_a_grid_that_took_effect_is_replaced_and_never_withdrawn():
    with pytest.raises(GridTakenEffect):
        withdrawal(adopted(), "first", effective_at(GRID))
    with pytest.raises(GridTakenEffect):
        withdrawn(withdrawal(adopted(grid())), now=effective_at(grid()))


def test_only_an_approved_grid_is_withdrawn():
    with pytest.raises(GridNotApproved):
        withdrawal(proposed(adopted(), grid(), "p0"))
    with pytest.raises(NotFound):
        withdrawal(adopted())


def test_a_withdrawal_is_proposed_before_it_is_approved():
    with pytest.raises(NotFound):
        withdrawn(adopted(grid()))


def test_a_withdrawal_is_proposed_and_approved_once():
    tariff = withdrawal(adopted(grid()))
    with pytest.raises(GridWithdrawalPending):
        withdrawal(tariff)
    for again in (withdrawal, withdrawn):
        with pytest.raises(AlreadyApproved):
            again(withdrawn(tariff))


def test_a_withdrawn_grid_frees_its_day_and_keeps_its_version():
    tariff = withdrawn(withdrawal(adopted(grid())))
    again = grid("demonstration-3")
    assert approved(proposed(tariff, again, "p9"), again, "p9").in_force(effective_at(again)) == again
    with pytest.raises(GridVersionTaken) as refused:
        proposed(tariff, grid(effective_on=date(2024, 8, 1)), "p9")
    assert refused.value.pointer == "/grid/version"


def test_other_events_change_nothing():
    draft = drafted().draft
    assert draft
    assert Tariff().fold(draft) == Tariff()
