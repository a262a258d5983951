"""Taking note of what is announced, and engaging when acceptance and confirmation are both there."""

from datetime import datetime

from services.contracting.domain.engagement import Engagement
from shared.contracts.contracting import BoardConfirmed, Engaged
from shared.events import Event


def receive(engagement: Engagement, event: Event, now: datetime) -> list[Event]:
    """Take note of what another service announced, whatever came before it, and engage when it was the last piece."""
    return [event, *engage(engagement.fold(event), now)]


def engage(engagement: Engagement, now: datetime) -> list[Event]:
    """Engaged once acceptance and confirmation are both there, never after an end (cahier des charges 2.A.7).

    A confirmation counts for what the board saw: never for another premium or a larger principal.
    """
    accepted = engagement.accepted
    if accepted is None or not isinstance(engagement.decision, BoardConfirmed) or engagement.engaged or engagement.end:
        return []
    assert accepted.premium_cents > 0
    return [
        Engaged(
            dossier_id=accepted.dossier_id,
            offer_id=accepted.offer_id,
            premium_cents=accepted.premium_cents,
            engaged_at=now,
        )
    ]
