"""Pricing's queries and its view: one document a dossier."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from services.pricing.domain.deadlines import remind_at
from services.pricing.domain.offer import Offer, OfferStatus
from shared.contracts.intake import DOSSIER_TOPIC
from shared.documents import Document, Documents


def render(dossier_id: str, offer: Offer) -> Document:
    """The row of a dossier in lists. Staff only; no rating here all the same."""
    submitted, current = offer.submitted, offer.issued
    shown = offer.draft or current
    return {
        "dossier_id": dossier_id,
        "status": offer.status.value,
        "deposit_number": submitted.deposit_number if submitted else None,
        "bailleur": submitted.bailleur.name if submitted else None,
        "operation": submitted.operation.name if submitted else None,
        "draft_id": offer.draft.offer_id if offer.draft else None,
        "offer_id": current.offer_id if current else None,
        "premium_cents": shown.premium_cents if shown else None,
        "valid_until": current.valid_until if current else None,
        "remind_at": remind_at(offer),
        "contested": offer.awaits_conclusion,
    }


def issued_until(view: Documents, moment: datetime) -> AsyncIterator[dict[str, Any]]:
    """Offers still open whose last valid moment is before `moment`."""
    return view.find({"status": OfferStatus.ISSUED.value, "valid_until": {"$lt": moment}})


def remindable_until(view: Documents, now: datetime) -> AsyncIterator[dict[str, Any]]:
    """Offers whose reminder is due and not sent."""
    return view.find({"status": OfferStatus.ISSUED.value, "remind_at": {"$lt": now}})


async def waiting_answers(parked: Documents, dossier_id: str) -> int:
    """How many messages of intake about a dossier came early and wait for those before them."""
    return await parked.count({"topic": DOSSIER_TOPIC, "key": dossier_id})


def listed(
    view: Documents, status: OfferStatus | None, contested: bool | None, skip: int, limit: int
) -> AsyncIterator[dict[str, Any]]:
    """Offers in deposit order."""
    query: dict[str, Any] = {} if status is None else {"status": status.value}
    if contested is not None:
        query["contested"] = contested
    return view.find(query, sort=[("deposit_number", 1)], skip=skip, limit=limit)
