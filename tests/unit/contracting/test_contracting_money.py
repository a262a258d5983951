"""Where the money of a payment is at any moment: counted, gone back, or on its way back, and never in two places."""

from datetime import timedelta

import pytest

from services.contracting.domain.duplicates import ENTRY_DELAY
from shared.contracts.intake import DossierWithdrawn
from tests.unit.contracting.office import Office, problem
from tests.unit.contracting.papers import REFERENCE, Line
from tests.unit.contracting.samples import DOSSIER, NOW, PREMIUM_CENTS, TODAY
from tests.unit.contracting.test_contracting_queues import act, names, office_with, pay

HALF = PREMIUM_CENTS - PREMIUM_CENTS // 2
MADE = {"returned_on": TODAY.isoformat(), "bank_reference": "V1"}
WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


async def enter(office: Office, cents: int, name: str = "h1", days_ago: int = 0, reference: str = REFERENCE) -> dict:
    day = (TODAY - timedelta(days=days_ago)).isoformat()
    body = {"payment_id": name, "reference": reference, "amount_cents": cents, "received_on": day}
    assert (await office.call("POST", "/payments", body)).json()["queue"] == "to_confirm"
    return await office.confirm(name)


async def give_back(office: Office, payment: dict, reference: str = "V1") -> None:
    assert (await act(office, payment, "return", {"reason": "Restitution"})).is_success
    assert (await act(office, payment, "returned", MADE | {"bank_reference": reference})).is_success


async def counted(office: Office) -> tuple[int, bool]:
    state = await office.engagement()
    return state.paid_cents, state.paid is not None


# -- entered by hand and told by the bank ------------------------------------------------------------------------------


async def test_a_half_entered_by_hand_and_told_by_the_bank_is_one_half():
    office = await office_with()
    await enter(office, HALF)
    (told,) = await pay(office, Line(cents=HALF))
    assert (told["queue"], told["duplicate_of"], await counted(office)) == ("duplicate", "h1", (HALF, False))


async def test_a_half_told_by_the_bank_and_then_entered_by_hand_is_one_half():
    office = await office_with()
    (told,) = await pay(office, Line(cents=HALF))
    entered = await enter(office, HALF)
    assert (entered["queue"], entered["duplicate_of"]) == ("duplicate", told["payment_id"])
    assert await counted(office) == (HALF, False)


async def test_a_second_half_is_counted_once_a_person_says_so():
    office = await office_with()
    await enter(office, HALF)
    (told,) = await pay(office, Line(cents=HALF))
    await act(office, told, "match", {"dossier_id": DOSSIER})
    assert await counted(office) == (2 * HALF, True)


async def test_an_unknown_payment_that_a_person_matches_is_held_when_it_was_entered_by_hand_already():
    office = await office_with()
    await enter(office, HALF)
    (told,) = await pay(office, Line(cents=HALF, reference="", payer="Inconnu"))
    first = (await act(office, told, "match", {"dossier_id": DOSSIER})).json()
    assert (first["queue"], await counted(office)) == ("duplicate", (HALF, False))
    await act(office, told, "match", {"dossier_id": DOSSIER})
    assert await counted(office) == (2 * HALF, True)


@pytest.mark.parametrize(("days", "cents"), [(ENTRY_DELAY.days + 1, HALF), (0, HALF - 1)], ids=["long ago", "other"])
async def test_what_was_entered_long_before_or_with_another_amount_is_other_money(days, cents):
    office = await office_with()
    await enter(office, cents, days_ago=days)
    await pay(office, Line(cents=HALF))
    assert (await office.engagement()).paid_cents == HALF + cents


async def test_what_was_entered_by_hand_and_returned_is_not_counted_again_when_the_bank_tells_it():
    office = await office_with()
    await office.happen([WITHDRAWN])
    await give_back(office, await enter(office, HALF))
    (told,) = await pay(office, Line(cents=HALF))
    assert (told["queue"], await counted(office)) == ("duplicate", (0, False))


# -- debits ------------------------------------------------------------------------------------------------------------


async def paid_twice() -> tuple[Office, dict, dict]:
    office = await office_with()
    (genuine,) = await pay(office, Line())
    (again,) = await pay(office, Line(entry_id="B2"), number="2024-112")
    assert again["queue"] == "duplicate"
    return office, genuine, again


async def test_the_debit_of_a_returned_duplicate_leaves_the_premium_paid():
    office, _, again = await paid_twice()
    await give_back(office, again)
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT"), number="2024-113")
    assert (debit["status"], await counted(office)) == ("applied", (PREMIUM_CENTS, True))


async def test_a_return_is_shown_by_one_debit_and_the_next_is_for_a_person():
    office, genuine, again = await paid_twice()
    await give_back(office, again)
    await pay(office, Line(entry_id="D1", sign="DBIT"), number="2024-113")
    (other,) = await pay(office, Line(entry_id="D2", sign="DBIT"), number="2024-114")
    assert (other["queue"], await counted(office)) == ("unknown", (PREMIUM_CENTS, True))
    assert problem(await act(office, other, "debit", {"credit_id": again["payment_id"]})) == "payment-closed"
    await act(office, other, "debit", {"credit_id": genuine["payment_id"]})
    assert await counted(office) == (0, False)


async def test_a_debit_that_the_bank_does_not_call_a_reversal_takes_no_premium_by_its_reference():
    office = await office_with()
    await pay(office, Line())
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT"), number="2024-112")
    assert (debit["queue"], await counted(office)) == ("unknown", (PREMIUM_CENTS, True))


async def test_a_reversal_that_fits_two_payments_is_for_a_person():
    office, _, _ = await paid_twice()
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT", reversal=True), number="2024-113")
    assert (debit["queue"], await counted(office)) == ("unknown", (PREMIUM_CENTS, True))


@pytest.mark.parametrize("sight", [{}, {"reference": "", "payer": "Inconnu"}], ids=["held", "unknown"])
async def test_a_reversal_of_what_may_have_been_entered_by_hand_is_for_a_person(sight):
    office = await office_with()
    await enter(office, PREMIUM_CENTS)
    await pay(office, Line(end_to_end="E1", **sight))
    line = Line(entry_id="D1", sign="DBIT", reference="", end_to_end="E1", reversal=True)
    (debit,) = await pay(office, line, number="2024-112")
    assert debit["queue"] == "unknown"
    await act(office, debit, "debit", {"credit_id": "h1"})
    assert await counted(office) == (0, False)


# -- filed, returned in part, and what may still happen ----------------------------------------------------------------


async def filed(*lines: Line) -> tuple[Office, dict]:
    office = await office_with()
    (payment,) = await pay(office, *lines)
    assert (await act(office, payment, "dismissal", {"reason": "Contrôlé"})).json()["status"] == "dismissed"
    return office, payment


async def test_a_filed_payment_that_its_bank_takes_back_is_counted_no_more():
    office, _ = await filed(Line())
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT", reversal=True), number="2024-112")
    assert (debit["status"], await counted(office)) == ("applied", (0, False))


async def test_a_filed_payment_takes_the_debit_that_a_person_names():
    office, payment = await filed(Line())
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT", reference=""), number="2024-112")
    assert (await act(office, debit, "debit", {"credit_id": payment["payment_id"]})).is_success
    assert await counted(office) == (0, False)


async def test_a_filed_payment_is_returned_when_its_dossier_ends():
    office, payment = await filed(Line())
    await office.happen([WITHDRAWN])
    assert (await act(office, payment, "return", {"reason": "Retrait"})).json()["queue"] == "to_return"
    assert (await act(office, payment, "returned", MADE)).json()["status"] == "returned"
    assert (await office.engagement()).to_return_cents == 0


async def overpaid_and_excess_returned() -> tuple[Office, dict]:
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await give_back(office, payment)
    assert await counted(office) == (PREMIUM_CENTS, True)
    return office, payment


async def test_what_is_left_after_the_excess_went_back_is_returned_when_the_dossier_ends():
    office, payment = await overpaid_and_excess_returned()
    await office.happen([WITHDRAWN])
    decided = await act(office, payment, "return", {"reason": "Retrait"})
    assert decided.json()["to_return_cents"] == PREMIUM_CENTS
    await act(office, payment, "returned", MADE | {"bank_reference": "V2"})
    assert await counted(office) == (0, False)
    assert problem(await act(office, payment, "return", {"reason": "Encore"})) == "payment-closed"


@pytest.mark.parametrize("cents", [PREMIUM_CENTS, PREMIUM_CENTS + 500], ids=["the rest", "the whole"])
async def test_a_bank_that_takes_back_a_payment_returned_in_part_takes_no_more_than_is_left(cents):
    office, payment = await overpaid_and_excess_returned()
    (debit,) = await pay(office, Line(cents=cents, entry_id="D1", sign="DBIT", reference=""), number="2024-112")
    await act(office, debit, "debit", {"credit_id": payment["payment_id"]})
    assert await counted(office) == (0, False)


async def test_a_return_that_was_decided_does_not_keep_the_bank_from_taking_the_whole():
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await act(office, payment, "return", {"reason": "Trop-perçu"})
    line = Line(cents=PREMIUM_CENTS + 500, entry_id="D1", sign="DBIT", reversal=True)
    (debit,) = await pay(office, line, number="2024-112")
    assert (debit["status"], await names(office, "to_return")) == ("applied", [])
    assert await counted(office) == (0, False)


async def test_a_return_that_was_interrupted_is_deducted_once_whatever_completes_it(monkeypatch):
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await act(office, payment, "return", {"reason": "Trop-perçu"})
    append = office.received.append

    async def fail(*_):
        raise ConnectionAbortedError

    monkeypatch.setattr(office.received, "append", fail)
    with pytest.raises(ConnectionAbortedError):
        await act(office, payment, "returned", MADE)
    monkeypatch.setattr(office.received, "append", append)
    await act(office, payment, "returned", MADE | {"bank_reference": "V2"})
    assert await counted(office) == (PREMIUM_CENTS, True)
    (debit,) = await pay(office, Line(cents=500, entry_id="D1", sign="DBIT"), number="2024-112")
    assert (debit["status"], await counted(office)) == ("applied", (PREMIUM_CENTS, True))


async def test_the_bank_takes_the_whole_of_a_payment_whose_return_was_interrupted(monkeypatch):
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await act(office, payment, "return", {"reason": "Trop-perçu"})
    append = office.received.append

    async def fail(*_):
        raise ConnectionAbortedError

    monkeypatch.setattr(office.received, "append", fail)
    with pytest.raises(ConnectionAbortedError):
        await act(office, payment, "returned", MADE)
    monkeypatch.setattr(office.received, "append", append)
    line = Line(cents=PREMIUM_CENTS + 500, entry_id="D1", sign="DBIT", reversal=True)
    await pay(office, line, number="2024-112")
    assert await counted(office) == (0, False)
