"""Diligence, rating, criteria, and the committee's opinion."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from services.instruction.domain.decisions import dossier_id_of, open_id, refused_rules, started_id, unresolved_rules
from services.instruction.domain.facts import (
    Assessment,
    CriteriaAssessed,
    Criterion,
    DiligenceRecorded,
    OvertakingRecorded,
    RiskClass,
)
from services.instruction.domain.refusals import (
    CommitteeGateClosed,
    CriteriaIncomplete,
    DateInFuture,
    InvalidRating,
    NotInCommittee,
    OpinionAlreadyGiven,
    OrderReasonNeeded,
    ReasonRequired,
)
from services.instruction.domain.review import Profile, ProfileRated, Review
from shared.calendar import PARIS
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, RiskProfileRecorded, SentToCommittee
from shared.events import Event

# Symbols by scale: 22 since 8 January 2022, 13 before; some mean another thing on each (DOMAIN rule 10).
RATINGS = {
    scale: frozenset(symbols.split())
    for scale, symbols in {
        "since_2022": "1+ 1 1- 2+ 2 2- 3+ 3 3- 4+ 4 4- 5+ 5 5- 6+ 6 6- 7 8 P 0",
        "before_2022": "3++ 3+ 3 4+ 4 5+ 5 6 7 8 9 P 0",
    }.items()
}
RATING_SCALE_SINCE = date(2022, 1, 8)
GATE_LABELS = {
    "completeness": "le constat de complétude",
    "eligibility": "un examen d'éligibilité sans règle en échec",
    "eligibility-appreciation": "l'appréciation des règles laissées à une personne",
    "client-identification": "l'identification du client",
    "beneficial-owners": "l'identification des bénéficiaires effectifs",
    "asset-freeze-screening": "le filtrage gel des avoirs",
    "senior-decision": "la décision motivée qu'exige la classe de risque",
    "rating": "la cotation",
    "criteria": "l'appréciation des six critères",
}


def record_diligence(review: Review, recorded: DiligenceRecorded) -> list[Event]:
    """Identification, risk class and screening (CMF L.561-4-1 ff.). Raises: DateInFuture."""
    open_id(review)
    _check_past(recorded.screened_on, recorded.recorded_at, "/screened_on")
    known = review.diligence
    if known and recorded == known.model_copy(
        update={"recorded_by": recorded.recorded_by, "recorded_at": recorded.recorded_at}
    ):
        return []
    return [recorded]


def assess(review: Review, assessments: Sequence[Assessment], by: str, now: datetime) -> list[Event]:
    """All six criteria, each justified (cahier des charges 2.B priority 2). Raises: CriteriaIncomplete."""
    dossier_id = started_id(review)
    named = [one.criterion for one in assessments]
    justified = all(one.justification.strip() and 1 <= one.score <= 5 for one in assessments)
    if set(named) != set(Criterion) or len(named) != len(Criterion) or not justified:
        raise CriteriaIncomplete("Chaque critère une fois, noté de 1 à 5, avec sa justification.")
    if review.criteria is not None and review.criteria.assessments == tuple(assessments):
        return []
    return [CriteriaAssessed(dossier_id=dossier_id, assessments=tuple(assessments), assessed_by=by, assessed_at=now)]


def check_profile(review: Review, recorded: RiskProfileRecorded) -> None:
    """Scale and date belong together (DOMAIN rule 10). Raises: InvalidRating, DateInFuture.

    After a favourable opinion it can still be recorded: a dossier whose rating pricing may not use would be stuck.
    """
    favourable = review.opinion is not None and review.opinion.opinion is Opinion.FAVOURABLE
    open_id(replace(review, opinion=None) if favourable else review)
    _check_past(recorded.rated_on, recorded.recorded_at, "/rated_on")
    today = recorded.scale == "since_2022"
    if today != (recorded.rated_on >= RATING_SCALE_SINCE) or recorded.rating not in RATINGS[recorded.scale]:
        raise InvalidRating("Vérifiez la cotation, l'échelle et la date (changement d'échelle le 8 janvier 2022).")


def record_profile(profile: Profile, recorded: RiskProfileRecorded) -> list[Event]:
    known = profile.recorded
    same = known is not None and recorded == known.model_copy(update={"recorded_at": recorded.recorded_at})
    return [] if same else [recorded]


def note_rated(review: Review) -> list[Event]:
    return [] if review.rated else [ProfileRated(dossier_id=dossier_id_of(review))]


def diligence_gate(review: Review) -> dict[str, bool]:
    """What has to hold before a relation is entered into (DOMAIN rule 14).

    A screening with an alert reads like one that was not made: only compliance sees which.
    """
    diligence = review.diligence
    if diligence is None:
        return dict.fromkeys(("client-identification", "beneficial-owners", "asset-freeze-screening"), False)
    return {
        "client-identification": diligence.client_identified,
        "beneficial-owners": diligence.beneficial_owners_identified,
        "asset-freeze-screening": diligence.screening_clear,
        "senior-decision": diligence.risk_class is not RiskClass.HIGH or bool(diligence.senior_decision.strip()),
    }


def committee_gate(review: Review) -> list[str]:
    """What is missing before the committee, as stable words (labels in GATE_LABELS)."""
    holds = {
        "completeness": review.complete,
        "eligibility": review.eligibility is not None and not refused_rules(review),
        "eligibility-appreciation": not unresolved_rules(review),
        **diligence_gate(review),
        "rating": review.rated,
        "criteria": review.criteria is not None,
    }
    return [name for name, there in holds.items() if not there]


def send_to_committee(review: Review, now: datetime) -> list[Event]:
    """Raises: CommitteeGateClosed with all that is missing."""
    dossier_id = started_id(review)
    if review.in_committee:
        return []
    _check_gate(review)
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

    The gate may have closed again since the dossier was sent (a screening, an appreciation): it is looked at again
    before a favourable opinion. Raises: NotInCommittee, OpinionAlreadyGiven, DateInFuture, ReasonRequired,
    CommitteeGateClosed, OrderReasonNeeded.
    """
    if review.opinion is not None:
        if review.opinion.opinion is opinion and review.opinion.session_date == session_date:
            return []
        raise OpinionAlreadyGiven()
    dossier_id = open_id(review)
    if not review.in_committee:
        raise NotInCommittee()
    _check_past(session_date, now, "/session_date")
    if opinion is Opinion.FAVOURABLE:
        _check_gate(review)
    elif not reason.strip():
        raise ReasonRequired("Le bailleur lit pourquoi l'avis est défavorable.", pointer="/reason")
    given = CommitteeOpinionGiven(
        dossier_id=dossier_id, opinion=opinion, session_date=session_date, given_at=now, reason=reason
    )
    return [*_overtaking(review, overtaken, order_reason, now), given]


def _overtaking(review: Review, overtaken: Sequence[int], reason: str, now: datetime) -> list[Event]:
    if not overtaken:
        return []
    if not reason.strip():
        raise OrderReasonNeeded(
            "Indiquez le motif du dépassement ; il figurera au rapport d'équité.",
            pointer="/order_reason",
            overtaken=list(overtaken),
        )
    assert review.submitted is not None
    return [
        OvertakingRecorded(
            dossier_id=review.submitted.dossier_id,
            deposit_number=review.submitted.deposit_number,
            overtaken=tuple(overtaken),
            reason=reason,
            recorded_at=now,
        )
    ]


def _check_gate(review: Review) -> None:
    missing = committee_gate(review)
    if missing:
        raise CommitteeGateClosed(f"Il manque {', '.join(GATE_LABELS[name] for name in missing)}.", missing=missing)


def _check_past(day: date, now: datetime, pointer: str) -> None:
    if day > now.astimezone(PARIS).date():
        raise DateInFuture(f"Le {day:%d/%m/%Y} est à venir.", pointer=pointer)
