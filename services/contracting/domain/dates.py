"""Calendar days as they are lived in Paris."""

from datetime import UTC, date, datetime

from shared.calendar import LAST_MOMENT, PARIS


def paris_date(moment: datetime) -> date:
    return moment.astimezone(PARIS).date()


def end_of_day(day: date) -> datetime:
    """The last moment of a day in Paris, in UTC."""
    return datetime.combine(day, LAST_MOMENT, PARIS).astimezone(UTC)
