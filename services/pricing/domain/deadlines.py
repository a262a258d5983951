"""What time does to an issued offer: its last valid moment, its reminder, its expiry (docs/adr/0016)."""

from datetime import UTC, datetime, time, timedelta

from services.pricing.domain.offer import Offer, OfferStatus
from shared.calendar import PARIS, BusinessCalendar
from shared.contracts.pricing import OfferExpired, OfferReminderSent
from shared.events import Event

REMINDER_BUSINESS_DAYS = 3
REMINDER_TIME = time(9)


def valid_until(offer: Offer, issued_at: datetime, validity_business_days: int) -> datetime:
    """The last valid moment: jours ouvrés of the bailleur's department, the day of receipt excluded (DOMAIN rule 7;
    cahier des charges 2.A.5). An offer is received as it is issued, being handed over on the platform and nowhere else.
    """
    return _calendar(offer).deadline(issued_at, validity_business_days)


def remind_at(offer: Offer) -> datetime | None:
    """09:00 in Paris, three jours ouvrés before the last day; None when the offer was issued after that, is
    reminded of, or is not open.
    """
    if offer.status is not OfferStatus.ISSUED or offer.issued is None or offer.reminded == offer.issued.offer_id:
        return None
    calendar, day = _calendar(offer), offer.issued.valid_until.astimezone(PARIS).date()
    left = REMINDER_BUSINESS_DAYS
    while left:
        day -= timedelta(days=1)
        left -= calendar.is_business_day(day)
    moment = datetime.combine(day, REMINDER_TIME, PARIS).astimezone(UTC)
    return moment if moment > offer.issued.issued_at else None


def remind(offer: Offer, now: datetime) -> list[Event]:
    """The reminder, once; it serves no more when the offer is over."""
    due = remind_at(offer)
    if due is None or offer.issued is None or not due <= now <= offer.issued.valid_until:
        return []
    return [
        OfferReminderSent(
            dossier_id=offer.issued.dossier_id,
            offer_id=offer.issued.offer_id,
            valid_until=offer.issued.valid_until,
            sent_at=now,
        )
    ]


def expire(offer: Offer, answers_read_until: datetime | None, now: datetime) -> list[Event]:
    """Expire an offer that nobody answered in time; nothing to do otherwise.

    `answers_read_until`: every answer lodged up to then has been read; None when that is not known.
    """
    if offer.status is not OfferStatus.ISSUED or offer.issued is None:
        return []
    if answers_read_until is None or answers_read_until <= offer.issued.valid_until:
        return []
    return [
        OfferExpired(
            dossier_id=offer.issued.dossier_id,
            offer_id=offer.issued.offer_id,
            expired_at=now,
            valid_until=offer.issued.valid_until,
        )
    ]


def _calendar(offer: Offer) -> BusinessCalendar:
    assert offer.submitted is not None, "an offer is made on a deposit"
    return BusinessCalendar.for_department(offer.submitted.bailleur.department)
