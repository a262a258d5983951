"""The minutes of a board session as a PDF: a function of the session's journal alone."""

from datetime import datetime
from typing import Any

from services.contracting.domain.board import AgendaItem, BoardDecisionRecorded, Decision, Presence, Session
from services.contracting.domain.votes import casting_vote
from shared.money import format_euros
from shared.typeset import french_date, french_day, french_moment, render

# The version that is printed today. A released one is never edited; a change of text or of look is a new directory.
TEMPLATES = "v1"
DECISIONS = {Decision.CONFIRM: "Confirmé", Decision.REFUSE: "Refusé", Decision.ADJOURN: "Ajourné"}
PRESENCES = {Presence.PRESENT: "Présent", Presence.EXCUSED: "Excusé"}


async def render_minutes(
    session: Session, struck: tuple[str, ...], written_at: datetime, templates: str = TEMPLATES
) -> bytes:
    """The same bytes for the same session, struck items and moment."""
    opened = session.opened
    assert opened is not None
    assert session.chair_id is not None, "nothing is written before a chair is named"
    gone = [item for item in session.agenda if item.dossier_id in struck]
    decided = [(item, line) for item in session.agenda if (line := session.decision(item.dossier_id))]
    names = {member.member_id: member.name for member in session.members}
    data = {
        "session": opened.session_id,
        "held_on": french_day(opened.session_date),
        "made_on": french_date(written_at),
        "made_at": french_moment(written_at),
        "chair": names[session.chair_id],
        "quorum": {
            "version": opened.quorum.version,
            "members": opened.quorum.members,
            "minimum": opened.quorum.minimum_present,
            "present": len(session.present),
            "casting": opened.quorum.casting_vote,
        },
        "members": [{"name": member.name, "presence": PRESENCES[member.presence]} for member in session.members],
        "decisions": [_decision(session, names, item, line) for item, line in decided],
        "struck": [_item(item) for item in gone],
        "totals": [_total(decided, decision) for decision in Decision],
    }
    return await render(f"services/contracting/templates/{templates}/minutes.typ", data, at=written_at)


def _item(item: AgendaItem) -> dict[str, Any]:
    return {
        "deposit_number": item.deposit_number,
        "campaign": item.campaign_id,
        "bailleur": item.bailleur,
        "operation": item.operation,
        "adjourned_on": french_day(item.adjourned_on) if item.adjourned_on else None,
    }


def _decision(session: Session, names: dict[str, str], item: AgendaItem, line: BoardDecisionRecorded) -> dict[str, Any]:
    votes = {"in_favour": line.votes.in_favour, "against": line.votes.against, "abstained": line.votes.abstained}
    return _item(item) | {
        "principal": format_euros(line.principal_cents),
        "premium": None if line.premium_cents is None else format_euros(line.premium_cents),
        "decision": DECISIONS[line.decision],
        "reason": line.reason,
        "deciding": len(session.deciders(item.dossier_id)),
        "recused": [member.name for member in session.members if member.member_id in session.recused(item.dossier_id)],
        "votes": {kind: [names[member_id] for member_id in cast] for kind, cast in votes.items()},
        "casting": casting_vote(session, line),
    }


def _total(decided: list[tuple[AgendaItem, BoardDecisionRecorded]], decision: Decision) -> dict[str, Any]:
    amounts = [line.principal_cents for _, line in decided if line.decision is decision]
    return {"decision": DECISIONS[decision], "count": len(amounts), "principal": format_euros(sum(amounts))}
