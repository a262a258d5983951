"""The ledger: first come, first served, never one cent above the envelope."""

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.facts import ReleaseAnticipated, SubmissionHeld
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Ledger, Standing
from services.envelope.domain.refusals import (
    CommandConflict,
    InvalidNumber,
    NotReserved,
    NumberAlreadyDecided,
    UnknownCampaign,
)
from shared.contracts.envelope import (
    CampaignOpened,
    Committed,
    EnvelopeExhausted,
    EnvelopeReplenished,
    Promoted,
    RefusalGround,
    Released,
    ReservationReduced,
    ReservationRefused,
    Reserved,
    ResumptionDecided,
    Waitlisted,
)
from tests.unit.envelope.book import NOW, Book


def test_the_first_rules_open_the_campaign():
    assert [type(event) for event in Book().events] == [CampaignOpened]


def test_a_deposit_that_fits_is_reserved():
    book = Book()
    assert book.submit("a", 1, 400) == [Reserved]
    assert (book.ledger.reserved_cents, book.ledger.available_cents) == (400, 600)


def test_exactly_the_cap_fits_and_one_cent_more_does_not():
    book = Book()
    book.submit("a", 1, 1)
    assert book.submit("b", 2, 999) == [Reserved]
    assert book.submit("c", 3, 1) == [Waitlisted, EnvelopeExhausted]


def test_a_number_that_comes_early_waits_for_the_missing_one():
    book = Book()
    assert book.submit("b", 2, 10) == [SubmissionHeld]
    assert book.ledger.gap
    assert book.submit("b", 2, 10) == []
    assert book.submit("a", 1, 10) == [Reserved, Reserved]
    assert not book.ledger.gap
    assert book.ledger.decided == 2


def test_a_release_before_its_reservation_voids_it():
    book = Book()
    assert book.release("a") == [ReleaseAnticipated]
    assert book.release("a") == []
    book.submit("a", 1, 10)
    assert book.standing("a") is Standing.RELEASED
    assert book.ledger.reserved_cents == 0
    assert book.submit("b", 2, 1_000) == [Reserved]


def test_repeated_commands_change_nothing():
    book = Book()
    book.submit("a", 1, 10)
    assert book.submit("a", 1, 10) == []
    assert book.do(decisions.commit, "a", NOW) == [Committed]
    assert book.do(decisions.commit, "a", NOW) == []
    assert book.release("a", "EngagementLapsed") == [Released]
    assert book.release("a") == []
    assert (book.ledger.reserved_cents, book.ledger.committed_cents) == (0, 0)


def test_a_commitment_needs_a_reservation():
    book = Book()
    with pytest.raises(NotReserved):
        book.do(decisions.commit, "a", NOW)
    book.submit("a", 1, 1_001)
    with pytest.raises(NotReserved):
        book.do(decisions.commit, "a", NOW)


def test_contradictory_commands_have_their_own_error_and_decide_nothing():
    book = Book()
    book.submit("a", 1, 10)
    book.submit("x", 3, 10)
    with pytest.raises(CommandConflict):
        book.submit("a", 2, 10)
    with pytest.raises(CommandConflict):
        book.submit("y", 3, 10)
    with pytest.raises(NumberAlreadyDecided):
        book.submit("z", 1, 10)
    with pytest.raises(CommandConflict):
        book.submit("a", 1, 11)
    for number in (0, -1):
        with pytest.raises(InvalidNumber):
            book.submit("b", number, 10)
    assert book.ledger.decided == 1


@pytest.mark.parametrize(
    ("amount", "ground"),
    [
        (0, RefusalGround.INVALID_AMOUNT),
        (-1, RefusalGround.INVALID_AMOUNT),
        (1_001, RefusalGround.AMOUNT_ABOVE_CAP),
        (120_000_000_000, RefusalGround.AMOUNT_ABOVE_CAP),
    ],
)
def test_an_amount_no_envelope_could_hold_is_refused_and_those_behind_go_on(amount, ground):
    book = Book()
    assert book.submit("b", 2, amount) == [SubmissionHeld]
    assert book.submit("c", 3, 10) == [SubmissionHeld]
    assert book.submit("a", 1, 990) == [Reserved, ReservationRefused, Reserved]
    assert [event.ground for event in book.events if isinstance(event, ReservationRefused)] == [ground]
    assert (book.ledger.decided, book.ledger.gap, book.ledger.available_cents) == (3, False, 0)
    assert book.submit("b", 2, amount) == []
    assert list(broken(book.ledger)) == []


def test_an_unknown_campaign_decides_nothing():
    for decide in (
        lambda ledger: decisions.submit(ledger, "a", 1, 1, NOW),
        lambda ledger: decisions.release(ledger, "a", "x", NOW),
    ):
        with pytest.raises(UnknownCampaign):
            decide(Ledger())


def test_a_deposit_that_comes_again_after_its_reduction_is_known():
    book = Book()
    book.submit("a", 1, 900)
    book.do(decisions.reduce, "a", 800, NOW)
    assert book.submit("a", 1, 900) == []
    assert book.ledger.reserved_cents == 800


def test_reduced_loans_return_the_difference_and_promote():
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert book.do(decisions.reduce, "a", 800, NOW) == [ReservationReduced, Promoted]
    assert book.do(decisions.reduce, "a", 800, NOW) == []
    assert book.ledger.available_cents == 0
    with pytest.raises(CommandConflict):
        book.do(decisions.reduce, "a", 801, NOW)
    with pytest.raises(NotReserved):
        book.do(decisions.reduce, "zz", 1, NOW)


def test_a_reduced_head_may_fit_now_and_a_committed_one_can_shrink():
    book = Book()
    book.submit("a", 1, 900)
    book.do(decisions.commit, "a", NOW)
    book.submit("b", 2, 200)
    assert book.do(decisions.reduce, "b", 100, NOW) == [ReservationReduced, Promoted]
    assert book.do(decisions.reduce, "a", 500, NOW) == [ReservationReduced, EnvelopeReplenished]
    assert (book.ledger.reserved_cents, book.ledger.committed_cents) == (100, 500)
    book.release("b")
    assert book.do(decisions.reduce, "b", 50, NOW) == []


def test_released_amounts_stay_out_when_the_rules_say_so():
    book = Book(released_amounts_return=False)
    book.submit("a", 1, 600)
    book.release("a")
    assert book.ledger.available_cents == 400


def test_epochs_follow_each_other():
    book = Book()
    book.do(decisions.begin_epoch, "one", NOW)
    book.do(decisions.begin_epoch, "two", NOW)
    assert (book.ledger.epoch, book.ledger.writer) == (2, "two")


def test_events_of_others_change_nothing():
    assert Ledger().fold(ResumptionDecided(campaign_id="c", decided_at=NOW)) == Ledger()
