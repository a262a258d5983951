"""What envelope announces. Both topics are fed by one stream a campaign: the ledger."""

from enum import StrEnum
from typing import ClassVar

from shared.contracts.values import CampaignRules
from shared.events import Event, UtcDatetime

CAMPAIGN_TOPIC = "envelope.campaign.v1"
RESERVATION_TOPIC = "envelope.reservation.v1"
BUDGET_TOPIC = "envelope.budget.v1"


class RulesAdopted(Event):
    """Two people agreed on a version of the rules; the ledger takes it from here."""

    topic: ClassVar[str | None] = CAMPAIGN_TOPIC
    rules: CampaignRules
    adopted_at: UtcDatetime


class SuspensionDecided(Event):
    """Holds from `effective_at` on; without it, as in the two that follow, from its decision on."""

    topic: ClassVar[str | None] = CAMPAIGN_TOPIC
    campaign_id: str
    decided_at: UtcDatetime
    reason: str = ""
    effective_at: UtcDatetime | None = None


class ResumptionDecided(Event):
    topic: ClassVar[str | None] = CAMPAIGN_TOPIC
    campaign_id: str
    decided_at: UtcDatetime
    effective_at: UtcDatetime | None = None


class ClosureDecided(Event):
    topic: ClassVar[str | None] = CAMPAIGN_TOPIC
    campaign_id: str
    decided_at: UtcDatetime
    reason: str = ""
    effective_at: UtcDatetime | None = None


class Reserved(Event):
    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    deposit_number: int
    amount_cents: int
    reserved_at: UtcDatetime


class Waitlisted(Event):
    """No room; `place` counts from 1 at the head."""

    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    deposit_number: int
    amount_cents: int
    place: int
    waitlisted_at: UtcDatetime


class RefusalGround(StrEnum):
    NO_ROOM = "no_room"
    AMOUNT_ABOVE_CAP = "amount_above_cap"
    INVALID_AMOUNT = "invalid_amount"


class ReservationRefused(Event):
    """There is no room and the campaign's rule is `close`, or the amount is none, or above the cap in force. One who
    waits is refused when the cap is lowered below its amount.
    """

    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    deposit_number: int
    amount_cents: int
    refused_at: UtcDatetime
    ground: RefusalGround = RefusalGround.NO_ROOM


class Promoted(Event):
    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    deposit_number: int
    amount_cents: int
    promoted_at: UtcDatetime


class ReservationReduced(Event):
    """The loans were reduced: so much less is reserved (or waited for)."""

    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    amount_cents: int
    reduced_by_cents: int
    reduced_at: UtcDatetime


class Committed(Event):
    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    amount_cents: int
    committed_at: UtcDatetime


class Released(Event):
    """The amount returned (0 when the dossier only waited); `reason` is the type of the event that caused it."""

    topic: ClassVar[str | None] = RESERVATION_TOPIC
    campaign_id: str
    dossier_id: str
    amount_cents: int
    reason: str
    released_at: UtcDatetime


class CampaignOpened(Event):
    """The first rules of a campaign are in force; deposits are taken from `rules.opens_at` on."""

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    rules: CampaignRules
    opened_at: UtcDatetime


class RulesChanged(Event):
    """Rules other than the cap changed."""

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    rules: CampaignRules
    changed_at: UtcDatetime


class CapChanged(Event):
    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    cap_cents: int
    previous_cap_cents: int
    rules: CampaignRules
    changed_at: UtcDatetime


class CampaignSuspended(Event):
    """No deposit until resumed. `suspended_at` is the moment two people stated or, without one, that of their decision,
    as in the two that follow.
    """

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    suspended_at: UtcDatetime
    reason: str = ""


class CampaignResumed(Event):
    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    resumed_at: UtcDatetime


class CampaignClosed(Event):
    """No deposit any more, for good. What was deposited before is still decided, and those who wait may be promoted."""

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    closed_at: UtcDatetime
    reason: str = ""


class EnvelopeExhausted(Event):
    """The first dossier had to wait, or was refused; said again when it happens again after EnvelopeReplenished."""

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    exhausted_at: UtcDatetime
    available_cents: int


class EnvelopeReplenished(Event):
    """The end of an exhaustion: room came back, or who waited for it left, and nobody waits any more."""

    topic: ClassVar[str | None] = BUDGET_TOPIC
    campaign_id: str
    replenished_at: UtcDatetime
    available_cents: int
