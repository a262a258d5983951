"""Two grids over the open dossiers, before one is put in force."""

import pytest

from services.pricing import simulate as command
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.offer import Offer
from services.pricing.domain.simulation import Comparison, Outcome, compare
from services.pricing.domain.tariff import GridVersionAmbiguous, Tariff
from services.pricing.grids import grid_bytes
from shared.errors import NotFound
from tests.facts import DOSSIER, profile, submitted
from tests.unit.pricing.desk import SECOND_OFFICER, Desk
from tests.unit.pricing.samples import (
    GRID,
    NOW,
    OTHER_GRID,
    acceptance,
    drafted,
    expired,
    issued,
    play,
    with_grid,
    withdrawn,
)


def other(number: int, **rating) -> Offer:
    dossier_id = f"d{number}"
    deposit = submitted(dossier_id=dossier_id, deposit_number=number)
    return play(Offer(), deposit, profile(dossier_id=dossier_id, **rating))


def test_open_dossiers_are_compared_in_deposit_order():
    compared = compare([other(3), drafted(), other(2)], GRID, OTHER_GRID, NOW)
    assert [one.deposit_number for one in compared] == [1, 2, 3]
    draft = drafted().draft
    assert draft
    assert compared[0].first == Outcome(draft.premium_cents)
    # A lower discount rate makes what is paid in advance dearer.
    assert compared[0].difference_cents is not None
    assert compared[0].difference_cents > 0


@pytest.mark.parametrize(
    "offer",
    [
        Offer(),
        play(Offer(), submitted()),
        play(Offer(), profile()),
        play(drafted(), withdrawn()),
        play(issued(), acceptance()),
        expired(),
    ],
)
def test_what_has_ended_or_cannot_be_priced_yet_is_left_out(offer: Offer):
    assert compare([offer], GRID, OTHER_GRID, NOW) == []


def test_an_issued_offer_is_still_open():
    assert len(compare([issued()], GRID, OTHER_GRID, NOW)) == 1


def test_why_a_grid_gives_no_premium_is_said():
    (one,) = compare([other(2, rating="5")], GRID, OTHER_GRID, NOW)
    assert (one.first.refusal, one.difference_cents) == ("committee-derogation-needed", None)
    priced = Comparison(one.dossier_id, 2, 1, Outcome(1), one.second)
    assert priced.difference_cents is None


async def test_the_command_reads_the_journal_and_a_file(tmp_path):
    desk = await Desk.opened(tmp_path)
    await desk.drafted()
    body = {"grid": OTHER_GRID.model_dump(mode="json"), "reason": "Revue"}
    await desk.done("POST", "/grids/proposals", body)
    file = tmp_path / "same.json"
    file.write_text(GRID.model_dump_json())
    (one,) = await command.simulate(desk.documents, "demonstration-1", "demonstration-2", NOW)
    (same,) = await command.simulate(desk.documents, "demonstration-1", str(file), NOW)
    assert (one.dossier_id, same.difference_cents) == (DOSSIER, 0)
    shown = command.report([one, *compare([other(2, rating="5")], GRID, OTHER_GRID, NOW)])
    assert "committee-derogation-needed" in shown
    assert "2 dossiers ouverts, 1 tarifés par les deux grilles" in shown


async def test_an_unknown_grid_is_named(tmp_path):
    with pytest.raises(NotFound) as refused:
        await command.simulate(Desk(tmp_path).documents, "demonstration-1", "grille-9", NOW)
    assert "grille-9" in refused.value.detail


# -- which grid a name means -------------------------------------------------------------------------------------


def version_2(minimum_cents: int) -> Grid:
    return with_grid(version="demonstration-2", effective_on="2024-06-03", minimum_cents=minimum_cents)


async def propose(desk: Desk, grid: Grid) -> dict[str, str]:
    return await desk.done("POST", "/grids/proposals", {"grid": grid.model_dump(mode="json"), "reason": "Revue"})


async def test_a_version_means_the_adopted_grid_whatever_else_was_proposed_under_it(tmp_path):
    desk = Desk(tmp_path)
    proposals = [await propose(desk, version_2(cents)) for cents in (1, 2, 3, 4, 5, 6, 7, 8)]
    for row, cents in zip(proposals, range(1, 9), strict=True):
        if cents == 4:
            approval = f"/grids/proposals/{row['proposal_id']}/approval"
            await desk.done("POST", approval, {"hash": row["hash"]}, who=SECOND_OFFICER)
    tariff = await desk.offers.tariffs.tariff()
    assert command.grid_named("demonstration-2", tariff).minimum_cents == 4


async def test_a_version_proposed_with_several_contents_is_refused_naming_the_proposals(tmp_path):
    desk = Desk(tmp_path)
    proposals = [await propose(desk, version_2(cents)) for cents in (1, 2)]
    tariff = await desk.offers.tariffs.tariff()
    with pytest.raises(GridVersionAmbiguous) as refused:
        command.grid_named("demonstration-2", tariff)
    assert refused.value.type == "grid-version-ambiguous"
    for row, cents in zip(proposals, (1, 2), strict=True):
        assert row["proposal_id"] in refused.value.detail
        assert command.grid_named(row["proposal_id"], tariff).minimum_cents == cents


async def test_the_same_grid_proposed_twice_is_not_ambiguous(tmp_path):
    desk = Desk(tmp_path)
    for _ in range(2):
        await propose(desk, version_2(1))
    assert command.grid_named("demonstration-2", await desk.offers.tariffs.tariff()) == version_2(1)


def test_the_packaged_grid_is_known_before_the_journal_knows_any():
    assert command.grid_named("demonstration-1", Tariff()) == load_grid(grid_bytes())
