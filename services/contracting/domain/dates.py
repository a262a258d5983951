"""Calendar days as they are lived in Paris."""

from datetime import date, datetime

from shared.calendar import PARIS


def paris_date(moment: datetime) -> date:
    return moment.astimezone(PARIS).date()
