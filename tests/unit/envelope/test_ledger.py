"""The ledger: first come, first served, never one cent above the envelope."""

from datetime import UTC, datetime, timedelta

import pytest

from services.envelope.domain import decisions, moments
from services.envelope.domain.facts import (
    EpochBegan,
    ReleaseAnticipated,
    RulesRefused,
    RulesScheduled,
    SubmissionHeld,
)
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Ledger, Queued, Standing
from services.envelope.domain.refusals import (
    CommandConflict,
    InvalidNumber,
    NotReserved,
    NumberAlreadyDecided,
    UnknownCampaign,
)
from shared.contracts.envelope import (
    CampaignOpened,
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
    ResumptionDecided,
    RulesChanged,
    Waitlisted,
)
from shared.contracts.values import CampaignRules, Exhaustion
from shared.events import Event
from shared.journal import Alike

NOW = datetime(2024, 4, 29, 8, tzinfo=UTC)


def rules(cap=1_000, version=1, **changes) -> CampaignRules:
    given = {"campaign_id": "c", "label": "Essai", "opens_at": NOW, "effective_at": NOW} | changes
    return CampaignRules(cap_cents=cap, version=version, **given)


class Book:
    """A ledger that takes commands one after another and remembers its events."""

    def __init__(self, **given) -> None:
        self.ledger = Ledger()
        self.events = []
        self.do(decisions.adopt, rules(**given), NOW)

    def do(self, decide, *arguments) -> list:
        events = decide(self.ledger, *arguments)
        for event in events:
            self.ledger = self.ledger.fold(event)
        self.events += events
        return [type(event) for event in events]

    def submit(self, name: str, number: int, amount: int) -> list:
        return self.do(decisions.submit, name, number, amount, NOW)

    def release(self, name: str, reason="DossierWithdrawn") -> list:
        return self.do(decisions.release, name, reason, NOW)

    def standing(self, name: str) -> Standing:
        return self.ledger.reservations[name].standing


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


@pytest.mark.parametrize(
    "event",
    [
        Reserved(campaign_id="c", dossier_id="z", deposit_number=3, amount_cents=101, reserved_at=NOW),
        Reserved(campaign_id="c", dossier_id="z", deposit_number=4, amount_cents=1, reserved_at=NOW),
        Reserved(campaign_id="c", dossier_id="a", deposit_number=3, amount_cents=1, reserved_at=NOW),
        Promoted(campaign_id="c", dossier_id="a", deposit_number=1, amount_cents=900, promoted_at=NOW),
        Promoted(campaign_id="c", dossier_id="b", deposit_number=2, amount_cents=100, promoted_at=NOW),
        Committed(campaign_id="c", dossier_id="b", amount_cents=0, committed_at=NOW),
        Committed(campaign_id="c", dossier_id="a", amount_cents=899, committed_at=NOW),
        Released(campaign_id="c", dossier_id="a", amount_cents=901, reason="", released_at=NOW),
        ReservationRefused(campaign_id="c", dossier_id="a", deposit_number=1, amount_cents=900, refused_at=NOW),
        EpochBegan(epoch=2, writer="w", began_at=NOW),
        CapChanged(campaign_id="c", cap_cents=899, previous_cap_cents=1_000, rules=rules(899, 2), changed_at=NOW),
    ],
)
def test_no_fact_that_breaks_an_invariant_is_folded(event):
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    with pytest.raises(AssertionError):
        book.ledger.fold(event)
    with pytest.raises(AssertionError):
        book.ledger.fold_alike(alike(event, event))


def alike(*events: Event) -> Alike:
    """As a commit's columns bring them."""
    cls = type(events[0])
    return Alike(cls, len(events), {name: [getattr(event, name) for event in events] for name in cls.model_fields})


def reserved(number: int, amount: int, name: str = "") -> Reserved:
    return Reserved(
        campaign_id="c", dossier_id=name or f"n{number}", deposit_number=number, amount_cents=amount, reserved_at=NOW
    )


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(reserved(3, 801), id="a cent above the envelope"),
        pytest.param(reserved(4, 1), id="a number left out"),
        pytest.param(reserved(3, 1, "n1"), id="a dossier decided before"),
        pytest.param(reserved(3, 1, "n2"), id="a dossier decided in the same run"),
        pytest.param(reserved(3, -1), id="an amount below nothing"),
    ],
)
def test_a_run_of_reservations_is_held_to_the_invariants_one_by_one(last):
    book = Book()
    book.submit("n1", 1, 100)
    assert book.ledger.fold_alike(alike(reserved(2, 100), reserved(3, 800))).available_cents == 0
    with pytest.raises(AssertionError):
        book.ledger.fold_alike(alike(reserved(2, 100), last))


def test_a_run_of_reservations_takes_the_place_of_what_was_held_and_what_was_voided():
    book = Book()
    book.do(decisions.release, "n2", "DossierWithdrawn", NOW)
    book.submit("n3", 3, 100)
    run = [reserved(1, 100), reserved(2, 100), reserved(3, 100)]
    one_by_one = book.ledger
    for event in run:
        one_by_one = one_by_one.fold(event)
    assert book.ledger.fold_alike(alike(*run)) == one_by_one
    assert (dict(one_by_one.held), dict(one_by_one.voided)) == ({}, {})


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


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"reserved_cents": 899}, "montant réservé"),
        ({"committed_cents": 1}, "montant engagé"),
        ({"rules": rules(899)}, "plafond respecté"),
        ({"decided": 3}, "numéros décidés"),
        ({"waiting": Ledger().waiting}, "liste d'attente"),
    ],
)
def test_a_ledger_whose_figures_are_not_those_of_its_lines_is_found_out(changes, check):
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert list(broken(book.ledger)) == []
    assert [one.check for one in broken(book.ledger._replace(**changes))] == [check]


def test_a_number_that_waits_although_it_is_decided_is_found_out():
    book = Book()
    book.submit("b", 2, 10)
    held = book.ledger.held
    book.submit("a", 1, 10)
    assert [one.check for one in broken(book.ledger._replace(held=held))] == ["numéros en attente d'un précédent"]
