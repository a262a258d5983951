"""What takes effect at a stated moment: rules, suspensions, resumptions and the closure, in the order of their moments.

A writer that was away applies them one after the other, as if it had been there. The moments are those two people
stated, so a suspension says the same moment whenever it was carried out.
"""

from datetime import datetime

from services.envelope.domain.campaign import Action
from services.envelope.domain.decisions import follow
from services.envelope.domain.facts import Interruption, InterruptionDue, InterruptionScheduled
from services.envelope.domain.ledger import Ledger
from services.envelope.domain.refusals import UnknownCampaign
from shared.contracts.envelope import (
    CampaignClosed,
    CampaignResumed,
    CampaignSuspended,
    ClosureDecided,
    ResumptionDecided,
    SuspensionDecided,
)
from shared.contracts.values import CampaignRules
from shared.events import Event

ACTIONS = {SuspensionDecided: Action.SUSPEND, ResumptionDecided: Action.RESUME, ClosureDecided: Action.CLOSE}


def follow_due(ledger: Ledger, now: datetime) -> list[Event]:
    """Everything whose moment has come."""
    events = list[Event]()
    while (due := _next_due(ledger, now)) is not None:
        taken = follow(ledger, due, now) if isinstance(due, CampaignRules) else _fall_due(ledger, due, now)
        for event in taken:
            ledger = ledger.fold(event)
        events += taken
    return events


def interrupt(
    ledger: Ledger, decided: SuspensionDecided | ResumptionDecided | ClosureDecided, now: datetime
) -> list[Event]:
    """No deposits until resumed, or none any more: from the decision on, or when its stated moment comes.

    What is deposited goes on, and numbers given before are still decided. A campaign whose rules wait for their moment
    can be stopped, and opens as it stands then.

    Raises: UnknownCampaign where no rules were ever adopted.
    """
    if ledger.rules is None and not ledger.scheduled:
        raise UnknownCampaign("Cette campagne n'a de règles ni en vigueur, ni à venir.")
    interruption = Interruption(
        campaign_id=decided.campaign_id,
        action=ACTIONS[type(decided)],
        reason=getattr(decided, "reason", ""),
        effective_at=decided.effective_at or decided.decided_at,
    )
    if decided.effective_at is not None and decided.effective_at > now:
        known = interruption in ledger.interruptions
        return [] if known else [InterruptionScheduled(interruption=interruption, noted_at=now)]
    events = list[Event]()
    # Those who decided it took what was due by then for done, whatever this process's clock says.
    for one in _in_order(ledger.interruptions):
        if one.effective_at <= decided.decided_at:
            due = _fall_due(ledger, one, now)
            for event in due:
                ledger = ledger.fold(event)
            events += due
    return [*events, *_carried_out(ledger, interruption)]


def _next_due(ledger: Ledger, now: datetime) -> CampaignRules | Interruption | None:
    """The earliest; rules before an interruption of the same moment."""
    first = min([*ledger.scheduled, *ledger.interruptions], key=lambda one: one.effective_at, default=None)
    return first if first is not None and first.effective_at <= now else None


def _in_order(interruptions: tuple[Interruption, ...]) -> list[Interruption]:
    return sorted(interruptions, key=lambda one: one.effective_at)


def _fall_due(ledger: Ledger, interruption: Interruption, now: datetime) -> list[Event]:
    return [InterruptionDue(interruption=interruption, noted_at=now), *_carried_out(ledger, interruption)]


def _carried_out(ledger: Ledger, one: Interruption) -> list[Event]:
    """What it changes. One that is heard after a later one was carried out is overtaken: the later moment holds."""
    overtaken = ledger.turned_at is not None and one.effective_at < ledger.turned_at
    match one.action:
        case Action.CLOSE if not ledger.closed:
            return [CampaignClosed(campaign_id=one.campaign_id, closed_at=one.effective_at, reason=one.reason)]
        case Action.SUSPEND if not (ledger.suspended or ledger.closed or overtaken):
            return [CampaignSuspended(campaign_id=one.campaign_id, suspended_at=one.effective_at, reason=one.reason)]
        case Action.RESUME if ledger.suspended and not (ledger.closed or overtaken):
            return [CampaignResumed(campaign_id=one.campaign_id, resumed_at=one.effective_at)]
        case _:
            return []
