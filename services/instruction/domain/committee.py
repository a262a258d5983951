"""Diligence, rating, criteria, and the committee's opinion."""

from collections.abc import Sequence
from datetime import date, datetime

from services.instruction.domain.decisions import dossier_id_of, open_id, started_id, verdicts
from services.instruction.domain.facts import (
    Assessment,
    CriteriaAssessed,
    Criterion,
    DiligenceRecorded,
    OvertakingRecorded,
    RiskClass,
    Verdict,
)
from services.instruction.domain.refusals import (
    CommitteeGateClosed,
    CriteriaIncomplete,
    InvalidRating,
    NotInCommittee,
    OpinionAlreadyGiven,
    OrderReasonNeeded,
)
from services.instruction.domain.review import ProfileRated, Review
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, RiskProfileRecorded, SentToCommittee
from shared.events import Event

RATINGS = frozenset(
    [
        "1+",
        "1",
        "1-",
        "2+",
        "2",
        "2-",
        "3+",
        "3",
        "3-",
        "4+",
        "4",
        "4-",
        "5+",
        "5",
        "5-",
        "6+",
        "6",
        "6-",
        "7",
        "8",
        "P",
        "0",
    ]
)
RATING_SCALE_SINCE = date(2022, 1, 8)


def record_diligence(review: Review, recorded: DiligenceRecorded) -> list[Event]:
    open_id(review)
    return [recorded]


def assess(review: Review, assessments: Sequence[Assessment], by: str, now: datetime) -> list[Event]:
    """All six criteria, each justified (cahier des charges 2.B priority 2). Raises: CriteriaIncomplete."""
    dossier_id = started_id(review)
    named = [one.criterion for one in assessments]
    justified = all(one.justification.strip() and 1 <= one.score <= 5 for one in assessments)
    if set(named) != set(Criterion) or len(named) != len(Criterion) or not justified:
        raise CriteriaIncomplete("Chaque critère une fois, noté de 1 à 5, avec sa justification.")
    return [CriteriaAssessed(dossier_id=dossier_id, assessments=tuple(assessments), assessed_by=by, assessed_at=now)]


def check_profile(review: Review, recorded: RiskProfileRecorded) -> None:
    """Scale and date belong together (DOMAIN rule 10). Raises: InvalidRating."""
    open_id(review)
    today = recorded.scale == "since_2022"
    if today != (recorded.rated_on >= RATING_SCALE_SINCE) or (today and recorded.rating not in RATINGS):
        raise InvalidRating("Vérifiez la cotation, l'échelle et la date (changement d'échelle le 8 janvier 2022).")


def note_rated(review: Review) -> list[Event]:
    return [] if review.rated else [ProfileRated(dossier_id=dossier_id_of(review))]


def committee_gate(review: Review) -> list[str]:
    """What is missing before the committee, as stable words."""
    diligence = review.diligence
    open_rules = verdicts(review, Verdict.PERSON) - review.resolved
    high = diligence is not None and diligence.risk_class is RiskClass.HIGH
    holds = {
        "completeness": review.complete,
        "eligibility": review.eligibility is not None and not verdicts(review, Verdict.FAILED),
        "eligibility-appreciation": not open_rules,
        "client-identification": diligence is not None and diligence.client_identified,
        "beneficial-owners": diligence is not None and diligence.beneficial_owners_identified,
        "asset-freeze-screening": diligence is not None and diligence.screening_clear,
        "senior-decision": not high or bool(diligence and diligence.senior_decision.strip()),
        "rating": review.rated,
        "criteria": review.criteria is not None,
    }
    return [name for name, there in holds.items() if not there]


def send_to_committee(review: Review, now: datetime) -> list[Event]:
    """Raises: CommitteeGateClosed with all that is missing."""
    dossier_id = started_id(review)
    if review.in_committee:
        return []
    missing = committee_gate(review)
    if missing:
        raise CommitteeGateClosed(missing=missing)
    return [SentToCommittee(dossier_id=dossier_id, sent_at=now)]


def give_opinion(
    review: Review,
    opinion: Opinion,
    session_date: date,
    reason: str,
    overtaken: Sequence[int],
    order_reason: str,
    now: datetime,
) -> list[Event]:
    """Record the committee's opinion; `overtaken` are earlier deposits it has not examined (DOMAIN rule 3).

    Raises: NotInCommittee, OpinionAlreadyGiven, OrderReasonNeeded.
    """
    dossier_id = dossier_id_of(review)
    if review.opinion is not None:
        if review.opinion.opinion is opinion and review.opinion.session_date == session_date:
            return []
        raise OpinionAlreadyGiven()
    open_id(review)
    if not review.in_committee:
        raise NotInCommittee()
    given = CommitteeOpinionGiven(
        dossier_id=dossier_id, opinion=opinion, session_date=session_date, given_at=now, reason=reason
    )
    if not overtaken:
        return [given]
    if not order_reason.strip():
        raise OrderReasonNeeded(
            "Indiquez le motif du dépassement ; il figurera au rapport d'équité.", overtaken=list(overtaken)
        )
    assert review.submitted is not None
    recorded = OvertakingRecorded(
        dossier_id=dossier_id,
        deposit_number=review.submitted.deposit_number,
        overtaken=tuple(overtaken),
        reason=order_reason,
        recorded_at=now,
    )
    return [recorded, given]
