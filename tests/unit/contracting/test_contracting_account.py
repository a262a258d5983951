"""The collection account: which statement has its turn, and on which balance a broken chain goes on."""

import pytest

from services.contracting.domain import account as domain
from services.contracting.domain.account import Account
from services.contracting.domain.refusals import (
    OpeningBalanceOutdated,
    ReasonRequired,
    StatementConflict,
    StatementGap,
    TwoPeopleNeeded,
)
from services.contracting.domain.statement import BankStatement, key_of
from shared.contracts.values import StoredDocument
from shared.money import MAX_CENTS, AmountOutOfRange
from tests.unit.contracting.samples import NOW, opinion

IBAN = "FR7630001007941234567890185"
FILE = StoredDocument(
    document_id="f", kind="bank_statement", filename="f.xml", object_key="f", media_type="text/xml", sha256="0" * 64,
    size_bytes=1,
)  # fmt: skip
FIRST, SECOND = "user:accountant-1", "user:accountant-2"


def bank_statement(number: str, opening: int | None, closing: int | None) -> BankStatement:
    return BankStatement(account=IBAN, statement_id=number, opening_cents=opening, closing_cents=closing, entries=())


def after(*statements: BankStatement, state: Account = Account()) -> Account:
    for event in domain.follow(state, statements, FILE, FIRST, NOW):
        state = state.fold(event)
    return state


def imported(state: Account, statement: BankStatement) -> Account:
    (event,) = domain.settle(state, IBAN, key_of(statement), NOW)
    return state.fold(event)


A, B = bank_statement("A", 100, 250), bank_statement("B", 250, -5)


# -- what is decided -------------------------------------------------------------------------------------------------


def test_the_first_statement_opens_on_anything_and_each_other_where_the_one_before_closed():
    state = after(A)
    assert (state.expected_cents, state.last and state.last.statement_id) == (250, "A")
    state = after(B, state=state)
    assert (state.expected_cents, [one.statement_id for one in state.pending]) == (-5, ["A", "B"])
    followed = state.pending[0]
    assert (followed.account, followed.opening_cents, followed.closing_cents) == (IBAN, 100, 250)
    assert (followed.import_id, followed.file, followed.taken_by, followed.taken_at) == (key_of(A), FILE, FIRST, NOW)


@pytest.mark.parametrize("opening", [249, 251, -250])
def test_a_statement_that_opens_elsewhere_is_a_gap_that_tells_both_balances(opening):
    with pytest.raises(StatementGap) as refused:
        after(bank_statement("C", opening, 0), state=after(A))
    facts = {"opening_cents": opening, "expected_cents": 250, "statement_id": "C", "last_statement_id": "A"}
    assert refused.value.facts == facts
    assert "après le relevé A, le solde attendu est de 2,50\u00a0€" in refused.value.detail
    assert refused.value.status == 409


def test_a_gap_inside_a_file_refuses_all_of_it():
    with pytest.raises(StatementGap):
        domain.follow(Account(), [A, bank_statement("C", 251, 0)], FILE, FIRST, NOW)
    assert len(domain.follow(Account(), [A, B], FILE, FIRST, NOW)) == 2


def test_a_statement_keeps_its_turn_and_another_content_is_a_conflict():
    state = after(A, B)
    for done in (state, imported(state, A)):
        assert domain.follow(done, [B], FILE, SECOND, NOW) == []
    assert domain.follow(state, [A], FILE, SECOND, NOW) == []
    for number in ("A", "B"):
        with pytest.raises(StatementConflict):
            domain.follow(state, [bank_statement(number, -5, 0)], FILE, FIRST, NOW)


def test_a_statement_without_balances_takes_no_turn():
    for opening, closing in ((None, None), (250, None), (None, 250)):
        assert domain.follow(after(A), [bank_statement("C", opening, closing)], FILE, FIRST, NOW) == []
    assert [one.statement_id for one in after(bank_statement("C", None, None), A).pending] == ["A"]


def test_what_is_imported_is_pending_no_more_and_only_once():
    state = imported(after(A, B), A)
    assert [one.statement_id for one in state.pending] == ["B"]
    assert domain.settle(state, IBAN, key_of(A), NOW) == []
    assert state.fold(opinion()) == state


def proposed(state: Account, balance_cents: int = 77, actor: str = FIRST, proposal_id: str = "p") -> Account:
    for event in domain.propose(state, IBAN, proposal_id, balance_cents, "Relevé perdu", actor, NOW):
        state = state.fold(event)
    return state


def test_two_people_say_on_which_balance_the_next_statement_opens():
    state = proposed(after(A))
    assert state.expected_cents == 250
    with pytest.raises(TwoPeopleNeeded):
        domain.confirm(state, "p", FIRST, NOW)
    (confirmed,) = domain.confirm(state, "p", SECOND, NOW)
    state = state.fold(confirmed)
    assert (state.expected_cents, state.proposal, state.confirmed) == (77, None, confirmed)
    assert domain.confirm(state, "p", SECOND, NOW) == []
    assert after(bank_statement("C", 77, 80), state=state).expected_cents == 80
    with pytest.raises(StatementGap):
        after(bank_statement("C", 250, 80), state=state)


def test_the_first_statement_of_all_can_be_told_where_to_open():
    (confirmed,) = domain.confirm(proposed(Account()), "p", SECOND, NOW)
    with pytest.raises(StatementGap, match="après la reprise"):
        after(A, state=Account().fold(confirmed))


def test_a_proposal_is_replaced_by_another_and_ends_when_a_statement_follows():
    state = proposed(proposed(after(A)), 78, SECOND, "q")
    assert state.proposal is not None
    assert (state.proposal.balance_cents, state.proposal.proposal_id) == (78, "q")
    with pytest.raises(OpeningBalanceOutdated):
        domain.confirm(state, "p", SECOND, NOW)
    with pytest.raises(OpeningBalanceOutdated):
        domain.confirm(after(B, state=state), "q", FIRST, NOW)
    (confirmed,) = domain.confirm(state, "q", FIRST, NOW)
    with pytest.raises(OpeningBalanceOutdated):
        domain.confirm(state.fold(confirmed), "p", SECOND, NOW)


def test_the_same_proposal_of_the_same_person_is_made_once():
    state = proposed(after(A))
    assert domain.propose(state, IBAN, "q", 77, "Relevé perdu", FIRST, NOW) == []
    assert len(domain.propose(state, IBAN, "q", 77, "Relevé perdu", SECOND, NOW)) == 1


def test_a_proposal_has_a_reason_and_a_balance_within_limits():
    with pytest.raises(ReasonRequired):
        domain.propose(Account(), IBAN, "p", 1, " \n", FIRST, NOW)
    for balance in (-MAX_CENTS - 1, MAX_CENTS + 1):
        with pytest.raises(AmountOutOfRange):
            domain.propose(Account(), IBAN, "p", balance, "Relevé perdu", FIRST, NOW)
    for balance in (-MAX_CENTS, MAX_CENTS):
        assert proposed(Account(), balance).proposal is not None


def test_where_the_chain_stands_cannot_be_changed():
    with pytest.raises(AttributeError):
        setattr(Account(), "expected_cents", 1)  # noqa: B010 (a type checker refuses the assignment)
