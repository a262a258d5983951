"""How long what is guaranteed may run."""

from datetime import datetime

from services.contracting.domain.dates import paris_date
from shared.calendar import end_of_day, months_later
from shared.contracts.values import Loan
from shared.lending import MONTHS_PER_YEAR


def longest(loans: tuple[Loan, ...]) -> Loan:
    """The loan that ends last: the years of its amortisation, after the months of its prefinancing."""
    return max(loans, key=_months)


def runs_until(loans: tuple[Loan, ...], since: datetime) -> datetime:
    """The last moment at which a loan that begins at `since` may still run."""
    return end_of_day(months_later(paris_date(since), _months(longest(loans))))


def _months(loan: Loan) -> int:
    return loan.duration_years * MONTHS_PER_YEAR + loan.prefinancing_months
