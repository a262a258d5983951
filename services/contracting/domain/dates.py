"""Calendar days as they are lived in Paris."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def paris_date(moment: datetime) -> date:
    return moment.astimezone(PARIS).date()


def end_of_day(day: date) -> datetime:
    """The last second of a day in Paris, in UTC."""
    return datetime.combine(day, time(23, 59, 59), PARIS).astimezone(UTC)
