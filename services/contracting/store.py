"""Contracting's queries and its views: one document a dossier, a session, a payment."""

from collections.abc import AsyncIterator
from typing import Any

from services.contracting.domain.board import Session
from services.contracting.domain.engagement import Engagement, EngagementState
from services.contracting.domain.payment import Payment, PaymentStatus
from shared.contracts.contracting import BoardConfirmed
from shared.documents import Document, Documents

Rows = AsyncIterator[dict[str, Any]]

# Numbers are per campaign. A dossier whose deposit has not been heard of yet has none and is in no list.
DEPOSIT_ORDER = [("campaign_id", 1), ("deposit_number", 1)]
DEPOSITED = {"deposit_number": {"$gte": 1}}


def render(dossier_id: str, engagement: Engagement) -> Document:
    """The row of a dossier. Days are ISO texts: the database knows moments only."""
    submitted, sent, board = engagement.submitted, engagement.convention, engagement.board
    return {
        "dossier_id": dossier_id,
        "campaign_id": submitted.campaign_id if submitted else None,
        "deposit_number": submitted.deposit_number if submitted else None,
        "bailleur": submitted.bailleur.name if submitted else None,
        "operation": submitted.operation.name if submitted else None,
        "principal_cents": engagement.principal_cents,
        "state": engagement.state.value,
        "favourable": engagement.favourable is not None,
        "accepted": engagement.accepted is not None,
        "board": None if board is None else ("confirmed" if isinstance(board, BoardConfirmed) else "refused"),
        "committed": engagement.committed is not None,
        "ended": engagement.end.value if engagement.end else None,
        "premium_cents": engagement.premium_cents,
        "payment_reference": sent.payment_reference if sent else None,
        "return_by": sent.return_by if sent else None,
        "premium_due_on": sent.premium_due_on.isoformat() if sent else None,
        "return_awaited_until": engagement.return_awaited_until,
        "premium_awaited_until": engagement.premium_awaited_until,
        "to_check": engagement.to_check is not None,
        "to_examine": engagement.to_examine is not None,
        "signed": engagement.signed is not None,
        "paid": engagement.paid is not None,
        "paid_cents": engagement.paid_cents,
        "outstanding_cents": engagement.outstanding_cents,
        "to_return_cents": engagement.to_return_cents,
        "convention_outdated": engagement.convention_outdated,
        "transmission_pending": engagement.transmission_pending,
    }


def render_session(session_id: str, session: Session) -> Document:
    return {
        "session_id": session_id,
        "closed": session.closed is not None,
        "decisions": len(session.decisions),
    }


def render_payment(payment_id: str, payment: Payment) -> Document:
    received = payment.received
    return {
        "payment_id": payment_id,
        "reference": received.reference if received else None,
        "amount_cents": received.amount_cents if received else None,
        "received_on": received.received_on.isoformat() if received else None,
        "recorded_at": received.recorded_at if received else None,
        "dossier_id": payment.matched.dossier_id if payment.matched else None,
        "status": payment.status.value,
    }


def listed(view: Documents, state: EngagementState | None, skip: int, limit: int) -> Rows:
    """Engagements in deposit order."""
    query = DEPOSITED if state is None else DEPOSITED | {"state": state.value}
    return view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


def agenda(view: Documents, skip: int, limit: int) -> Rows:
    """What the board has to decide, in deposit order."""
    query = DEPOSITED | {"favourable": True, "ended": None, "board": None}
    return view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


def sessions(view: Documents, skip: int, limit: int) -> Rows:
    """Board sessions, the latest first."""
    return view.find({}, sort=[("session_id", -1)], skip=skip, limit=limit)


def overpaid(view: Documents, skip: int, limit: int) -> Rows:
    """Dossiers whose money is to be returned, in part or wholly."""
    return view.find({"to_return_cents": {"$gt": 0}}, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


def to_examine(view: Documents) -> Rows:
    """Returned conventions whose signatures nobody has read yet."""
    return view.find({"to_examine": True})


def pending_transmissions(view: Documents) -> Rows:
    return view.find({"transmission_pending": True})


def unmatched(payments: Documents, skip: int, limit: int) -> Rows:
    """Payments no dossier is known for, the oldest first."""
    query = {"status": PaymentStatus.UNMATCHED.value}
    return payments.find(query, sort=[("recorded_at", 1)], skip=skip, limit=limit)


def unbooked(payments: Documents) -> Rows:
    """Payments whose dossier is known and whose counting was interrupted."""
    return payments.find({"status": PaymentStatus.MATCHED.value})


async def dossier_of(view: Documents, reference: str) -> str | None:
    """The one dossier a payment reference was given to; None when there is none, or more than one."""
    found = [row["dossier_id"] async for row in view.find({"payment_reference": reference}, limit=2)]
    return found[0] if len(found) == 1 else None
