"""Rules and their cap: the one in force holds, others wait for their moment."""

from datetime import timedelta

import pytest

from services.envelope.domain import decisions, moments
from services.envelope.domain.facts import RulesRefused, RulesScheduled
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Standing
from shared.contracts.envelope import (
    CapChanged,
    EnvelopeReplenished,
    Promoted,
    RefusalGround,
    Released,
    ReservationRefused,
    Reserved,
    RulesChanged,
)
from shared.contracts.values import Exhaustion
from tests.unit.envelope.book import NOW, Book, rules


def test_the_cap_an_amount_is_held_to_is_the_one_in_force():
    book = Book()
    assert book.submit("a", 1, 1_001) == [ReservationRefused]
    book.do(decisions.adopt, rules(1_001, 2), NOW)
    assert book.standing("a") is Standing.REFUSED
    assert book.submit("b", 2, 1_001) == [Reserved]
    assert book.submit("c", 3, 1_002) == [ReservationRefused]


@pytest.mark.parametrize("policy", Exhaustion)
def test_who_waits_for_more_than_a_lowered_cap_is_refused_and_blocks_nobody(policy):
    book = Book()
    for number, (name, amount) in enumerate([("a", 500), ("b", 900), ("c", 300), ("d", 901)], start=1):
        book.submit(name, number, amount)
    lowered = book.do(decisions.adopt, rules(899, 2, on_exhaustion=policy), NOW)
    assert lowered == [CapChanged, ReservationRefused, ReservationRefused, Promoted, EnvelopeReplenished]
    refused = [event for event in book.events if isinstance(event, ReservationRefused)]
    assert [(one.dossier_id, one.deposit_number, one.amount_cents, one.ground) for one in refused] == [
        ("b", 2, 900, RefusalGround.AMOUNT_ABOVE_CAP),
        ("d", 4, 901, RefusalGround.AMOUNT_ABOVE_CAP),
    ]
    assert [book.standing(name) for name in "abcd"] == ["reserved", "refused", "reserved", "refused"]
    assert list(broken(book.ledger)) == []
    assert book.release("b") == []


def test_who_waits_for_exactly_a_lowered_cap_goes_on_waiting():
    book = Book()
    book.submit("a", 1, 500)
    book.submit("b", 2, 900)
    assert book.do(decisions.adopt, rules(900, 2), NOW) == [CapChanged]
    assert book.release("a") == [Released, Promoted]


def test_a_raised_cap_promotes_and_a_lowered_one_stops_at_what_is_engaged():
    book = Book()
    book.submit("a", 1, 1_000)
    book.submit("b", 2, 500)
    assert book.do(decisions.adopt, rules(1_500, 2), NOW) == [CapChanged, Promoted]
    assert book.do(decisions.adopt, rules(1_499, 3), NOW) == [RulesRefused]
    assert book.ledger.cap_cents == 1_500
    assert book.do(decisions.adopt, rules(1_500, 2), NOW) == []


def test_rules_wait_for_their_moment():
    book = Book()
    later = NOW + timedelta(days=1)
    assert book.do(decisions.adopt, rules(2_000, 2, effective_at=later), NOW) == [RulesScheduled]
    assert book.do(decisions.adopt, rules(2_000, 2, effective_at=later), NOW) == []
    assert book.do(moments.follow_due, NOW) == []
    assert book.do(moments.follow_due, later) == [CapChanged]
    assert book.do(moments.follow_due, later) == []


def test_a_scheduled_cap_that_became_too_low_is_refused_and_forgotten():
    book = Book()
    later = NOW + timedelta(days=1)
    book.do(decisions.adopt, rules(100, 2, effective_at=later), NOW)
    book.submit("a", 1, 500)
    assert book.do(moments.follow_due, later) == [RulesRefused]
    assert book.ledger.scheduled == ()
    refused = book.ledger.refused_rules
    assert refused is not None
    assert (refused.rules.version, refused.reason, book.ledger.refusing) == (2, "cap-below-engaged", True)
    book.do(decisions.adopt, rules(500, 3), later)
    assert (book.ledger.refused_rules, book.ledger.refusing) == (refused, False)


def test_other_rules_change_without_touching_the_cap():
    book = Book()
    assert book.do(decisions.adopt, rules(1_000, 2, on_exhaustion=Exhaustion.FIRST_FIT), NOW) == [RulesChanged]
