"""The money of a dossier that ended is in the accountant's queue, whichever of the two came first."""

import pytest

from services.contracting.domain.facts import Basis
from shared.contracts.contracting import BoardRefused, EngagementLapsed
from shared.contracts.envelope import Released
from shared.contracts.intake import DossierWithdrawn
from tests.unit.contracting.office import ACTOR, Office
from tests.unit.contracting.papers import REFERENCE, Line
from tests.unit.contracting.samples import DOSSIER, NOW, PREMIUM_CENTS, TODAY
from tests.unit.contracting.test_contracting_queues import act, names, office_with, pay

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)
ENDS = {
    "withdrawn": WITHDRAWN,
    "lapsed": EngagementLapsed(dossier_id=DOSSIER, reason="Sans retour", lapsed_at=NOW),
    "board_refused": BoardRefused(dossier_id=DOSSIER, session_id="s", session_date=TODAY, refused_at=NOW),
    "released": Released(campaign_id="c", dossier_id=DOSSIER, amount_cents=1, reason="Autre", released_at=NOW),
}
HALF = PREMIUM_CENTS // 2
MADE = {"returned_on": TODAY.isoformat(), "bank_reference": "V1"}


async def passing(office: Office) -> None:
    await office.payments.finish_interrupted()
    await office.refunds.finish_interrupted()
    await office.refunds.note_ends()


@pytest.mark.parametrize("end", list(ENDS))
@pytest.mark.parametrize("order", ["payments first", "end first", "end in between"])
async def test_each_payment_of_an_ended_dossier_is_to_return_whatever_came_first(end, order):
    office = await office_with()
    lines = [Line(cents=HALF), Line(cents=PREMIUM_CENTS - HALF, entry_id="B2")]
    steps = {
        "payments first": (lines, []),
        "end first": ([], lines),
        "end in between": (lines[:1], lines[1:]),
    }
    before, after = steps[order]
    if before:
        await pay(office, *before)
    await office.happen([ENDS[end]])
    if after:
        await pay(office, *after, number="2024-112")
    await passing(office)
    await passing(office)
    rows = await office.queue("to_return")
    assert sorted((row["bank_reference"], row["ended"]) for row in rows) == [("B2", end), ("B2024-1", end)]
    for other in ("exact", "partial", "over", "unknown", "duplicate", "to_confirm"):
        assert await office.queue(other) == []


async def test_a_payment_of_an_ended_dossier_is_returned_from_its_queue():
    office = await office_with()
    (payment_,) = await pay(office, Line())
    await office.happen([WITHDRAWN])
    await passing(office)
    assert (await act(office, payment_, "return", {"reason": "Retrait"})).json()["to_return_cents"] == PREMIUM_CENTS
    assert (await act(office, payment_, "returned", MADE)).json()["queue"] is None
    await passing(office)
    assert (await names(office, "to_return"), (await office.engagement()).paid_cents) == ([], 0)


async def test_a_payment_whose_counting_the_end_crossed_is_to_return():
    office = await office_with()
    (unknown,) = await pay(office, Line(reference="", payer="Inconnu"))
    await office.payments._settle(unknown["payment_id"], DOSSIER, Basis.PERSON, ACTOR)
    await office.happen([WITHDRAWN])
    await passing(office)
    assert await names(office, "to_return") == ["B2024-1"]


async def test_what_was_filed_before_the_end_is_taken_up_and_what_is_filed_after_it_is_not():
    office = await office_with()
    (payment_,) = await pay(office, Line())
    await act(office, payment_, "dismissal", {"reason": "Contrôlé"})
    await office.happen([WITHDRAWN])
    await passing(office)
    assert await names(office, "to_return") == ["B2024-1"]
    await act(office, payment_, "dismissal", {"reason": "Réglé autrement"})
    await passing(office)
    assert await names(office, "to_return") == []
    (row,) = (await office.call("GET", "/payments/overpaid")).json()
    assert row["to_return_cents"] == PREMIUM_CENTS


async def test_what_is_left_after_the_excess_went_back_is_to_return():
    office = await office_with()
    (payment_,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await act(office, payment_, "return", {"reason": "Trop-perçu"})
    await act(office, payment_, "returned", MADE)
    await office.happen([WITHDRAWN])
    await passing(office)
    assert await names(office, "to_return") == ["B2024-1"]


async def test_a_payment_entered_by_hand_before_the_end_is_to_return_once_confirmed():
    office = await office_with()
    body = {"payment_id": "h1", "reference": REFERENCE, "amount_cents": HALF, "received_on": TODAY.isoformat()}
    await office.call("POST", "/payments", body)
    await office.happen([WITHDRAWN])
    await passing(office)
    assert await office.queue("to_return") == []
    done = await office.confirm("h1")
    assert (done["queue"], done["ended"]) == ("to_return", "withdrawn")
