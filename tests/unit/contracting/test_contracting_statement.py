"""One statement: what is checked of it, under which names it and its entries are kept."""

from datetime import date, timedelta

import pytest

from services.contracting.domain import statement as domain
from services.contracting.domain.facts import Direction
from services.contracting.domain.reference import chosen, ours, payment_reference
from services.contracting.domain.refusals import (
    DateInFuture,
    EntryRepeated,
    StatementConflict,
    StatementUnbalanced,
)
from services.contracting.domain.statement import BankStatement, Import, StatementEntry, StatementImported
from shared.money import MAX_CENTS, AmountOutOfRange
from tests.unit.contracting.samples import DOSSIER, NOW, OTHER, TODAY, opinion

IBAN = "FR7630001007941234567890185"
REFERENCE, OTHER_REFERENCE = payment_reference(12, DOSSIER), payment_reference(13, OTHER)


def entry(cents: int = 5, entry_id: str = "E1", on: date = TODAY, sign: Direction = Direction.CREDIT) -> StatementEntry:
    return StatementEntry(entry_id=entry_id, booked_on=on, amount_cents=cents, direction=sign)


def statement(*entries: StatementEntry, number: str = "S1", opening: int = 100, closing: int = 100) -> BankStatement:
    return BankStatement(
        account=IBAN, statement_id=number, opening_cents=opening, closing_cents=closing, entries=entries
    )


def test_a_statement_closes_on_its_opening_and_its_entries():
    sound = statement(entry(5), entry(7, "E2", sign=Direction.DEBIT), closing=98)
    domain.check([sound], NOW)
    domain.check([sound.model_copy(update={"opening_cents": None, "closing_cents": None})], NOW)
    domain.check([statement()], NOW)
    for closing in (97, 99):
        wrong = sound.model_copy(update={"closing_cents": closing})
        with pytest.raises(StatementUnbalanced) as refused:
            domain.check([statement(), wrong], NOW)
        assert refused.value.facts == {"closing_cents": closing, "expected_cents": 98}
        assert refused.value.status == 422


def test_a_statement_has_both_balances_or_none():
    sound = statement()
    assert sound.has_balances
    for missing in ("opening_cents", "closing_cents"):
        half = sound.model_copy(update={missing: None})
        assert not half.has_balances
        with pytest.raises(AssertionError):
            domain.check([half], NOW)


def test_an_entry_has_an_amount_and_a_day_that_has_come():
    for cents in (1, MAX_CENTS):
        domain.check([statement(entry(cents), closing=100 + cents)], NOW)
    for cents in (0, MAX_CENTS + 1):
        with pytest.raises(AmountOutOfRange) as refused:
            domain.check([statement(entry(cents), closing=100 + cents)], NOW)
        assert refused.value.pointer == "/S1/entries/0/amount"
    domain.check([statement(entry(on=TODAY - timedelta(days=1)), closing=105)], NOW)
    with pytest.raises(DateInFuture):
        domain.check([statement(entry(on=TODAY + timedelta(days=1)), closing=105)], NOW)


def test_an_entry_figures_once_in_a_file():
    with pytest.raises(EntryRepeated):
        domain.check([statement(entry(), entry(), closing=110)], NOW)
    with pytest.raises(EntryRepeated):
        domain.check([statement(entry(), closing=105), statement(entry(), number="S2", closing=105)], NOW)


def test_a_statement_and_its_entries_are_named_by_their_account_and_the_banks_numbers():
    one = statement(entry())
    # What journals hold under these names is looked for under them for ever.
    assert domain.key_of(one) == domain.key_of(statement(opening=7)) == "50357b619d6d05a9988219ade4ae98a2"
    others = one.model_copy(update={"account": "FR76"}), statement(number="S2")
    assert len({domain.key_of(each) for each in (one, *others)}) == 3
    paid = domain.payment_of(one, entry(sign=Direction.DEBIT), NOW)
    assert paid.payment_id == domain.payment_of(statement(number="S2"), entry(9), NOW).payment_id
    assert paid.payment_id == "bank-a7042063d5eda8a4b65ee5e06af207f0"
    assert (paid.amount_cents, paid.direction, paid.received_on, paid.recorded_at) == (5, Direction.DEBIT, TODAY, NOW)
    assert (paid.bank_reference, paid.reversal) == ("E1", False)


def test_a_statement_is_kept_once_finished_once_and_never_as_another():
    one = StatementImported(statement=statement(entry(), closing=105), imported_by="user:a", imported_at=NOW)
    assert domain.take_in(Import(), one) == [one]
    kept = Import().fold(one)
    assert (kept.imported, kept.processed) == (one, False)
    assert domain.take_in(kept, one.model_copy(update={"imported_by": "user:b"})) == []
    with pytest.raises(StatementConflict):
        domain.is_new(kept, statement())
    (processed,) = domain.finish(kept, NOW)
    done = kept.fold(processed)
    assert done.processed
    assert domain.finish(done, NOW) == []
    assert done.fold(opinion()) == done
    with pytest.raises(AssertionError):
        domain.finish(Import(), NOW)


def test_what_was_read_and_folded_cannot_be_changed():
    for fixed, field in ((Import(), "processed"), (domain.StatementFile(()), "ignored")):
        with pytest.raises(AttributeError):
            setattr(fixed, field, None)


def test_the_one_reference_of_ours_is_chosen_before_anything_else():
    spaced = " ".join(REFERENCE).lower()
    assert ours([f"prime {spaced}", "", OTHER_REFERENCE]) == {REFERENCE, OTHER_REFERENCE}
    assert chosen([f"prime {spaced}", REFERENCE], "fact. 12") == REFERENCE
    assert chosen([REFERENCE, OTHER_REFERENCE], REFERENCE) == ""
    assert chosen(["fact. 12"], "rf 18 5390") == "RF185390"
    assert chosen([], "") == ""
    miscounted = REFERENCE[:2] + f"{(int(REFERENCE[2:4]) + 1) % 100:02}" + REFERENCE[4:]
    assert ours([miscounted]) == set()
