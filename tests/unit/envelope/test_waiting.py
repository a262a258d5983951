"""Who waits and who goes first when room comes back, by policy; and what an exhaustion is."""

from datetime import timedelta

from services.envelope.domain import decisions, moments
from services.envelope.domain.facts import RulesScheduled
from services.envelope.domain.ledger import Queued, Standing
from shared.contracts.envelope import (
    CapChanged,
    Committed,
    EnvelopeExhausted,
    EnvelopeReplenished,
    Promoted,
    RefusalGround,
    Released,
    ReservationReduced,
    ReservationRefused,
    Reserved,
    RulesChanged,
    Waitlisted,
)
from shared.contracts.values import Exhaustion
from tests.unit.envelope.book import NOW, Book, rules


def test_strict_waiting_blocks_a_smaller_one_behind_the_head():
    book = Book()
    book.submit("a", 1, 900)
    assert book.submit("b", 2, 200) == [Waitlisted, EnvelopeExhausted]
    assert book.submit("c", 3, 50) == [Waitlisted]
    assert [event.place for event in book.events if isinstance(event, Waitlisted)] == [1, 2]


def test_first_fit_lets_a_smaller_one_in():
    book = Book(on_exhaustion=Exhaustion.FIRST_FIT)
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert book.submit("c", 3, 50) == [Reserved]


def test_close_refuses_what_does_not_fit():
    book = Book(on_exhaustion=Exhaustion.CLOSE)
    book.submit("a", 1, 900)
    assert book.submit("b", 2, 200) == [ReservationRefused, EnvelopeExhausted]
    refused = next(event for event in book.events if isinstance(event, ReservationRefused))
    assert refused.ground is RefusalGround.NO_ROOM
    assert book.release("b") == []


def test_a_release_promotes_in_order_while_the_head_fits():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 300)
    book.submit("c", 3, 600)
    book.submit("d", 4, 200)
    assert book.release("a") == [Released, Promoted, Promoted]
    assert [book.standing(name) for name in "bcd"] == [Standing.RESERVED, Standing.RESERVED, Standing.WAITING]


def test_first_fit_promotes_around_a_head_that_does_not_fit():
    book = Book(on_exhaustion=Exhaustion.FIRST_FIT)
    for number, (name, amount) in enumerate([("a", 600), ("x", 400), ("b", 700), ("c", 500)], start=1):
        book.submit(name, number, amount)
    assert book.release("a") == [Released, Promoted]
    assert (book.standing("b"), book.standing("c")) == (Standing.WAITING, Standing.RESERVED)


def test_a_waiting_dossier_that_asks_for_less_waits_for_less():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 500)
    book.do(decisions.reduce, "b", 200, NOW)
    assert book.ledger.waiting[2] == Queued("b", 200)
    assert book.standing("b") is Standing.WAITING


def test_a_released_dossier_is_reduced_without_a_change_of_the_figures():
    book = Book()
    book.submit("a", 1, 900)
    book.release("a")
    reduced = ReservationReduced(
        campaign_id="c", dossier_id="a", amount_cents=800, reduced_by_cents=100, reduced_at=NOW
    )
    folded = book.ledger.fold(reduced)
    assert folded.reservations["a"].amount_cents == 800
    assert (folded.reserved_cents, folded.committed_cents) == (0, 0)


def test_a_waiting_dossier_that_leaves_frees_those_behind_it():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    book.submit("c", 3, 50)
    assert book.release("b") == [Released, Promoted, EnvelopeReplenished]
    released = next(event for event in book.events if isinstance(event, Released))
    assert released.amount_cents == 0
    assert not book.ledger.waiting


def test_exhaustion_is_said_again_after_room_had_come_back():
    book = Book()
    book.submit("a", 1, 1_000)
    book.submit("b", 2, 900)
    assert book.release("a") == [Released, Promoted, EnvelopeReplenished]
    assert book.events[-1].available_cents == 100
    assert book.submit("c", 3, 101) == [Waitlisted, EnvelopeExhausted]


def test_an_exhaustion_lasts_while_somebody_waits_or_nothing_is_left():
    book = Book()
    book.submit("a", 1, 1_000)
    book.submit("b", 2, 600)
    book.submit("c", 3, 400)
    book.submit("d", 4, 1_000)
    assert book.release("a") == [Released, Promoted, Promoted]
    assert book.do(decisions.commit, "b", NOW) == [Committed]
    assert book.release("d") == [Released]
    assert book.ledger.exhausted
    assert book.submit("e", 5, 1) == [Waitlisted]


def test_an_exhaustion_ends_when_the_last_who_waits_leaves_and_room_was_left():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert book.release("b") == [Released, EnvelopeReplenished]


def test_closing_on_exhaustion_ends_when_room_comes_back_and_not_before():
    book = Book(on_exhaustion=Exhaustion.CLOSE)
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    book.do(decisions.commit, "a", NOW)
    assert book.do(decisions.adopt, rules(950, 2, on_exhaustion=Exhaustion.CLOSE), NOW) == [CapChanged]
    assert book.ledger.exhausted
    assert book.do(decisions.adopt, rules(960, 3, on_exhaustion=Exhaustion.CLOSE), NOW) == [
        CapChanged,
        EnvelopeReplenished,
    ]
    assert not book.ledger.exhausted


def test_closing_lets_nobody_in_before_those_who_wait():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    book.do(decisions.adopt, rules(version=2, on_exhaustion=Exhaustion.CLOSE), NOW)
    assert book.submit("c", 3, 50) == [ReservationRefused]
    assert book.release("a") == [Released, Promoted, EnvelopeReplenished]
    assert book.submit("d", 4, 800) == [Reserved]


def test_first_fit_from_a_recorded_moment_lets_in_who_fits_then():
    book = Book()
    later = NOW + timedelta(days=1)
    for number, (name, amount) in enumerate([("a", 900), ("b", 200), ("c", 50)], start=1):
        book.submit(name, number, amount)
    changed = rules(version=2, on_exhaustion=Exhaustion.FIRST_FIT, effective_at=later)
    assert book.do(decisions.adopt, changed, NOW) == [RulesScheduled]
    assert book.standing("c") is Standing.WAITING
    assert book.do(moments.follow_due, later) == [RulesChanged, Promoted]
    assert (book.standing("b"), book.standing("c")) == (Standing.WAITING, Standing.RESERVED)
