"""A payment entered by hand counts once a second accountant found it."""

import pytest

from shared.auth import Role
from tests.unit.contracting.office import ACTOR, SECOND, Office, problem
from tests.unit.contracting.papers import REFERENCE, Line
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY
from tests.unit.contracting.test_contracting_queues import act, office_with, pay

H1 = {"payment_id": "h1"}


async def enter(office: Office, cents: int = PREMIUM_CENTS, reference: str = REFERENCE, person: int = 1):
    body = {**H1, "reference": reference, "amount_cents": cents, "received_on": TODAY.isoformat()}
    return await office.call("POST", "/payments", body, person=person)


async def test_the_premium_is_unpaid_until_the_second_person_confirms():
    office = await office_with()
    entry = (await enter(office)).json()
    assert (entry["queue"], entry["entered_by"], entry["dossier_id"]) == ("to_confirm", ACTOR.actor, None)
    assert [row["payment_id"] for row in await office.queue("to_confirm")] == ["h1"]
    assert (await office.engagement()).paid_cents == 0
    assert problem(await act(office, H1, "confirmation", {})) == "two-people-needed"
    assert (await office.engagement()).paid_cents == 0
    done = await office.confirm("h1")
    assert (done["status"], done["queue"], done["confirmed_by"]) == ("booked", "exact", SECOND.actor)
    assert await office.queue("to_confirm") == []
    assert (await office.engagement()).paid is not None
    assert await office.confirm("h1") == done


async def test_the_second_person_does_not_confirm_by_entering_it_again():
    office = await office_with()
    await enter(office)
    assert (await enter(office, person=2)).json()["queue"] == "to_confirm"
    assert problem(await act(office, H1, "confirmation", {})) == "two-people-needed"
    assert (await office.engagement()).paid_cents == 0


async def test_what_is_not_confirmed_is_neither_matched_nor_returned_nor_undone():
    office = await office_with()
    await enter(office)
    (debit,) = await pay(office, Line(entry_id="D1", sign="DBIT", reversal=True))
    assert debit["queue"] == "unknown"
    for action, body in (
        ("match", {"dossier_id": DOSSIER}),
        ("return", {"reason": "Erreur"}),
    ):
        assert problem(await act(office, H1, action, body)) == "payment-not-confirmed"
    assert problem(await act(office, debit, "debit", {"credit_id": "h1"})) == "payment-not-confirmed"
    assert [row["payment_id"] for row in await office.queue("to_confirm")] == ["h1"]


async def test_the_bank_told_it_before_the_confirmation_so_it_is_a_duplicate():
    office = await office_with()
    await enter(office)
    (told,) = await pay(office, Line())
    done = await office.confirm("h1")
    assert (done["queue"], done["duplicate_of"]) == ("duplicate", told["payment_id"])
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_the_bank_tells_it_after_the_confirmation_so_the_banks_word_is_a_duplicate():
    office = await office_with()
    await enter(office)
    await office.confirm("h1")
    (told,) = await pay(office, Line())
    assert (told["queue"], told["duplicate_of"]) == ("duplicate", "h1")
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_a_reference_nobody_has_is_told_at_once_and_looked_for_once_confirmed():
    office = await office_with()
    assert problem(await enter(office, reference="RF00")) == "unknown-payment-reference"
    assert [row["payment_id"] for row in await office.queue("to_confirm")] == ["h1"]
    assert (await office.confirm("h1"))["queue"] == "unknown"


async def test_a_confirmation_that_was_interrupted_is_completed_by_repeating_it(monkeypatch):
    office = await office_with()
    await enter(office)

    async def fail(*_):
        raise ConnectionAbortedError

    with monkeypatch.context() as patch:
        patch.setattr(office.engagements, "load", fail)
        with pytest.raises(ConnectionAbortedError):
            await office.call("POST", "/payments/h1/confirmation", person=2)
    assert (await office.engagement()).paid_cents == 0
    assert (await office.confirm("h1"))["status"] == "booked"


async def test_nobody_confirms_what_was_not_entered():
    office = await office_with()
    (told,) = await pay(office, Line())
    assert problem(await act(office, told, "confirmation", {})) == "nothing-to-confirm"
    assert problem(await act(office, {"payment_id": "none"}, "confirmation", {})) == "not-found"


async def test_the_auditor_sees_what_waits_and_confirms_nothing():
    office = await office_with()
    await enter(office)
    assert (await office.call("GET", "/payments/queues/to_confirm", role=Role.AUDITOR)).json()
    assert (await office.call("POST", "/payments/h1/confirmation", role=Role.AUDITOR)).status_code == 403
