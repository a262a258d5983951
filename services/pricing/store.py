"""Pricing's queries and its view: one document a dossier."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from services.pricing.domain.offer import Offer, OfferStatus
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
    }


def issued_until(view: Documents, now: datetime) -> AsyncIterator[dict[str, Any]]:
    """Offers still open whose last valid moment is before `now`."""
    return view.find({"status": OfferStatus.ISSUED.value, "valid_until": {"$lt": now}})


def listed(view: Documents, status: OfferStatus | None, skip: int, limit: int) -> AsyncIterator[dict[str, Any]]:
    """Offers in deposit order."""
    query = {} if status is None else {"status": status.value}
    return view.find(query, sort=[("deposit_number", 1)], skip=skip, limit=limit)
