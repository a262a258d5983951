from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import (
    MAX_BUSINESS_DAYS,
    METROPOLE,
    PARIS,
    SUBDIVISIONS,
    BusinessCalendar,
    UnknownDepartment,
    months_later,
)

MAINLAND = BusinessCalendar.for_department("75")
departments = st.sampled_from(sorted(METROPOLE | SUBDIVISIONS.keys()))
moments = st.timedeltas(timedelta(0), timedelta(days=16 * 365)).map(datetime(2024, 1, 1, tzinfo=UTC).__add__)
spans = st.integers(1, 60)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def last_day(received: str, business_days: int = 10, department: str = "75") -> str:
    calendar = BusinessCalendar.for_department(department)
    return str(calendar.deadline(paris(received), business_days).astimezone(PARIS).date())


@pytest.mark.parametrize(
    ("received", "last"),
    [
        ("2026-04-30T14:00", "2026-05-19"),  # 1 May, 8 May and Ascension Day
        ("2026-12-17T09:00", "2027-01-04"),  # Christmas and New Year's Day
        ("2026-12-31T23:59:59", "2027-01-15"),
        ("2024-05-17T12:00", "2024-06-03"),  # Whit Monday
        ("2026-06-06T12:00", "2026-06-19"),  # a Saturday
        ("2028-02-28T12:00", "2028-03-13"),  # 29 February counts
    ],
)
def test_ten_business_days_after_the_day_of_receipt(received: str, last: str):
    assert last_day(received) == last


def test_the_last_second_of_the_last_day_in_paris_is_valid_to_its_end():
    deadline = MAINLAND.deadline(paris("2026-04-30T14:00"), 10)
    assert deadline == paris("2026-05-19T23:59:59.999999")
    assert deadline.tzinfo is UTC
    assert deadline + timedelta(microseconds=1) == paris("2026-05-20T00:00")


@pytest.mark.parametrize(
    ("received", "deadline"),
    [
        ("2026-03-27T12:00", "2026-03-30T21:59:59.999999+00:00"),  # summer time begins on 29 March
        ("2026-10-23T12:00", "2026-10-26T22:59:59.999999+00:00"),  # and ends on 25 October
    ],
)
def test_a_deadline_follows_the_clocks_of_paris_over_a_change(received: str, deadline: str):
    assert MAINLAND.deadline(paris(received), 1) == datetime.fromisoformat(deadline)


def test_the_day_of_receipt_is_that_of_paris_wherever_the_bailleur_is():
    before_midnight = datetime(2026, 4, 29, 21, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 4, 29, 22, 1, tzinfo=UTC)
    reunion = BusinessCalendar.for_department("974")
    assert reunion.deadline(before_midnight, 1).astimezone(PARIS).date() == date(2026, 4, 30)
    assert reunion.deadline(after_midnight, 1).astimezone(PARIS).date() == date(2026, 5, 4)


@pytest.mark.parametrize("department", ["57", "67", "68"])
def test_alsace_and_moselle_rest_on_good_friday_and_26_december(department: str):
    assert last_day("2026-04-02T12:00", 1, department) == "2026-04-07"
    assert last_day("2025-12-24T12:00", 1, department) == "2025-12-29"
    assert last_day("2026-04-02T12:00", 1) == "2026-04-03"
    assert last_day("2025-12-24T12:00", 1) == "2025-12-26"


@pytest.mark.parametrize(
    ("department", "holiday"),
    [
        ("971", "2026-05-27"),
        ("972", "2026-05-22"),
        ("973", "2026-06-10"),
        ("974", "2027-12-20"),
        ("976", "2026-04-27"),
        ("977", "2026-10-09"),
        ("978", "2026-05-28"),
    ],
)
def test_overseas_the_abolition_of_slavery_is_a_holiday(department: str, holiday: str):
    day = date.fromisoformat(holiday)
    assert not BusinessCalendar.for_department(department).is_business_day(day)
    assert MAINLAND.is_business_day(day)


def test_every_department_has_a_calendar():
    assert len(METROPOLE) == 96
    for code in ("01", "2A", "2B", "95", *SUBDIVISIONS):
        assert not BusinessCalendar.for_department(code).is_business_day(date(2026, 7, 14))


@pytest.mark.parametrize("code", ["", "1", "20", "96", "2a", "979", "Paris"])
def test_an_unknown_department_is_refused(code: str):
    with pytest.raises(UnknownDepartment):
        BusinessCalendar.for_department(code)


def test_a_naive_moment_or_a_senseless_span_is_a_fault():
    received = paris("2026-01-01")
    for moment, days in ((received.replace(tzinfo=None), 1), (received, 0), (received, MAX_BUSINESS_DAYS + 1)):
        with pytest.raises(AssertionError):
            MAINLAND.deadline(moment, days)


@given(departments, moments, spans)
def test_a_deadline_is_the_end_of_a_business_day_with_that_many_business_days_since(department, received, days):
    calendar = BusinessCalendar.for_department(department)
    first = received.astimezone(PARIS).date()
    last = calendar.deadline(received, days).astimezone(PARIS)
    assert calendar.is_business_day(last.date())
    assert (last.hour, last.minute, last.second) == (23, 59, 59)
    between = (first + timedelta(days=n) for n in range(1, (last.date() - first).days + 1))
    assert sum(map(calendar.is_business_day, between)) == days


@given(departments, moments, spans, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_what_is_received_later_or_given_more_days_never_ends_earlier(department, received, days, later):
    calendar = BusinessCalendar.for_department(department)
    deadline = calendar.deadline(received, days)
    assert received < deadline <= calendar.deadline(received + later, days)
    assert deadline < calendar.deadline(received, days + 1)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 5), 12, date(2027, 1, 5)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 2, 28), 12, date(2024, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date):
    assert months_later(day, months) == later
