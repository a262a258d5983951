"""Contracting's queries and its views: one document a dossier, a session, a payment."""

from collections.abc import AsyncIterator
from typing import Any

from services.contracting.domain.acte import channels_left
from services.contracting.domain.board import AgendaItem, Decision, Session
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Direction, PaymentReceived
from services.contracting.domain.payment import Payment, PaymentStatus, Queue
from services.contracting.domain.returns import expected_cents
from services.contracting.domain.screening import Screening
from services.contracting.domain.statement import Import
from services.contracting.domain.states import ENDED, EngagementState
from shared.contracts.contracting import BoardConfirmed
from shared.documents import Document, Documents

Rows = AsyncIterator[dict[str, Any]]

# Numbers are per campaign. A dossier whose deposit has not been heard of yet has none and is in no list.
DEPOSIT_ORDER = [("campaign_id", 1), ("deposit_number", 1)]
DEPOSITED = {"deposit_number": {"$gte": 1}}


def render(dossier_id: str, engagement: Engagement) -> Document:
    """The row of a dossier. Days are ISO texts: the database knows moments only."""
    submitted, sent, board = engagement.submitted, engagement.convention, engagement.decision
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
        "adjourned_on": engagement.adjourned.session_date.isoformat() if engagement.adjourned else None,
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
        "promised_cents": engagement.account.promised_cents,
        "outstanding_cents": engagement.outstanding_cents,
        "to_return_cents": engagement.to_return_cents,
        "convention_outdated": engagement.convention_outdated,
        "transmission_pending": engagement.transmission_pending or bool(channels_left(engagement)),
        "acte_name": engagement.deliveries[0].proof.name if engagement.deliveries else None,
        "acknowledged": engagement.acknowledged is not None,
    }


def render_session(session_id: str, session: Session) -> Document:
    """`decided` are the dossiers confirmed or refused: no other session may decide them before the announcement."""
    settled = (line.dossier_id for line in session.decisions if line.decision is not Decision.ADJOURN)
    return {
        "session_id": session_id,
        "status": session.status.value,
        "items": len(session.agenda),
        "decisions": len(session.decisions),
        "decided": sorted(settled),
        "announced": session.announced is not None,
        "announcing": session.signed_off is not None and session.announced is None,
    }


def render_screening(dossier_id: str, state: Screening) -> Document:
    """Figures only: the names stay in the journal."""
    return {
        "dossier_id": dossier_id,
        "open_alerts": len(state.open_alerts),
        "screened_at": max((one.screened_at for one in state.made), default=None),
    }


def render_payment(payment_id: str, payment: Payment) -> Document:
    received = payment.received
    return {
        "payment_id": payment_id,
        "reference": received.reference if received else None,
        "amount_cents": received.amount_cents if received else None,
        "received_on": received.received_on.isoformat() if received else None,
        "recorded_at": received.recorded_at if received else None,
        "direction": received.direction.value if received else None,
        "payer": received.payer if received else None,
        "end_to_end_id": received.end_to_end_id if received else None,
        "bank_reference": received.bank_reference if received else None,
        "dossier_id": payment.dossier_id,
        "basis": payment.matched.basis.value if payment.matched else None,
        "duplicate_of": payment.held.duplicate_of if payment.held else None,
        "to_return_cents": payment.to_return.amount_cents if payment.to_return else 0,
        "left_cents": payment.left_cents,
        "expected_cents": expected_cents(payment),
        "entered_by": received.entered_by if received else None,
        "confirmed_by": payment.confirmed.confirmed_by if payment.confirmed else None,
        "ended": payment.due_back.ended if payment.due_back else None,
        "settling": payment.applied is not None and payment.settled is None,
        "taken_back_by": [shown.debit_id for shown in payment.shown],
        "booked": payment.booked is not None,
        "closed": payment.closed,
        "queue": payment.queue.value if payment.queue else None,
        "status": payment.status.value,
    }


def render_statement(_: str, state: Import) -> Document:
    imported = state.imported
    entries = imported.statement.entries if imported else ()
    return {
        "statement_id": imported.statement.statement_id if imported else None,
        "imported_at": imported.imported_at if imported else None,
        "opening_cents": imported.statement.opening_cents if imported else None,
        "closing_cents": imported.statement.closing_cents if imported else None,
        "entries": len(entries),
        "credit_cents": sum(one.amount_cents for one in entries if one.direction is Direction.CREDIT),
        "debit_cents": sum(one.amount_cents for one in entries if one.direction is Direction.DEBIT),
        "file_sha256": imported.file.sha256 if imported and imported.file else None,
        "processed": state.processed,
    }


def listed(view: Documents, state: EngagementState | None, skip: int, limit: int) -> Rows:
    """Engagements in deposit order."""
    query = DEPOSITED if state is None else DEPOSITED | {"state": state.value}
    return view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


def agenda(view: Documents, skip: int, limit: int) -> Rows:
    """What the board has to decide, in deposit order."""
    query = DEPOSITED | {"favourable": True, "ended": None, "board": None}
    return view.find(query, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


def agenda_item(row: dict[str, Any]) -> AgendaItem:
    return AgendaItem.model_validate({name: row[name] for name in AgendaItem.model_fields})


def unannounced(view: Documents) -> Rows:
    """Sessions whose decisions nobody else has heard of yet."""
    return view.find({"announced": False})


def announcing(view: Documents) -> Rows:
    """Sessions that are signed and whose announcement was interrupted."""
    return view.find({"announcing": True})


def sessions(view: Documents, skip: int, limit: int) -> Rows:
    """Board sessions, the latest first."""
    return view.find({}, sort=[("session_id", -1)], skip=skip, limit=limit)


def overpaid(view: Documents, skip: int, limit: int) -> Rows:
    """Dossiers whose money is to be returned, in part or wholly."""
    return view.find({"to_return_cents": {"$gt": 0}}, sort=DEPOSIT_ORDER, skip=skip, limit=limit)


async def money_held(payments: Documents, dossiers: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The counted payments that have not wholly gone back, by dossier, the oldest first."""
    held: dict[str, list[dict[str, Any]]] = {dossier_id: [] for dossier_id in dossiers}
    query = {"dossier_id": {"$in": dossiers}, "booked": True, "left_cents": {"$gt": 0}}
    async for row in payments.find(query, sort=[("received_on", 1), ("recorded_at", 1)]):
        held[row["dossier_id"]].append(row)
    return held


def to_examine(view: Documents) -> Rows:
    """Returned conventions whose signatures nobody has read yet."""
    return view.find({"to_examine": True})


def pending_transmissions(view: Documents) -> Rows:
    return view.find({"transmission_pending": True})


def unacknowledged(view: Documents) -> Rows:
    """Every transmitted acte the BdT has not acknowledged."""
    return view.find({"acte_name": {"$gt": ""}, "acknowledged": False})


def unmatched(payments: Documents, skip: int, limit: int) -> Rows:
    """Payments no dossier is known for, the oldest first."""
    query = {"queue": Queue.UNKNOWN.value, "direction": Direction.CREDIT.value}
    return payments.find(query, sort=[("recorded_at", 1)], skip=skip, limit=limit)


def queued(payments: Documents, queue: Queue, dossiers: list[str] | None, skip: int, limit: int) -> Rows:
    """A queue's bank entries, the oldest first; with `dossiers`, of those only."""
    query: dict[str, Any] = {"queue": queue.value}
    if dossiers is not None:
        query["dossier_id"] = {"$in": dossiers}
    return payments.find(query, sort=[("recorded_at", 1)], skip=skip, limit=limit)


async def dossiers_in(view: Documents, queue: Queue) -> list[str] | None:
    """The dossiers a queue is about: premium incomplete, or too much money; None when it is about any."""
    match queue:
        case Queue.PARTIAL:
            query = {"outstanding_cents": {"$gt": 0}, "paid_cents": {"$gt": 0}}
        case Queue.OVER:
            query = {"to_return_cents": {"$gt": 0}}
        case _:
            return None
    return [row["dossier_id"] async for row in view.find(query)]


def undone_by(debit: PaymentReceived) -> list[dict[str, Any]]:
    """How to look for the credit a debit takes back, the surest first.

    By reference alone it is a return that was decided or made; money that nobody returned is taken only when the bank
    says so, for two payments of one premium bear the same reference and amount.
    """
    credit = {"direction": Direction.CREDIT.value}
    returned = credit | {"expected_cents": debit.amount_cents}
    whole = credit | {"left_cents": debit.amount_cents, "closed": False}
    ways: list[dict[str, Any]] = [{"taken_back_by": debit.payment_id}]
    if debit.end_to_end_id:
        ways += [one | {"end_to_end_id": debit.end_to_end_id} for one in (returned, whole)]
    if debit.reference:
        by_reference = (returned, whole) if debit.reversal else (returned,)
        ways += [one | {"reference": debit.reference} for one in by_reference]
    return ways


def promising(view: Documents) -> Rows:
    """Dossiers with money that is promised back and has not left."""
    return view.find({"promised_cents": {"$gt": 0}})


def settling(payments: Documents) -> Rows:
    """Debits that were applied to a credit which does not show them yet."""
    return payments.find({"settling": True})


async def ended_with_money(view: Documents, payments: Documents) -> list[dict[str, Any]]:
    """The counted payments of dossiers that ended without an acte whose own streams do not say so yet."""
    query = {"state": {"$in": [state.value for state in ENDED]}, "to_return_cents": {"$gt": 0}}
    held = await money_held(payments, [row["dossier_id"] async for row in view.find(query)])
    return [row for rows in held.values() for row in rows if not row.get("ended")]


def statements(view: Documents, skip: int, limit: int) -> Rows:
    """Imported statements, the latest first."""
    return view.find({}, sort=[("imported_at", -1)], skip=skip, limit=limit)


def unprocessed(view: Documents) -> Rows:
    """Statements whose entries were not all taken in."""
    return view.find({"processed": False})


def alerts(view: Documents, skip: int, limit: int) -> Rows:
    """Dossiers with an alert to conclude, the oldest screening first."""
    return view.find({"open_alerts": {"$gt": 0}}, sort=[("screened_at", 1)], skip=skip, limit=limit)


def awaiting(view: Documents, amount_cents: int) -> Rows:
    """Dossiers whose called premium lacks exactly this amount."""
    return view.find({"outstanding_cents": amount_cents, "ended": None})


def unbooked(payments: Documents) -> Rows:
    """Payments whose dossier is known and whose counting was interrupted."""
    return payments.find({"status": PaymentStatus.MATCHED.value})


async def dossier_of(view: Documents, reference: str) -> str | None:
    """The one dossier a payment reference was given to; None when there is none, or more than one."""
    found = [row["dossier_id"] async for row in view.find({"payment_reference": reference}, limit=2)]
    return found[0] if len(found) == 1 else None
