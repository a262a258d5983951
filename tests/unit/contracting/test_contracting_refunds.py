"""A refund that was decided counts against the premium at once, in the dossier's own stream, whatever interrupts it."""

from contextlib import contextmanager

import pytest

from services.contracting.domain import acte, premium
from services.contracting.domain.gate import acte_gate
from shared.contracts.contracting import PremiumPaid, PremiumPaymentRecorded
from shared.events import Event
from tests.unit.contracting.cases import complete, sent
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.papers import Line
from tests.unit.contracting.samples import DOSSIER, NOW, PREMIUM_CENTS, TODAY, proof
from tests.unit.contracting.test_contracting_queues import act, names, office_with, pay

EXCESS = 500
REASON = {"reason": "Trop-perçu"}
MADE = {"returned_on": TODAY.isoformat(), "bank_reference": "V1"}


async def overpaid() -> tuple[Office, dict, dict]:
    """A premium of two payments, the second all too much."""
    office = await office_with()
    first, second = await pay(office, Line(), Line(cents=EXCESS, entry_id="B2"))
    return office, first, second


async def promised(office: Office) -> list[tuple[str, int]]:
    account = (await office.engagement()).account
    return [(one.return_id, one.amount_cents) for one in account.standing]


@contextmanager
def cut_off(monkeypatch, journal):
    """The journal is away."""

    async def fail(*_):
        raise ConnectionAbortedError

    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", fail)
        yield


def asked_for(transmitted: bool) -> list[Event]:
    """What comes after the convention was sent, the payments apart."""
    case = complete()
    case.prepare()
    if transmitted:
        case.do(acte.record_transmission, proof(), NOW)
    later = case.events[len(sent().events) :]
    return [one for one in later if not isinstance(one, PremiumPaid | PremiumPaymentRecorded)]


async def debit(office: Office, credit: dict, cents: int, entry_id: str = "D1", number: str = "2024-112") -> dict:
    """The bank takes `cents` of a payment back."""
    (taken,) = await pay(office, Line(cents=cents, entry_id=entry_id, sign="DBIT", reference=""), number=number)
    answer = await act(office, taken, "debit", {"credit_id": credit["payment_id"]})
    assert answer.is_success, answer.text
    return answer.json()


async def test_what_is_decided_is_promised_by_the_dossier_and_paid_is_net_of_it():
    office, first, second = await overpaid()
    assert (await act(office, second, "return", REASON)).json()["to_return_cents"] == EXCESS
    assert await promised(office) == [("return-1", EXCESS)]
    await debit(office, first, PREMIUM_CENTS)
    (told,) = await pay(office, Line(cents=PREMIUM_CENTS - EXCESS, entry_id="B3"), number="2024-113")
    state = await office.engagement()
    assert (told["queue"], state.paid_cents, state.outstanding_cents, state.paid) == (
        "partial",
        PREMIUM_CENTS,
        EXCESS,
        None,
    )
    assert "premium-paid" in [one.code for one in acte_gate(state, NOW)]


async def test_the_return_executes_its_promise():
    office, _, second = await overpaid()
    await act(office, second, "return", REASON)
    await act(office, second, "returned", MADE)
    state = await office.engagement()
    assert (state.account.standing, state.paid_cents, state.to_return_cents) == ((), PREMIUM_CENTS, 0)
    assert state.paid is not None


async def test_a_decided_return_is_withdrawn_with_a_reason_and_may_be_decided_again():
    office, _, second = await overpaid()
    await act(office, second, "return", REASON)
    assert problem(await act(office, second, "return-withdrawal", {"reason": " "})) == "reason-required"
    kept = await act(office, second, "return-withdrawal", {"reason": "À garder"})
    assert (kept.json()["queue"], kept.json()["to_return_cents"], await promised(office)) == ("over", 0, [])
    again = await act(office, second, "return-withdrawal", {"reason": "À garder"})
    assert again.json() == kept.json()
    assert problem(await act(office, second, "returned", MADE)) == "return-not-decided"
    await act(office, second, "return", REASON)
    assert await promised(office) == [("return-2", EXCESS)]
    await act(office, second, "returned", MADE)
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_nothing_is_withdrawn_that_was_not_decided():
    office, first, _ = await overpaid()
    assert problem(await act(office, first, "return-withdrawal", REASON)) == "return-not-decided"


async def test_the_return_of_a_payment_no_dossier_counts_promises_nothing():
    office = await office_with()
    (unknown,) = await pay(office, Line(reference="", payer="Inconnu"))
    await act(office, unknown, "return", REASON)
    assert await names(office, "to_return") == ["B2024-1"]
    withdrawn = await act(office, unknown, "return-withdrawal", REASON)
    assert (withdrawn.json()["queue"], await promised(office)) == ("unknown", [])


@pytest.mark.parametrize("transmitted", [False, True], ids=["prepared", "transmitted"])
async def test_a_refund_of_the_premium_is_refused_once_the_acte_was_asked_for(transmitted):
    office, first, second = await overpaid()
    await office.happen(asked_for(transmitted))
    before = await office.engagement()
    assert (await act(office, second, "return", REASON)).is_success
    assert problem(await act(office, first, "return", REASON)) == "acte-needs-premium"
    after = await office.engagement()
    assert (after.paid, after.account.payments) == (before.paid, before.account.payments)
    assert (await office.received.load(first["payment_id"])).state.to_return is None


# -- interrupted -------------------------------------------------------------------------------------------------------


async def test_a_promise_whose_decision_was_interrupted_is_completed_by_repeating_it(monkeypatch):
    office, _, second = await overpaid()
    with cut_off(monkeypatch, office.received), pytest.raises(ConnectionAbortedError):
        await act(office, second, "return", REASON)
    assert (await promised(office), await names(office, "to_return")) == ([("return-1", EXCESS)], [])
    await act(office, second, "return", REASON)
    assert (await promised(office), await names(office, "to_return")) == ([("return-1", EXCESS)], ["B2"])


async def test_a_promise_whose_decision_was_interrupted_is_completed_by_the_timer(monkeypatch):
    office, _, second = await overpaid()
    with cut_off(monkeypatch, office.received), pytest.raises(ConnectionAbortedError):
        await act(office, second, "return", REASON)
    await office.refunds.finish_interrupted()
    await office.refunds.finish_interrupted()
    assert (await promised(office), await names(office, "to_return")) == ([("return-1", EXCESS)], ["B2"])
    decided = (await office.received.load(second["payment_id"])).state.to_return
    assert (decided.reason, decided.decided_by) == ("Trop-perçu", "user:accountant-1")


async def test_a_promise_whose_payment_went_another_way_stands_no_more():
    office, _, second = await overpaid()
    name = second["payment_id"]
    await office.engagements.append(
        DOSSIER, lambda one: premium.promise(one, name, "return-0", "Trop-perçu", ACTOR.actor, NOW), ACTOR
    )
    assert problem(await act(office, second, "return", REASON)) == "payment-changed"
    await office.refunds.finish_interrupted()
    assert (await promised(office), await names(office, "to_return")) == ([], [])
    await act(office, second, "return", REASON)
    assert await promised(office) == [("return-1", EXCESS)]


async def test_a_promise_that_was_executed_while_the_timer_looked_stays_executed():
    office, _, second = await overpaid()
    await act(office, second, "return", REASON)
    (seen,) = (await office.engagement()).account.standing
    await act(office, second, "returned", MADE)
    await office.refunds._finish(seen)
    state = await office.engagement()
    assert (state.paid_cents, state.account.withdrawals) == (PREMIUM_CENTS, ())


async def test_an_interrupted_withdrawal_lets_no_money_leave_and_is_completed_by_repeating_it(monkeypatch):
    office, _, second = await overpaid()
    await act(office, second, "return", REASON)
    with cut_off(monkeypatch, office.received), pytest.raises(ConnectionAbortedError):
        await act(office, second, "return-withdrawal", {"reason": "À garder"})
    assert (await promised(office), await names(office, "to_return")) == ([], ["B2"])
    assert problem(await act(office, second, "returned", MADE)) == "return-not-decided"
    await act(office, second, "return-withdrawal", {"reason": "À garder"})
    assert (await names(office, "to_return"), await names(office, "over")) == ([], ["B2"])
