"""What two people decided takes effect at its moment: whoever was away, in order, and once."""

from datetime import datetime, timedelta

import pytest

from services.envelope.api import figures_of
from services.envelope.domain import decisions, moments
from services.envelope.domain.campaign import Action
from services.envelope.domain.facts import InterruptionDue, InterruptionScheduled, RulesScheduled
from services.envelope.domain.ledger import Ledger
from services.envelope.domain.refusals import UnknownCampaign
from shared.contracts.envelope import (
    CampaignClosed,
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    ClosureDecided,
    EnvelopeReplenished,
    Promoted,
    Released,
    Reserved,
    ResumptionDecided,
    SuspensionDecided,
    Waitlisted,
)
from tests.unit.envelope.book import NOW, Book, rules

HOUR = timedelta(hours=1)
Decided = SuspensionDecided | ResumptionDecided | ClosureDecided


def decision(cls: type[Decided], at: datetime = NOW, effective_at: datetime | None = None) -> Decided:
    given = {} if cls is ResumptionDecided else {"reason": "audit"}
    return cls(campaign_id="c", decided_at=at, effective_at=effective_at, **given)


class Diary(Book):
    """A ledger that hears decisions at moments."""

    def hear(self, cls: type[Decided], effective_at: datetime | None = None, *, at=NOW, now=None) -> list:
        return self.do(moments.interrupt, decision(cls, at, effective_at), now or at)

    def due(self, now: datetime) -> list:
        return self.do(moments.follow_due, now)


class Coming(Diary):
    """A campaign whose first rules are in force tomorrow."""

    def __init__(self) -> None:
        self.ledger, self.events = Ledger(), []
        self.do(decisions.adopt, rules(effective_at=NOW + 24 * HOUR), NOW)


def test_suspension_and_resumption_are_said_once():
    book = Diary()
    assert book.hear(ResumptionDecided) == []
    assert book.hear(SuspensionDecided) == [CampaignSuspended]
    assert book.hear(SuspensionDecided) == []
    assert book.hear(ResumptionDecided) == [CampaignResumed]


def test_closing_is_said_once_and_what_was_deposited_before_is_still_decided():
    book = Diary()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert book.hear(ClosureDecided) == [CampaignClosed]
    assert book.hear(ClosureDecided) == []
    assert book.hear(SuspensionDecided) == []
    assert book.submit("c", 3, 10) == [Waitlisted]
    assert book.release("a") == [Released, Promoted, Promoted, EnvelopeReplenished]


@pytest.mark.parametrize("cls", [SuspensionDecided, ResumptionDecided, ClosureDecided])
@pytest.mark.parametrize("effective_at", [None, NOW + HOUR])
def test_a_campaign_without_rules_is_unknown(cls, effective_at):
    with pytest.raises(UnknownCampaign):
        moments.interrupt(Ledger(), decision(cls, NOW, effective_at), NOW)


def test_what_was_stopped_before_its_rules_were_in_force_opens_as_it_stands():
    book = Coming()
    assert book.hear(SuspensionDecided) == [CampaignSuspended]
    assert book.due(NOW + 24 * HOUR) == [CampaignOpened]
    assert (book.ledger.suspended, book.ledger.closed) == (True, False)
    assert book.hear(ResumptionDecided, at=NOW + 25 * HOUR) == [CampaignResumed]
    book = Coming()
    assert book.hear(ClosureDecided) == [CampaignClosed]
    assert book.due(NOW + 24 * HOUR) == [CampaignOpened]
    assert book.ledger.closed


@pytest.mark.parametrize(
    ("cls", "announced", "moment_field"),
    [
        (SuspensionDecided, CampaignSuspended, "suspended_at"),
        (ClosureDecided, CampaignClosed, "closed_at"),
    ],
)
def test_an_interruption_waits_for_its_moment_and_says_it_however_late(cls, announced, moment_field):
    book = Diary()
    assert book.hear(cls, NOW + HOUR) == [InterruptionScheduled]
    assert book.hear(cls, NOW + HOUR) == []
    assert (book.ledger.suspended, book.ledger.closed) == (False, False)
    assert book.due(NOW + HOUR - timedelta(microseconds=1)) == []
    assert book.due(NOW + 5 * HOUR) == [InterruptionDue, announced]
    assert getattr(book.events[-1], moment_field) == NOW + HOUR
    assert book.events[-1].reason == "audit"
    assert book.due(NOW + 5 * HOUR) == []


def test_an_interruption_that_is_heard_after_its_moment_takes_effect_then_and_says_it():
    book = Diary()
    assert book.hear(SuspensionDecided, NOW + HOUR, now=NOW + 2 * HOUR) == [CampaignSuspended]
    assert book.events[-1].suspended_at == NOW + HOUR


def test_what_fell_due_while_nobody_wrote_takes_effect_in_the_order_of_its_moments():
    book = Diary()
    book.submit("a", 1, 1_000)
    book.hear(ClosureDecided, NOW + 4 * HOUR)
    book.hear(SuspensionDecided, NOW + HOUR)
    book.do(decisions.adopt, rules(1_500, 2, effective_at=NOW + 2 * HOUR), NOW)
    book.hear(ResumptionDecided, NOW + 3 * HOUR)
    assert book.due(NOW + 3 * HOUR) == [
        InterruptionDue,
        CampaignSuspended,
        CapChanged,
        InterruptionDue,
        CampaignResumed,
    ]
    assert [one.action for one in book.ledger.interruptions] == [Action.CLOSE]
    assert book.due(NOW + 9 * HOUR) == [InterruptionDue, CampaignClosed]


def test_rules_that_came_into_force_before_older_ones_would_leave_those_behind_whoever_was_away():
    book = Diary()
    book.do(decisions.adopt, rules(3_000, 2, effective_at=NOW + 2 * HOUR), NOW)
    book.do(decisions.adopt, rules(2_000, 3, effective_at=NOW + HOUR), NOW)
    assert book.due(NOW + 3 * HOUR) == [CapChanged]
    assert (book.ledger.cap_cents, book.ledger.scheduled) == (2_000, ())


def test_an_interruption_that_changes_nothing_when_its_moment_comes_is_done_with():
    book = Diary()
    book.hear(SuspensionDecided, NOW + HOUR)
    assert book.hear(SuspensionDecided) == [CampaignSuspended]
    assert book.due(NOW + HOUR) == [InterruptionDue]
    assert (book.ledger.suspended, book.ledger.interruptions) == (True, ())


def test_one_that_is_heard_after_a_later_one_was_carried_out_is_overtaken():
    """The bus was away across the moments: a resumption of before the second suspension is heard after it."""
    book = Diary()
    book.hear(SuspensionDecided)
    book.hear(SuspensionDecided, NOW + 3 * HOUR)
    book.due(NOW + 3 * HOUR)
    assert book.hear(ResumptionDecided, at=NOW + HOUR, now=NOW + 4 * HOUR) == []
    assert book.ledger.suspended
    book = Diary()
    book.hear(ResumptionDecided, NOW + 3 * HOUR)
    book.due(NOW + 3 * HOUR)
    assert book.hear(SuspensionDecided, at=NOW + HOUR, now=NOW + 4 * HOUR) == []
    assert not book.ledger.suspended


def test_a_decision_counts_after_what_was_due_before_it_although_this_clock_is_behind():
    book = Diary()
    book.hear(SuspensionDecided, NOW + HOUR)
    heard = book.hear(ResumptionDecided, at=NOW + 2 * HOUR, now=NOW)
    assert heard == [InterruptionDue, CampaignSuspended, CampaignResumed]
    assert book.due(NOW + 2 * HOUR) == []


def test_a_moment_that_passed_with_an_earlier_one_does_not_turn_time_back():
    book = Diary()
    book.hear(SuspensionDecided, NOW + HOUR)
    book.hear(SuspensionDecided, at=NOW + 2 * HOUR, now=NOW + 2 * HOUR)
    assert book.ledger.turned_at == NOW + HOUR
    book.hear(ResumptionDecided, at=NOW + 3 * HOUR)
    stale = moments.Interruption(campaign_id="c", action=Action.SUSPEND, reason="", effective_at=NOW)
    assert book.ledger.fold(InterruptionDue(interruption=stale, noted_at=NOW)).turned_at == NOW + 3 * HOUR


def test_the_figures_tell_what_takes_effect_when_and_which_rules_were_refused():
    book = Diary()
    book.hear(ClosureDecided, NOW + 2 * HOUR)
    assert book.do(decisions.adopt, rules(100, 2, effective_at=NOW + HOUR), NOW) == [RulesScheduled]
    figures = figures_of("c", book.ledger)
    assert [(one.effective_at, one.action, one.rules_version, one.cap_cents) for one in figures.scheduled] == [
        (NOW + HOUR, Action.RULES, 2, 100),
        (NOW + 2 * HOUR, Action.CLOSE, None, None),
    ]
    assert figures.refused_rules is None
    assert book.submit("a", 1, 101) == [Reserved]
    book.due(NOW + HOUR)
    figures = figures_of("c", book.ledger)
    assert [one.action for one in figures.scheduled] == [Action.CLOSE]
    refused = figures.refused_rules
    assert refused is not None
    assert (refused.rules_version, refused.cap_cents, refused.reason) == (2, 100, "cap-below-engaged")
