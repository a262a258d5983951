"""The end of an offer: its last moment, its reminder, its expiry, and what is known of answers on their way."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.pricing.domain import deadlines
from services.pricing.domain import decisions as domain
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.reading import Reading
from shared.contracts.pricing import AnswerRefusal, OfferExpired, OfferReminderSent
from tests.facts import DOSSIER, document, opinion, profile, submitted
from tests.unit.pricing.samples import GRID, LAST, NOW, SECOND, acceptance, drafted, expired, issued, play, printed

MICROSECOND = timedelta(microseconds=1)
PARIS = ZoneInfo("Europe/Paris")
MINUTE = timedelta(minutes=1)


def issued_on(issued_at: datetime, department: str = "17", days: int = 10) -> Offer:
    """Issued at that moment to a landlord of that department."""
    deposit = submitted()
    landlord = deposit.bailleur.model_copy(update={"department": department})
    rated_on = issued_at.date() - timedelta(days=30)
    pieces = (submitted(bailleur=landlord), profile(rated_on=rated_on), opinion())
    offer = play(Offer(), *pieces, now=issued_at)
    last = deadlines.valid_until(offer, issued_at, days)
    for event in domain.issue(offer, f"{DOSSIER}-1", GRID, issued_at, last, printed(), document(), issued_at):
        offer = offer.fold(event)
    return offer


def in_paris(year: int, month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=PARIS)


# -- the last valid moment ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued_at", "last_second"),
    [
        (in_paris(2026, 4, 30), in_paris(2026, 5, 19, 23, 59, 59)),  # 1, 8 and 14 May are holidays
        (in_paris(2026, 12, 16), in_paris(2026, 12, 31, 23, 59, 59)),  # the last second of the year
        (in_paris(2026, 12, 17), in_paris(2027, 1, 4, 23, 59, 59)),  # 25 December and 1 January
        (in_paris(2026, 3, 18), in_paris(2026, 4, 1, 23, 59, 59)),  # summer time begins on 29 March
        (in_paris(2026, 10, 14), in_paris(2026, 10, 28, 23, 59, 59)),  # winter time begins on 25 October
        (in_paris(2026, 4, 30, 23, 59, 59), in_paris(2026, 5, 19, 23, 59, 59)),  # the day of receipt does not count
    ],
)
def test_an_acceptance_counts_to_the_last_second_of_the_tenth_day_and_not_one_second_later(issued_at, last_second):
    offer = issued_on(issued_at)
    assert play(offer, acceptance(last_second)).status is OfferStatus.ACCEPTED
    late = domain.receive(offer, acceptance(last_second + SECOND), GRID, NOW)[1].model_dump()
    assert (late["reason"], late["valid_until"]) == (AnswerRefusal.TOO_LATE, last_second + SECOND - MICROSECOND)


def test_the_offset_from_utc_is_that_of_the_last_day_and_not_of_the_issue():
    winter_to_summer, summer_to_winter = issued_on(in_paris(2026, 3, 18)), issued_on(in_paris(2026, 10, 14))
    assert winter_to_summer.issued
    assert summer_to_winter.issued
    assert winter_to_summer.issued.valid_until.time().hour == 21
    assert summer_to_winter.issued.valid_until.time().hour == 22


@pytest.mark.parametrize(
    ("department", "issued_at", "last_day"),
    [
        ("17", in_paris(2026, 3, 26), "2026-04-10"),
        ("67", in_paris(2026, 3, 26), "2026-04-13"),  # Good Friday is 3 April
        ("17", in_paris(2026, 5, 11), "2026-05-27"),
        ("972", in_paris(2026, 5, 11), "2026-05-28"),  # 22 May remembers the abolition of slavery
    ],
)
def test_the_holidays_are_those_of_the_landlords_department(department, issued_at, last_day):
    offer = issued_on(issued_at, department)
    assert offer.issued
    assert offer.issued.valid_until.astimezone(PARIS).date().isoformat() == last_day


# -- the reminder ------------------------------------------------------------------------------------------------


def test_the_reminder_is_due_three_jours_ouvres_before_the_last_day():
    assert deadlines.remind_at(issued_on(in_paris(2026, 4, 30))) == in_paris(2026, 5, 13, 9)
    assert deadlines.remind_at(issued_on(in_paris(2026, 12, 17))) == in_paris(2026, 12, 29, 9)


def test_the_reminder_is_sent_once():
    offer = issued_on(in_paris(2026, 4, 30))
    assert deadlines.remind(offer, in_paris(2026, 5, 13, 8, 59, 59)) == []
    (event,) = deadlines.remind(offer, in_paris(2026, 5, 13, 9))
    assert isinstance(event, OfferReminderSent)
    assert event.offer_id == f"{DOSSIER}-1"
    assert deadlines.remind(offer.fold(event), in_paris(2026, 5, 13, 10)) == []


def test_a_reminder_that_could_not_be_sent_in_time_is_sent_late_but_not_after_the_end():
    offer = issued_on(in_paris(2026, 4, 30))
    assert len(deadlines.remind(offer, in_paris(2026, 5, 19, 23, 59, 59))) == 1
    assert deadlines.remind(offer, in_paris(2026, 5, 20, 0)) == []


def test_nobody_is_reminded_of_a_short_offer_or_of_one_that_is_answered():
    assert deadlines.remind_at(issued_on(in_paris(2026, 4, 30), days=3)) is None
    assert deadlines.remind_at(drafted()) is None
    assert deadlines.remind_at(play(issued(), acceptance())) is None


def test_a_new_offer_has_its_own_reminder():
    offer = issued()
    for event in deadlines.remind(offer, LAST):
        offer = offer.fold(event)
    assert deadlines.remind_at(offer) is None
    assert offer.issued
    again = offer.fold(offer.issued.model_copy(update={"offer_id": f"{DOSSIER}-2"}))
    assert deadlines.remind_at(again) is not None


# -- the expiry --------------------------------------------------------------------------------------------------


def test_an_unanswered_offer_expires_once_every_answer_in_time_has_been_read():
    offer = issued()
    assert deadlines.expire(offer, None, LAST + SECOND) == []
    assert deadlines.expire(offer, LAST, LAST + SECOND) == []
    (event,) = deadlines.expire(offer, LAST + MICROSECOND, LAST + MINUTE)
    assert isinstance(event, OfferExpired)
    assert (event.expired_at, event.valid_until) == (LAST + MINUTE, LAST)


def test_an_offer_expires_once():
    assert deadlines.expire(expired(), LAST + timedelta(days=9), LAST + timedelta(days=9)) == []


@pytest.mark.parametrize("offer", [Offer(), drafted(), play(issued(), acceptance())])
def test_only_an_open_offer_expires(offer):
    assert deadlines.expire(offer, LAST + timedelta(days=9), LAST + timedelta(days=9)) == []


# -- what is known of answers on their way -------------------------------------------------------------------------


def test_nothing_is_settled_before_the_first_look():
    assert Reading().settled(timedelta(0)) is None


def test_what_the_topic_held_is_read_when_every_partition_is_handled():
    reading = Reading().looked(NOW, {0: 5, 1: 0}, {0: 4})
    assert reading.read_until is None
    reading = reading.looked(NOW + MINUTE, {0: 5, 1: 0}, {0: 5})
    assert reading.read_until == NOW + MINUTE


def test_under_steady_traffic_an_earlier_look_is_reached():
    reading = Reading().looked(NOW, {0: 5}, {0: 3})
    reading = reading.looked(NOW + MINUTE, {0: 8}, {0: 4})
    assert reading.read_until is None
    reading = reading.looked(NOW + 2 * MINUTE, {0: 9}, {0: 5})
    assert reading.read_until == NOW
    reading = reading.looked(NOW + 3 * MINUTE, {0: 12}, {0: 9})
    assert reading.read_until == NOW + 2 * MINUTE


def test_answers_are_settled_when_the_bus_was_reachable_long_enough():
    reading = Reading().looked(NOW, {0: 1}, {0: 1}).looked(NOW + 9 * MINUTE, {0: 1}, {0: 1})
    assert reading.settled(10 * MINUTE) is None
    assert reading.settled(9 * MINUTE) == NOW
    assert reading.looked(NOW + 15 * MINUTE, {0: 1}, {0: 1}).settled(10 * MINUTE) == NOW + 5 * MINUTE
