"""Jours ouvrés and the deadlines counted in them (DOMAIN rule 7), and months."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

from shared.errors import Refusal
from shared.lending import MONTHS_PER_YEAR

PARIS = ZoneInfo("Europe/Paris")
MAX_BUSINESS_DAYS = 250
SATURDAY = 5

# The second 23:59:59 belongs to the deadline to its end: `lodged_at <= deadline` is then the whole test.
LAST_MOMENT = time(23, 59, 59, 999_999)

METROPOLE = frozenset(f"{number:02}" for number in range(1, 96) if number != 20) | {"2A", "2B"}
# Departments and overseas collectivities with holidays of their own → their name in `holidays`.
SUBDIVISIONS = {
    "57": "57",
    "67": "6AE",
    "68": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
}


class UnknownDepartment(Refusal):
    """A department code that has no calendar."""

    type = "unknown-department"
    title = "Département inconnu"
    status = 422


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Monday to Friday minus the public holidays of a part of France; None is the métropole without Alsace-Moselle."""

    subdivision: str | None = None

    @classmethod
    def for_department(cls, code: str) -> Self:
        """The calendar of a department: `75`, `2A`, `57`, `974` … Raises: UnknownDepartment."""
        if code not in METROPOLE and code not in SUBDIVISIONS:
            raise UnknownDepartment(f"Aucun calendrier de jours ouvrés pour le département « {code} ».")
        return cls(SUBDIVISIONS.get(code))

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in _public_holidays(self.subdivision)

    def deadline(self, received: datetime, business_days: int) -> datetime:
        """The last valid moment, in UTC: 23:59:59.999999 Europe/Paris of the nth business day.

        The day of receipt, in Europe/Paris wherever the bailleur is, does not count.
        """
        assert received.tzinfo is not None, "an aware moment"
        assert 1 <= business_days <= MAX_BUSINESS_DAYS
        day = received.astimezone(PARIS).date()
        left = business_days
        while left:
            day += timedelta(days=1)
            left -= self.is_business_day(day)
        return end_of_day(day)


def end_of_day(day: date) -> datetime:
    """The last moment of a day in Paris, in UTC."""
    return datetime.combine(day, LAST_MOMENT, PARIS).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, MONTHS_PER_YEAR)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@cache
def _public_holidays(subdivision: str | None) -> HolidayBase:
    """Fills itself year by year as it is asked."""
    return country_holidays("FR", subdiv=subdivision)
