"""What instruction decides."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.instruction.domain.eligibility import RuleSet
from services.instruction.domain.facts import (
    Assessment,
    CriteriaAssessed,
    Criterion,
    DiligenceRecorded,
    EligibilityExamined,
    EligibilityResolved,
    OvertakingRecorded,
    ReviewAssigned,
    RiskClass,
    Verdict,
)
from services.instruction.domain.review import ProfileRated, Review, ReviewStage
from shared.contracts.instruction import (
    CommitteeOpinionGiven,
    DossierDeemedComplete,
    DossierFoundIneligible,
    Opinion,
    ReviewStarted,
    RiskProfileRecorded,
    SentToCommittee,
    SupplementRequested,
)
from shared.contracts.values import DocumentKind
from shared.errors import NotFound, Refusal
from shared.events import Event

MAX_SUPPLEMENT_DAYS = 90
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


class NoReservation(Refusal):
    type = "no-reservation"
    title = "Ce dossier ne détient pas de réservation"


class ReviewClosed(Refusal):
    type = "review-closed"
    title = "L'instruction de ce dossier est close"


class NotStarted(Refusal):
    type = "review-not-started"
    title = "Ce dossier n'est pas attribué"


class SupplementOutstanding(Refusal):
    type = "supplement-outstanding"
    title = "Un complément est attendu"


class ChecksFailed(Refusal):
    type = "completeness-checks-failed"
    title = "Des contrôles de complétude ont échoué"


class AlreadyComplete(Refusal):
    type = "already-complete"
    title = "Le dossier est réputé complet"


class NotIneligible(Refusal):
    type = "not-ineligible"
    title = "Aucune règle d'éligibilité n'est en échec"


class NothingToResolve(Refusal):
    type = "nothing-to-resolve"
    title = "Cette règle n'attend pas d'appréciation"


class CriteriaIncomplete(Refusal):
    type = "criteria-incomplete"
    title = "Les six critères doivent être appréciés et justifiés"
    status = 422


class InvalidRating(Refusal):
    """The text names no symbol: refusals end up in answers and logs."""

    type = "invalid-rating"
    title = "Cotation ou échelle invalide"
    status = 422


class CommitteeGateClosed(Refusal):
    """What is missing is in `missing`."""

    type = "committee-gate-closed"
    title = "Le dossier ne peut pas encore être présenté à la commission"


class NotInCommittee(Refusal):
    type = "not-in-committee"
    title = "Le dossier n'est pas en commission"


class OpinionAlreadyGiven(Refusal):
    type = "opinion-already-given"
    title = "L'avis est déjà enregistré"


class OrderReasonNeeded(Refusal):
    type = "order-reason-needed"
    title = "Des dossiers déposés avant celui-ci n'ont pas été examinés"


def completeness(review: Review) -> dict[str, bool]:
    """The automatic checks; the instructor's statement comes on top (DOMAIN rule 2)."""
    submitted = review.submitted
    kinds = {document.kind for document in submitted.documents} if submitted else set()
    return {
        "form": submitted is not None,
        "letter": bool(kinds & {DocumentKind.OFFER_LETTER, DocumentKind.INTENT_LETTER}),
        "presentation": DocumentKind.PRESENTATION in kinds,
        "loans": bool(review.loans),
        "no_supplement_outstanding": review.supplement is None,
    }


def _id(review: Review) -> str:
    if review.submitted is None:
        raise NotFound("Dossier inconnu.")
    return review.submitted.dossier_id


def _open(review: Review) -> str:
    """The dossier's id while it can be instructed. Raises: NotFound, ReviewClosed, NoReservation."""
    dossier_id = _id(review)
    if review.closed or review.ineligible or review.opinion:
        raise ReviewClosed()
    if not review.reserved:
        raise NoReservation("Il est en liste d'attente : l'instruction commence à sa promotion.")
    return dossier_id


def _started(review: Review) -> str:
    dossier_id = _open(review)
    if not review.started:
        raise NotStarted("Attribuez d'abord le dossier à un instructeur.")
    return dossier_id


def assign(review: Review, assignee: str, by: str, now: datetime) -> list[Event]:
    """Give the dossier to an instructor; the first time starts the review."""
    dossier_id = _open(review)
    if review.assignee == assignee:
        return []
    assigned = ReviewAssigned(dossier_id=dossier_id, assignee=assignee, assigned_by=by, assigned_at=now)
    return [assigned] if review.started else [assigned, ReviewStarted(dossier_id=dossier_id, started_at=now)]


def request_supplement(review: Review, message: str, due_days: int, now: datetime) -> list[Event]:
    """Ask the bailleur for more; its rank does not change (DOMAIN rule 1)."""
    dossier_id = _started(review)
    if review.complete:
        raise AlreadyComplete()
    if review.supplement is not None:
        raise SupplementOutstanding()
    assert 1 <= due_days <= MAX_SUPPLEMENT_DAYS
    return [
        SupplementRequested(
            dossier_id=dossier_id,
            request_id=f"{dossier_id}-s{review.supplements + 1}",
            message=message,
            requested_at=now,
            due_at=now + timedelta(days=due_days),
        )
    ]


def deem_complete(review: Review, now: datetime) -> list[Event]:
    """The instructor's statement. Raises: SupplementOutstanding, ChecksFailed."""
    dossier_id = _started(review)
    if review.complete:
        return []
    if review.supplement is not None:
        raise SupplementOutstanding()
    failed = [name for name, holds in completeness(review).items() if not holds]
    if failed:
        raise ChecksFailed(failed=failed)
    return [DossierDeemedComplete(dossier_id=dossier_id, stated_at=now)]


def examine(review: Review, rules: RuleSet, now: datetime) -> list[Event]:
    dossier_id = _started(review)
    assert review.submitted is not None
    verdicts = rules.examine(review.submitted)
    return [EligibilityExamined(dossier_id=dossier_id, rule_set=rules.version, verdicts=verdicts, examined_at=now)]


def resolve(review: Review, rule_id: str, reason: str, by: str, now: datetime) -> list[Event]:
    """A person's decision where a rule could not tell. Raises: NothingToResolve."""
    dossier_id = _started(review)
    if rule_id not in _verdicts(review, Verdict.PERSON):
        raise NothingToResolve()
    if rule_id in review.resolved:
        return []
    return [EligibilityResolved(dossier_id=dossier_id, rule_id=rule_id, reason=reason, resolved_by=by, resolved_at=now)]


def find_ineligible(review: Review, now: datetime) -> list[Event]:
    """The instructor confirms what a rule found. Raises: NotIneligible."""
    if review.ineligible:
        return []
    dossier_id = _started(review)
    assert review.eligibility is not None or not _verdicts(review, Verdict.FAILED)
    failed = [
        one for one in (review.eligibility.verdicts if review.eligibility else ()) if one.verdict is Verdict.FAILED
    ]
    if review.eligibility is None or not failed:
        raise NotIneligible("Examinez l'éligibilité ; seule une règle en échec rend le dossier inéligible.")
    reasons = tuple(one.detail or one.rule_id for one in failed)
    return [
        DossierFoundIneligible(
            dossier_id=dossier_id, reasons=reasons, rule_set=review.eligibility.rule_set, found_at=now
        )
    ]


def _verdicts(review: Review, wanted: Verdict) -> set[str]:
    verdicts = review.eligibility.verdicts if review.eligibility else ()
    return {one.rule_id for one in verdicts if one.verdict is wanted}


def record_diligence(review: Review, recorded: DiligenceRecorded) -> list[Event]:
    _open(review)
    return [recorded]


def assess(review: Review, assessments: Sequence[Assessment], by: str, now: datetime) -> list[Event]:
    """All six criteria, each justified (cahier des charges 2.B priority 2). Raises: CriteriaIncomplete."""
    dossier_id = _started(review)
    named = [one.criterion for one in assessments]
    justified = all(one.justification.strip() and 1 <= one.score <= 5 for one in assessments)
    if set(named) != set(Criterion) or len(named) != len(Criterion) or not justified:
        raise CriteriaIncomplete("Chaque critère une fois, noté de 1 à 5, avec sa justification.")
    return [CriteriaAssessed(dossier_id=dossier_id, assessments=tuple(assessments), assessed_by=by, assessed_at=now)]


def check_profile(review: Review, recorded: RiskProfileRecorded) -> None:
    """Scale and date belong together (DOMAIN rule 10). Raises: InvalidRating."""
    _open(review)
    today = recorded.scale == "since_2022"
    if today != (recorded.rated_on >= RATING_SCALE_SINCE) or (today and recorded.rating not in RATINGS):
        raise InvalidRating("Vérifiez la cotation, l'échelle et la date (changement d'échelle le 8 janvier 2022).")


def note_rated(review: Review) -> list[Event]:
    return [] if review.rated else [ProfileRated(dossier_id=_id(review))]


def committee_gate(review: Review) -> list[str]:
    """What is missing before the committee, as stable words."""
    diligence = review.diligence
    open_rules = _verdicts(review, Verdict.PERSON) - review.resolved
    high = diligence is not None and diligence.risk_class is RiskClass.HIGH
    holds = {
        "completeness": review.complete,
        "eligibility": review.eligibility is not None and not _verdicts(review, Verdict.FAILED),
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
    dossier_id = _started(review)
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
    dossier_id = _id(review)
    if review.opinion is not None:
        if review.opinion.opinion is opinion and review.opinion.session_date == session_date:
            return []
        raise OpinionAlreadyGiven()
    _open(review)
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


STAGES_BEFORE_OPINION = frozenset(
    {
        ReviewStage.TO_ASSIGN,
        ReviewStage.UNDER_REVIEW,
        ReviewStage.SUPPLEMENT_REQUESTED,
        ReviewStage.DEEMED_COMPLETE,
        ReviewStage.IN_COMMITTEE,
    }
)
