"""What instruction announces. The rating has a topic of its own, for pricing alone (DOMAIN rule 11)."""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

from shared.events import Event, UtcDatetime

REVIEW_TOPIC = "instruction.review.v1"
PROFILE_TOPIC = "instruction.profile.v1"


class Opinion(StrEnum):
    FAVOURABLE = "favourable"
    UNFAVOURABLE = "unfavourable"


class ReviewStarted(Event):
    """An instructor took the dossier: it is under review."""

    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    started_at: UtcDatetime


class SupplementRequested(Event):
    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    request_id: str
    message: str
    requested_at: UtcDatetime
    due_at: UtcDatetime


class DossierDeemedComplete(Event):
    """Instruction's statement; not the same as submitted (DOMAIN rule 2)."""

    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    stated_at: UtcDatetime


class DossierFoundIneligible(Event):
    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    reasons: tuple[str, ...]
    rule_set: str
    found_at: UtcDatetime


class SentToCommittee(Event):
    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    sent_at: UtcDatetime


class CommitteeOpinionGiven(Event):
    """The credit committee's opinion (cahier des charges 2.A.4)."""

    topic: ClassVar[str | None] = REVIEW_TOPIC
    dossier_id: str
    opinion: Opinion
    session_date: date
    given_at: UtcDatetime
    reason: str = ""


class RiskProfileRecorded(Event):
    """What pricing needs and no landlord may see. `scale` is `since_2022` or `before_2022`; quality A, B or C."""

    topic: ClassVar[str | None] = PROFILE_TOPIC
    dossier_id: str
    rating: str
    scale: Literal["since_2022", "before_2022"]
    rated_on: date
    programme_quality: Literal["A", "B", "C"]
    recorded_at: UtcDatetime
