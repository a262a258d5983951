"""What a bailleur is told by mail of its offer: that it is there, that it ends soon (DOMAIN, The eight steps, 5)."""

from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import Notice, OfferNoticeMailed
from services.intake.domain.status import PublicStatus
from shared.contracts.pricing import OfferReminderSent
from shared.events import Event

ANSWERABLE = frozenset({PublicStatus.OFFER_ISSUED, PublicStatus.BOARD_CONFIRMED})


def due(dossier: Dossier) -> Notice | None:
    """The one thing to tell of the offer that awaits its answer; a reminder spares the news of the issue."""
    offer = dossier.offer
    if offer is None or dossier.status not in ANSWERABLE or dossier.answer_to(offer.offer_id):
        return None
    reminders = {entry.event.offer_id for entry in dossier.entries if isinstance(entry.event, OfferReminderSent)}
    notice = Notice.REMINDER if offer.offer_id in reminders else Notice.ISSUED
    return None if (offer.offer_id, notice) in dossier.told else notice


def mailed(dossier: Dossier, done: OfferNoticeMailed) -> list[Event]:
    """Once an offer and notice."""
    return [] if (done.offer_id, done.notice) in dossier.told else [done]
