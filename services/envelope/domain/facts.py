"""The ledger's private facts: they stay in its stream."""

from services.envelope.domain.campaign import Action
from shared.contracts.values import CampaignRules
from shared.events import Event, UtcDatetime, Value


class EpochBegan(Event):
    """A writer took over; nothing of an older epoch may follow (ARCHITECTURE, The ledger)."""

    epoch: int
    writer: str
    began_at: UtcDatetime


class SubmissionHeld(Event):
    """A submission whose number is not next: it waits for the missing ones."""

    dossier_id: str
    deposit_number: int
    amount_cents: int
    held_at: UtcDatetime


class ReleaseAnticipated(Event):
    """A release that came before its reservation; it voids it when it comes."""

    dossier_id: str
    reason: str
    noted_at: UtcDatetime


class SubmissionVoided(Event):
    """The reservation of a dossier released beforehand: its number is decided, nothing is reserved."""

    dossier_id: str
    deposit_number: int
    amount_cents: int
    voided_at: UtcDatetime


class RulesScheduled(Event):
    """Adopted rules whose moment has not come."""

    rules: CampaignRules
    noted_at: UtcDatetime


class RulesRefused(Event):
    """Adopted rules the ledger may not follow; `reason` is a stable word."""

    rules: CampaignRules
    reason: str
    refused_at: UtcDatetime


class Interruption(Value):
    """A suspension, resumption or closure with the moment two people stated for it."""

    campaign_id: str
    action: Action
    reason: str
    effective_at: UtcDatetime


class InterruptionScheduled(Event):
    """An interruption whose moment has not come."""

    interruption: Interruption
    noted_at: UtcDatetime


class InterruptionDue(Event):
    """Its moment has come; what it changes, if anything, follows."""

    interruption: Interruption
    noted_at: UtcDatetime
