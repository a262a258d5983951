"""Two grids over the open dossiers, before one is put in force."""

import pytest

from services.pricing import simulate as command
from services.pricing.domain.offer import Offer
from services.pricing.domain.simulation import Comparison, Outcome, compare
from shared.errors import NotFound
from tests.facts import DOSSIER, profile, submitted
from tests.unit.pricing.desk import Desk
from tests.unit.pricing.samples import GRID, NOW, OTHER_GRID, acceptance, drafted, expired, issued, play, withdrawn


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
