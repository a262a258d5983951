"""The deposit register: first come, first numbered, without a gap."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import register as domain
from services.intake.domain.register import AlreadyWithdrawn, LoanOnlyDecreases, Register, UnknownLoan
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.errors import NotFound
from shared.events import Cause
from shared.journal import Alike, Entry
from shared.journal.entries import MIN_ALIKE, Piece, encoded, said
from shared.journal.head import folded
from tests.facts import CAMPAIGN, SUBMITTED_AT
from tests.unit.intake.samples import SECOND, content, opened


class Book:
    """A register that takes requests one after another and remembers its events."""

    def __init__(self) -> None:
        self.register = Register()
        self.events = []

    def do(self, decide, *arguments) -> list:
        events = decide(self.register, CAMPAIGN, *arguments)
        for event in events:
            self.register = self.register.fold(event)
        self.events += events
        return events

    def deposit(self, name: str, *principals: int, at=SUBMITTED_AT) -> list:
        return self.do(domain.deposit, name, content(*principals), at)

    def withdraw(self, name: str) -> list:
        return self.do(domain.withdraw, name, "Abandon", SUBMITTED_AT)

    def reduce(self, name: str, **wanted: int) -> list:
        loans = [event.loans for event in self.events if event.dossier_id == name and hasattr(event, "loans")]
        return self.do(domain.reduce_loans, name, loans[-1] if loans else (), wanted, SUBMITTED_AT)


def test_deposits_are_numbered_as_they_come():
    book = Book()
    numbers = [book.deposit(name)[0].deposit_number for name in ("c", "a", "b")]
    assert numbers == [1, 2, 3]


def test_number_content_and_sum_are_one_fact():
    (made,) = Book().deposit("a", 300, 200)
    assert isinstance(made, DossierSubmitted)
    assert (made.campaign_id, made.dossier_id, made.principal_cents) == (CAMPAIGN, "a", 500)
    frozen = content(300, 200)
    assert made.loans == frozen.loans
    assert (made.bailleur, made.operation) == (frozen.bailleur, frozen.operation)
    assert (made.financing, made.documents) == (frozen.financing, frozen.documents)


def test_depositing_again_keeps_number_and_content():
    book = Book()
    book.deposit("a", 300)
    book.deposit("b")
    assert book.deposit("a", 100) == []
    assert book.register.deposits["a"].number == 1
    assert book.register.deposits["a"].lines == (("l0", 300),)


def test_a_clock_that_runs_behind_never_puts_a_number_before_the_last_one():
    book = Book()
    book.deposit("a", at=SUBMITTED_AT + SECOND)
    (late,) = book.deposit("b", at=SUBMITTED_AT)
    assert late.submitted_at == SUBMITTED_AT + SECOND


@pytest.mark.parametrize("ask", [lambda book: book.withdraw("a"), lambda book: book.reduce("a", l0=1)])
def test_what_is_not_deposited_is_neither_withdrawn_nor_reduced(ask):
    with pytest.raises(NotFound):
        ask(Book())


def test_a_withdrawal_is_said_once_and_gives_its_number_to_nobody():
    book = Book()
    book.deposit("a")
    (gone,) = book.withdraw("a")
    assert isinstance(gone, DossierWithdrawn)
    assert gone.reason == "Abandon"
    assert book.withdraw("a") == []
    assert book.deposit("b")[0].deposit_number == 2
    assert book.deposit("a") == []


def test_a_reduction_keeps_rank_and_the_other_lines():
    book = Book()
    book.deposit("a", 300, 200)
    (lower,) = book.reduce("a", l1=150)
    assert isinstance(lower, LoansReduced)
    assert [loan.principal_cents for loan in lower.loans] == [300, 150]
    assert lower.principal_cents == 450
    assert book.register.deposits["a"].number == 1


def test_the_same_amounts_again_change_nothing():
    book = Book()
    book.deposit("a", 300)
    assert book.reduce("a", l0=300) == []
    assert book.reduce("a") == []


@pytest.mark.parametrize("cents", [301, 0, -1])
def test_an_amount_only_goes_down_and_stays_positive(cents):
    book = Book()
    book.deposit("a", 300, 200)
    with pytest.raises(LoanOnlyDecreases) as refused:
        book.reduce("a", l1=100, l0=cents)
    assert refused.value.pointer == "/loans/1/principal_cents"


def test_a_reduction_is_counted_from_the_last_one():
    book = Book()
    book.deposit("a", 300)
    book.reduce("a", l0=100)
    with pytest.raises(LoanOnlyDecreases):
        book.reduce("a", l0=101)


def test_what_is_left_of_a_loan_is_what_the_register_says_whatever_the_dossier_has_heard():
    book = Book()
    (deposited,) = book.deposit("a", 300, 200)
    book.reduce("a", l0=100)
    (lower,) = book.do(domain.reduce_loans, "a", deposited.loans, {"l1": 150}, SUBMITTED_AT)
    assert [loan.principal_cents for loan in lower.loans] == [100, 150]


def test_other_loans_than_those_deposited_are_never_reduced():
    book = Book()
    book.deposit("a", 300)
    with pytest.raises(AssertionError, match="that were deposited"):
        book.do(domain.reduce_loans, "a", content(300, 200).loans, {"l0": 1}, SUBMITTED_AT)


def test_an_unknown_loan_is_pointed_at():
    book = Book()
    book.deposit("a", 300)
    with pytest.raises(UnknownLoan) as refused:
        book.reduce("a", l0=200, l9=1)
    assert refused.value.pointer == "/loans/1/loan_id"


def test_a_withdrawn_dossier_is_not_reduced():
    book = Book()
    book.deposit("a", 300)
    book.withdraw("a")
    with pytest.raises(AlreadyWithdrawn):
        book.reduce("a", l0=200)


def test_a_fact_of_another_stream_changes_nothing():
    assert Register().fold(opened()) == Register()


def test_a_gap_or_a_step_back_in_time_stops_the_fold():
    book = Book()
    (first,) = book.deposit("a")
    with pytest.raises(AssertionError, match="no gap"):
        book.register.fold(first.model_copy(update={"dossier_id": "b", "deposit_number": 3}))
    earlier = {"dossier_id": "b", "deposit_number": 2, "submitted_at": SUBMITTED_AT - SECOND}
    with pytest.raises(AssertionError, match="follow time"):
        book.register.fold(first.model_copy(update=earlier))


NAMES = st.sampled_from("abcdef")
REQUESTS = st.one_of(
    st.tuples(st.just("deposit"), NAMES, st.integers(-60, 60)),
    st.tuples(st.just("withdraw"), NAMES, st.none()),
    st.tuples(st.just("reduce"), NAMES, st.integers(1, 1_200)),
)


def carry_out(book: Book, request: tuple) -> list:
    """What the request leads to; a refused one leads to nothing."""
    kind, name, value = request
    try:
        match kind:
            case "deposit":
                return book.deposit(name, 1_000, at=SUBMITTED_AT + timedelta(seconds=value))
            case "withdraw":
                return book.withdraw(name)
            case _:
                return book.reduce(name, l0=value)
    except (NotFound, AlreadyWithdrawn, LoanOnlyDecreases):
        return []


@given(st.lists(REQUESTS, max_size=25))
def test_whatever_the_order_of_requests_numbers_are_gapless_in_time_order_and_given_once(requests):
    book = Book()
    for request in requests:
        carry_out(book, request)
        assert carry_out(book, request) == [], "the same request again changes nothing"
    deposits = [event for event in book.events if isinstance(event, DossierSubmitted)]
    assert [one.deposit_number for one in deposits] == list(range(1, len(deposits) + 1))
    moments = [one.submitted_at for one in deposits]
    assert moments == sorted(moments)
    first_asked = dict.fromkeys(name for kind, name, _ in requests if kind == "deposit")
    assert [one.dossier_id for one in deposits] == list(first_asked)
    assert {name: kept.number for name, kept in book.register.deposits.items()} == {
        one.dossier_id: one.deposit_number for one in deposits
    }


@given(st.lists(REQUESTS, max_size=25))
def test_whatever_happens_amounts_only_go_down_and_nothing_follows_a_withdrawal(requests):
    book = Book()
    amounts, gone = dict[str, int](), set[str]()
    for request in requests:
        for event in carry_out(book, request):
            assert event.dossier_id not in gone
            if isinstance(event, DossierWithdrawn):
                gone.add(event.dossier_id)
                continue
            assert 0 < event.principal_cents <= amounts.get(event.dossier_id, event.principal_cents)
            amounts[event.dossier_id] = event.principal_cents
    replayed = Register()
    for event in book.events:
        replayed = replayed.fold(event)
    assert replayed == book.register


def recorded(*events) -> Sequence[Piece]:
    """What a fold gets of a commit another process recorded."""
    return said(encoded([Entry(Cause("user:u", "c"), (event,)) for event in events])).pieces


@given(st.lists(st.lists(st.integers(1, 500), min_size=1, max_size=3), min_size=MIN_ALIKE, max_size=2 * MIN_ALIKE))
def test_what_another_process_recorded_folds_as_what_this_one_did(principals):
    book = Book()
    for place, lines in enumerate(principals):
        book.deposit(f"d{place}", *lines, at=SUBMITTED_AT + place // 2 * SECOND)
    for place in range(MIN_ALIKE):
        book.withdraw(f"d{place}")
    pieces = recorded(*book.events)
    assert [type(piece) for piece in pieces] == [Alike, Alike]
    assert folded(Register(), pieces) == book.register


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"deposit_number": MIN_ALIKE + 2}, "numbers have no gap", id="a gap"),
        pytest.param({"deposit_number": MIN_ALIKE}, "numbers have no gap", id="a number twice"),
        pytest.param({"submitted_at": SUBMITTED_AT - SECOND}, "numbers follow time", id="an earlier time"),
        pytest.param({"dossier_id": "d0"}, "a dossier is deposited once", id="a dossier twice"),
    ],
)
def test_a_run_of_deposits_is_held_to_what_each_is_held_to(wrong, words):
    book = Book()
    for place in range(MIN_ALIKE + 1):
        book.deposit(f"d{place}", 300)
    *before, last = book.events
    with pytest.raises(AssertionError, match=words):
        folded(Register(), recorded(*before, last.model_copy(update=wrong)))
