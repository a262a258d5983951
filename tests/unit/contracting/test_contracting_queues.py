"""What the accountant finds in each queue, and what can be done about it."""

import pytest

from services.contracting.domain.facts import Basis
from shared.auth import Role
from tests.unit.contracting.cases import Case, lapsed, sent
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.papers import Line, camt
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY


def unknown(entry_id: str = "B2024-1") -> Line:
    return Line(entry_id=entry_id, reference="", payer="Inconnu")


async def office_with(case: Case | None = None) -> Office:
    office = Office()
    await office.know(case or sent())
    return office


async def pay(office: Office, *lines: Line, number: str = "2024-111") -> list[dict]:
    answer = await office.send(camt(*lines, number=number, opening=await office.opening()))
    assert answer.status_code == 201, answer.text
    return answer.json()["payments"]


async def act(office: Office, payment: dict, name: str, body: dict):
    return await office.call("POST", f"/payments/{payment['payment_id']}/{name}", body)


async def names(office: Office, queue: str) -> list[str]:
    return [row["bank_reference"] for row in await office.queue(queue)]


async def test_an_exact_payment_is_counted_and_can_be_filed():
    office = await office_with()
    (payment,) = await pay(office, Line())
    assert await names(office, "exact") == ["B2024-1"]
    filed = await act(office, payment, "dismissal", {"reason": "Contrôlé"})
    assert (filed.json()["status"], await names(office, "exact")) == ("dismissed", [])
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_a_partial_payment_waits_in_its_queue_until_the_rest_comes():
    office = await office_with()
    await pay(office, Line(cents=100))
    assert await names(office, "partial") == ["B2024-1"]
    assert (await office.engagement()).paid is None
    await pay(office, Line(cents=PREMIUM_CENTS - 100, entry_id="B2"), number="2024-112")
    assert (await names(office, "partial"), await names(office, "exact")) == ([], ["B2"])
    assert (await office.engagement()).paid is not None


async def test_too_much_is_counted_shown_decided_and_returned():
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    assert await names(office, "over") == ["B2024-1"]
    decided = await act(office, payment, "return", {"reason": "Trop-perçu"})
    assert decided.json()["to_return_cents"] == 500
    assert (await names(office, "over"), await names(office, "to_return")) == ([], ["B2024-1"])
    made = await act(office, payment, "returned", {"returned_on": TODAY.isoformat(), "bank_reference": "V1"})
    assert (made.json()["status"], await names(office, "to_return")) == ("returned", [])
    state = await office.engagement()
    assert (state.paid_cents, state.to_return_cents) == (PREMIUM_CENTS, 0)
    assert state.paid is not None
    assert (await act(office, payment, "returned", {"returned_on": "2024-06-03", "bank_reference": "V1"})).is_success


async def test_no_more_than_the_excess_goes_back_however_many_payments_made_it():
    office = await office_with()
    payments = await pay(office, Line(cents=PREMIUM_CENTS), Line(cents=500, entry_id="B2"))
    assert (await act(office, payments[1], "return", {"reason": "Trop-perçu"})).json()["to_return_cents"] == 500
    assert problem(await act(office, payments[0], "return", {"reason": "Encore"})) == "nothing-to-return"


async def test_a_due_payment_is_not_returned():
    office = await office_with()
    (payment,) = await pay(office, Line())
    assert problem(await act(office, payment, "return", {"reason": "Demande"})) == "nothing-to-return"


async def test_a_payment_without_reference_is_matched_by_its_amount_and_payer():
    office = await office_with()
    (payment,) = await pay(office, Line(reference="", payer="BAILLEUR D’ESSAI"))
    assert (payment["dossier_id"], payment["basis"], payment["queue"]) == (DOSSIER, "amount_and_payer", "exact")


@pytest.mark.parametrize("line", [unknown(), Line(reference="", cents=5), Line(reference="", payer="")])
async def test_another_payer_or_amount_is_unknown_until_a_person_matches_it(line):
    office = await office_with()
    (payment,) = await pay(office, line)
    assert (payment["queue"], payment["dossier_id"]) == ("unknown", None)
    answer = await act(office, payment, "match", {"dossier_id": DOSSIER})
    assert (answer.json()["basis"], await names(office, "unknown")) == ("person", [])
    assert (await office.engagement()).paid_cents == line.cents


async def test_an_amount_that_two_dossiers_of_the_payer_await_is_left_to_a_person():
    office = await office_with()
    await office.know(sent(), "d2")
    (payment,) = await pay(office, Line(reference=""))
    assert payment["queue"] == "unknown"


async def test_a_person_is_told_what_cannot_be_matched():
    office = await office_with()
    (payment,) = await pay(office, unknown())
    assert problem(await act(office, payment, "match", {"dossier_id": "nowhere"})) == "not-found"
    assert problem(await act(office, {"payment_id": "none"}, "match", {"dossier_id": DOSSIER})) == "not-found"
    await office.know(Case(*sent().events[:1]), "d3")
    assert problem(await act(office, payment, "match", {"dossier_id": "d3"})) == "premium-not-called"
    assert (await office.queue("unknown"))[0]["payment_id"] == payment["payment_id"]


async def test_a_payment_told_twice_by_its_payer_is_held_then_returned():
    office = await office_with()
    await pay(office, Line())
    (again,) = await pay(office, Line(entry_id="B2"), number="2024-112")
    assert (again["queue"], again["dossier_id"]) == ("duplicate", DOSSIER)
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS
    await act(office, again, "return", {"reason": "Virement émis deux fois"})
    assert (await names(office, "duplicate"), await names(office, "to_return")) == ([], ["B2"])
    await act(office, again, "returned", {"returned_on": TODAY.isoformat(), "bank_reference": "V2"})
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_a_held_payment_may_be_counted_all_the_same():
    office = await office_with()
    await pay(office, Line())
    (again,) = await pay(office, Line(entry_id="B2"), number="2024-112")
    await act(office, again, "match", {"dossier_id": DOSSIER})
    assert await names(office, "over") == ["B2"]
    assert (await office.engagement()).to_return_cents == PREMIUM_CENTS


async def test_a_person_marks_a_duplicate_that_no_rule_saw():
    office = await office_with()
    (first,) = await pay(office, Line())
    (other,) = await pay(office, unknown("B2"), number="2024-112")
    answer = await act(office, other, "duplicate", {"duplicate_of": first["payment_id"]})
    assert (answer.json()["queue"], answer.json()["duplicate_of"]) == ("duplicate", first["payment_id"])
    for wrong in (other["payment_id"], "none"):
        assert problem(await act(office, other, "duplicate", {"duplicate_of": wrong})) == "not-found"
    assert problem(await act(office, first, "duplicate", {"duplicate_of": other["payment_id"]})) == "payment-counted"


async def test_money_that_comes_after_the_lapse_is_kept_and_to_return():
    office = await office_with(lapsed())
    (payment,) = await pay(office, Line())
    assert (payment["status"], await names(office, "to_return")) == ("booked", ["B2024-1"])
    state = await office.engagement()
    assert (state.paid, state.to_return_cents) == (None, PREMIUM_CENTS)
    (row,) = (await office.call("GET", "/payments/overpaid")).json()
    assert (row["ended"], row["to_return_cents"]) == ("lapsed", PREMIUM_CENTS)
    assert [one["payment_id"] for one in row["payments"]] == [payment["payment_id"]]
    await act(office, payment, "return", {"reason": "Dossier caduc"})
    await act(office, payment, "returned", {"returned_on": TODAY.isoformat(), "bank_reference": "V1"})
    assert (await office.engagement()).to_return_cents == 0


async def test_the_payments_that_hold_too_much_are_named_with_their_amounts_and_dates():
    office = await office_with()
    (first,) = await pay(office, Line(cents=PREMIUM_CENTS - 100, day="2024-05-31"))
    (second,) = await pay(office, Line(cents=600, entry_id="B2", day="2024-06-01"), number="2024-112")
    shown = (first["payment_id"], second["payment_id"])

    async def held() -> list[tuple]:
        (row,) = (await office.call("GET", "/payments/overpaid")).json()
        assert row["to_return_cents"] == sum(one["amount_cents"] for one in row["payments"]) - PREMIUM_CENTS
        fields = ("payment_id", "amount_cents", "left_cents", "to_return_cents", "received_on")
        return [tuple(one[name] for name in fields) for one in row["payments"]]

    whole = (shown[0], PREMIUM_CENTS - 100, PREMIUM_CENTS - 100, 0, "2024-05-31")
    assert await held() == [whole, (shown[1], 600, 600, 0, "2024-06-01")]
    await act(office, second, "return", {"reason": "Trop-perçu"})
    assert await held() == [whole, (shown[1], 600, 600, 500, "2024-06-01")]
    await act(office, second, "returned", {"returned_on": TODAY.isoformat(), "bank_reference": "V1"})
    assert (await office.call("GET", "/payments/overpaid")).json() == []


# -- debits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credit", "debit"),
    [
        (Line(end_to_end="E1"), Line(sign="DBIT", entry_id="D1", reference="", end_to_end="E1")),
        (Line(), Line(sign="DBIT", entry_id="D1", reversal=True)),
        (Line(), Line(sign="DBIT", entry_id="D1", return_reason="AC04")),
    ],
    ids=["end-to-end id", "reference and reversal", "reference and return reason"],
)
async def test_a_debit_that_takes_a_payment_back_undoes_it(credit, debit):
    office = await office_with()
    await pay(office, credit)
    (taken,) = await pay(office, debit, number="2024-112")
    assert taken["status"] == "applied"
    state = await office.engagement()
    assert (state.paid_cents, state.outstanding_cents, state.paid) == (0, PREMIUM_CENTS, None)
    assert await names(office, "exact") == []
    await pay(office, Line(entry_id="B3", end_to_end="E3"), number="2024-113")
    assert (await office.engagement()).paid is not None


async def test_the_debit_of_a_decided_return_closes_it():
    office = await office_with()
    (payment,) = await pay(office, Line(cents=PREMIUM_CENTS + 500))
    await act(office, payment, "return", {"reason": "Trop-perçu"})
    await pay(office, Line(sign="DBIT", entry_id="D1", cents=500), number="2024-112")
    state = await office.engagement()
    assert (state.to_return_cents, state.paid_cents) == (0, PREMIUM_CENTS)
    assert await names(office, "to_return") == []


async def test_a_debit_that_fits_no_credit_or_several_is_left_to_a_person():
    office = await office_with()
    halves = [Line(cents=50, entry_id=f"H{number}") for number in range(2)]
    entered = await pay(office, *halves)
    (debit,) = await pay(office, Line(sign="DBIT", entry_id="D1", cents=50), number="2024-112")
    (fee,) = await pay(office, Line(sign="DBIT", entry_id="D2", cents=7, reference=""), number="2024-113")
    assert await names(office, "unknown") == ["D1", "D2"]
    assert (await office.call("GET", "/payments/unmatched")).json() == []
    assert problem(await act(office, fee, "debit", {"credit_id": entered[0]["payment_id"]})) == "debit-mismatch"
    assert problem(await act(office, fee, "match", {"dossier_id": DOSSIER})) == "payment-wrong-direction"
    body = {"credit_id": entered[1]["payment_id"]}
    assert (await act(office, debit, "debit", body)).json()["status"] == "applied"
    assert (await act(office, debit, "debit", body)).json()["status"] == "applied"
    await act(office, fee, "dismissal", {"reason": "Frais bancaires"})
    assert (await office.engagement()).paid_cents == 50
    assert await names(office, "unknown") == []


async def test_an_interrupted_undoing_is_completed_by_repeating_it(monkeypatch):
    office = await office_with()
    (credit,) = await pay(office, Line(reference=""))
    append = office.received.append

    async def fail(key, decide, cause):
        done = await append(key, decide, cause)
        if key == credit["payment_id"]:
            raise ConnectionAbortedError
        return done

    monkeypatch.setattr(office.received, "append", fail)
    line = Line(sign="DBIT", entry_id="D1", reference="", end_to_end="E")
    document = camt(line, number="2024-112", opening=await office.opening())
    (debit,) = (await office.send(document)).json()["payments"]
    with pytest.raises(ConnectionAbortedError):
        await act(office, debit, "debit", {"credit_id": credit["payment_id"]})
    assert (await office.engagement()).paid_cents == 0
    monkeypatch.setattr(office.received, "append", append)
    assert (await act(office, debit, "debit", {"credit_id": credit["payment_id"]})).json()["status"] == "applied"
    assert (await office.engagement()).paid_cents == 0


# -- by hand ---------------------------------------------------------------------------------------------------------


async def test_a_payment_entered_by_hand_is_counted_or_kept_unmatched():
    office = await office_with()
    body = {"payment_id": "h1", "reference": "RF00", "amount_cents": 5, "received_on": TODAY.isoformat()}
    assert problem(await office.call("POST", "/payments", body)) == "unknown-payment-reference"
    assert (await office.call("GET", "/payments/unmatched")).json() == []
    assert (await office.confirm("h1"))["queue"] == "unknown"
    assert [row["payment_id"] for row in (await office.call("GET", "/payments/unmatched")).json()] == ["h1"]
    await act(office, {"payment_id": "h1"}, "match", {"dossier_id": DOSSIER})
    assert (await office.call("POST", "/payments", body)).json()["status"] == "booked"


async def test_a_counting_that_was_interrupted_is_finished_by_the_timer():
    office = await office_with()
    await pay(office, unknown())
    (row,) = await office.queue("unknown")
    await office.payments._settle(row["payment_id"], DOSSIER, Basis.PERSON, ACTOR)
    assert (await office.engagement()).paid_cents == 0
    await office.payments.finish_interrupted()
    await office.payments.finish_interrupted()
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ACCOUNTANT])
async def test_only_the_accountant_decides(role):
    office = await office_with()
    for name in ("match", "return", "returned", "duplicate", "dismissal", "debit", "confirmation", "return-withdrawal"):
        assert (await office.call("POST", f"/payments/p1/{name}", {}, role)).status_code == 403
    expected = 200 if role is Role.AUDITOR else 403
    assert (await office.call("GET", "/payments/queues/exact", role=role)).status_code == expected
