"""A run of deposits decided in one step: what comes out is what comes out one after the other, or nothing does."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.envelope.domain import decisions, moments
from services.envelope.domain.decisions import Deposited, submit_all
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Ledger
from shared.contracts.envelope import ClosureDecided, Reserved, SuspensionDecided
from shared.contracts.values import Exhaustion
from shared.errors import Refusal
from shared.events import Event
from shared.money import MAX_CENTS
from tests.unit.envelope.book import NOW, Book, rules

LATER = NOW + timedelta(seconds=1)
NEW = ("a", "b", "c", "d")


def one_after_another(ledger: Ledger, asked: Sequence[Deposited]) -> tuple[list[Event], Ledger]:
    """Raises: Refusal, where one of them is refused."""
    events = list[Event]()
    for one in asked:
        decided = decisions.submit(ledger, *one, LATER)
        for event in decided:
            ledger = ledger.fold(event)
        events += decided
    return events, ledger


def next_ones(ledger: Ledger, *amounts: int) -> list[Deposited]:
    """Deposits of new dossiers whose numbers are next."""
    named = enumerate(zip(NEW, amounts, strict=False), start=ledger.decided + 1)
    return [Deposited(name, number, amount) for number, (name, amount) in named]


def taken(ledger: Ledger, asked: Sequence[Deposited]) -> tuple[list[Event], Ledger] | None:
    """What `submit_all` gives, which is checked against `submit`, before and after which the ledger is as it was."""
    before = ledger.reservations.items()
    found = submit_all(ledger, asked, LATER)
    if found is None:
        return None
    events, after = found
    assert (events, after) == one_after_another(ledger, asked)
    assert list(broken(after)) == []
    assert ledger.reservations.items() == before
    return list(events), after


def clear(ledger: Ledger, asked: Sequence[Deposited]) -> bool:
    """Whether nothing is in the way of one step."""
    names = {one.dossier_id for one in asked}
    return (
        ledger.rules is not None
        and not (ledger.waiting or ledger.held or ledger.voided)
        and [one.deposit_number for one in asked] == [ledger.decided + place for place in range(1, len(asked) + 1)]
        and len(names) == len(asked) > 0
        and names.isdisjoint(name for name, _ in ledger.reservations.items())
        and all(one.amount_cents > 0 for one in asked)
        and sum(one.amount_cents for one in asked) <= ledger.available_cents
    )


# -- whatever the ledger and the run -----------------------------------------------------------------------------

OLD = st.integers(1, 8).map(str)
AMOUNTS = st.integers(1, 300) | st.sampled_from((0, -1, 1_000, 1_001, MAX_CENTS + 1))
COMMANDS = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from((1, 1, 1, 2)), AMOUNTS),
    st.tuples(st.just("release"), OLD, st.none()),
    st.tuples(st.just("commit"), OLD, st.none()),
    st.tuples(st.just("reduce"), OLD, st.integers(1, 100)),
    st.tuples(st.just("adopt"), st.integers(300, 2_000), st.tuples(st.sampled_from(Exhaustion), st.booleans())),
)


def reached(commands, calm: bool) -> Ledger:
    """`calm`: without what leaves somebody waiting, held or voided."""
    book, version = Book(), 1
    for kind, given_, more in commands:
        before = book.ledger
        number = book.ledger.decided + given_ if kind == "submit" else 0
        version += kind == "adopt"
        try:
            match kind:
                case "submit":
                    book.submit(str(number), number, more)
                case "release":
                    book.release(given_)
                case "commit":
                    book.do(decisions.commit, given_, NOW)
                case "reduce":
                    book.do(decisions.reduce, given_, more, NOW)
                case _:
                    policy, returns = more
                    changed = rules(given_, version, on_exhaustion=policy, released_amounts_return=returns)
                    book.do(decisions.adopt, changed, NOW)
        except Refusal:
            continue
        if calm and (book.ledger.waiting or book.ledger.held or book.ledger.voided):
            book.ledger = before
    return book.ledger


@st.composite
def runs(draw, ledger: Ledger) -> list[Deposited]:
    """In order, of new dossiers and small; or nearly so; or anything."""
    amounts = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4) | st.lists(AMOUNTS, max_size=4))
    run = next_ones(ledger, *amounts)
    for place in range(len(run) if draw(st.booleans()) else 0):
        name, number, amount = run[place]
        another, shift = draw(st.just(name) | st.sampled_from(NEW) | OLD), draw(st.sampled_from((0, 0, -1, 1)))
        run[place] = Deposited(another, number + shift, amount)
    return run


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_run_on_any_ledger_gives_the_same_at_once_or_nothing(data):
    ledger = reached(data.draw(st.lists(COMMANDS, max_size=12)), calm=data.draw(st.booleans()))
    asked = data.draw(runs(ledger))
    found = taken(ledger, asked)
    assert found is not None or not clear(ledger, asked)


# -- each by itself ----------------------------------------------------------------------------------------------


def book(*amounts: int, **given_) -> Book:
    """A book that reserved or listed these, under the names of their numbers."""
    made = Book(**given_)
    for number, amount in enumerate(amounts, start=1):
        made.submit(str(number), number, amount)
    return made


def test_deposits_in_order_are_reserved_together():
    found = taken(book(100).ledger, [Deposited("a", 2, 10), Deposited("b", 3, 20)])
    assert found is not None
    assert [(type(one), one.model_dump()["dossier_id"]) for one in found[0]] == [(Reserved, "a"), (Reserved, "b")]
    assert (found[1].decided, found[1].reserved_cents) == (3, 130)


@pytest.mark.parametrize("policy", Exhaustion)
def test_what_fits_to_the_cent_is_taken_and_one_cent_more_is_not(policy):
    ledger = book(100, on_exhaustion=policy).ledger
    found = taken(ledger, next_ones(ledger, 400, 500))
    assert found is not None
    assert found[1].available_cents == 0
    assert taken(ledger, next_ones(ledger, 400, 501)) is None


def test_what_was_committed_or_kept_is_not_room():
    spent = book(500, 300, released_amounts_return=False)
    spent.do(decisions.commit, "1", NOW)
    spent.release("2")
    assert taken(spent.ledger, next_ones(spent.ledger, 100, 100)) is not None
    assert taken(spent.ledger, next_ones(spent.ledger, 100, 101)) is None


@pytest.mark.parametrize(
    "asked",
    [
        [("1", 2, 10)],
        [("1", 1, 100)],
        [("a", 2, 10), ("a", 3, 10)],
        [("a", 2, 10), ("a", 2, 10)],
        [("a", 3, 10)],
        [("a", 2, 10), ("b", 4, 10)],
        [("a", 3, 10), ("b", 2, 10)],
        [("a", 1, 10), ("b", 2, 10)],
        [("a", 0, 10)],
        [("a", 2, 0)],
        [("a", 2, 10), ("b", 3, -1)],
        [("a", 2, 901)],
        [],
    ],
    ids=[
        "a known dossier",
        "one decided before",
        "a dossier twice",
        "a deposit twice",
        "a gap before",
        "a gap within",
        "out of order",
        "a number that is decided",
        "no number",
        "no amount",
        "less than nothing",
        "more than is left",
        "nothing",
    ],
)
def test_what_is_not_in_order_new_positive_and_within_the_room_is_left_to_be_taken_one_by_one(asked):
    assert taken(book(100).ledger, [Deposited(*one) for one in asked]) is None


@pytest.mark.parametrize("policy", Exhaustion)
def test_where_somebody_waits_each_is_decided_by_itself(policy):
    waited = book(900, 200)
    waited.do(decisions.adopt, rules(1_000, 2, on_exhaustion=policy), NOW)
    assert waited.ledger.waiting
    assert taken(waited.ledger, next_ones(waited.ledger, 10)) is None


def test_a_dossier_that_was_released_before_it_came_is_decided_by_itself():
    voided = book(100)
    voided.release("b")
    assert taken(voided.ledger, next_ones(voided.ledger, 10, 10)) is None


def test_a_number_that_is_held_is_decided_behind_the_one_it_waited_for():
    held = book(100)
    held.submit("z", 3, 10)
    assert taken(held.ledger, next_ones(held.ledger, 10)) is None


def test_a_campaign_that_is_not_known_has_no_room():
    assert taken(Ledger(), next_ones(Ledger(), 10)) is None


@pytest.mark.parametrize("decided", [SuspensionDecided, ClosureDecided])
def test_a_campaign_that_is_suspended_or_closed_decides_what_was_deposited_as_it_does_one_by_one(decided):
    interrupted = book(100)
    event = decided(campaign_id="c", reason="essai", decided_at=NOW, effective_at=NOW)
    interrupted.do(moments.interrupt, event, NOW)
    assert interrupted.ledger.suspended or interrupted.ledger.closed
    assert taken(interrupted.ledger, next_ones(interrupted.ledger, 10, 20)) is not None


def test_an_envelope_that_was_exhausted_and_has_room_again_takes_what_fits():
    emptied = book(900, 200, on_exhaustion=Exhaustion.CLOSE)
    assert emptied.ledger.exhausted
    assert taken(emptied.ledger, next_ones(emptied.ledger, 60, 40)) is not None
