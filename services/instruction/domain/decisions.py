"""From the queue to a complete and eligible dossier."""

from datetime import datetime, timedelta

from services.instruction.domain.eligibility import RuleSet
from services.instruction.domain.facts import EligibilityExamined, EligibilityResolved, ReviewAssigned, Verdict
from services.instruction.domain.refusals import (
    AlreadyComplete,
    ChecksFailed,
    NoReservation,
    NothingToResolve,
    NotIneligible,
    NotStarted,
    ReviewClosed,
    SupplementOutstanding,
)
from services.instruction.domain.review import Review
from shared.contracts.instruction import (
    DossierDeemedComplete,
    DossierFoundIneligible,
    ReviewStarted,
    SupplementRequested,
)
from shared.contracts.values import DocumentKind
from shared.errors import NotFound
from shared.events import Event

MAX_SUPPLEMENT_DAYS = 90


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


def dossier_id_of(review: Review) -> str:
    if review.submitted is None:
        raise NotFound("Dossier inconnu.")
    return review.submitted.dossier_id


def open_id(review: Review) -> str:
    """The dossier's id while it can be instructed. Raises: NotFound, ReviewClosed, NoReservation."""
    dossier_id = dossier_id_of(review)
    if review.closed or review.ineligible or review.opinion:
        raise ReviewClosed()
    if not review.reserved:
        raise NoReservation("Il est en liste d'attente : l'instruction commence à sa promotion.")
    return dossier_id


def started_id(review: Review) -> str:
    dossier_id = open_id(review)
    if not review.started:
        raise NotStarted("Attribuez d'abord le dossier à un instructeur.")
    return dossier_id


def assign(review: Review, assignee: str, by: str, now: datetime) -> list[Event]:
    """Give the dossier to an instructor; the first time starts the review."""
    dossier_id = open_id(review)
    if review.assignee == assignee:
        return []
    assigned = ReviewAssigned(dossier_id=dossier_id, assignee=assignee, assigned_by=by, assigned_at=now)
    return [assigned] if review.started else [assigned, ReviewStarted(dossier_id=dossier_id, started_at=now)]


def request_supplement(review: Review, message: str, due_days: int, now: datetime) -> list[Event]:
    """Ask the bailleur for more; its rank does not change (DOMAIN rule 1)."""
    dossier_id = started_id(review)
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
    dossier_id = started_id(review)
    if review.complete:
        return []
    if review.supplement is not None:
        raise SupplementOutstanding()
    failed = [name for name, holds in completeness(review).items() if not holds]
    if failed:
        raise ChecksFailed(failed=failed)
    return [DossierDeemedComplete(dossier_id=dossier_id, stated_at=now)]


def examine(review: Review, rules: RuleSet, now: datetime) -> list[Event]:
    dossier_id = started_id(review)
    assert review.submitted is not None
    verdicts = rules.examine(review.submitted)
    return [EligibilityExamined(dossier_id=dossier_id, rule_set=rules.version, verdicts=verdicts, examined_at=now)]


def resolve(review: Review, rule_id: str, reason: str, by: str, now: datetime) -> list[Event]:
    """A person's decision where a rule could not tell. Raises: NothingToResolve."""
    dossier_id = started_id(review)
    if rule_id not in verdicts(review, Verdict.PERSON):
        raise NothingToResolve()
    if rule_id in review.resolved:
        return []
    return [EligibilityResolved(dossier_id=dossier_id, rule_id=rule_id, reason=reason, resolved_by=by, resolved_at=now)]


def find_ineligible(review: Review, now: datetime) -> list[Event]:
    """The instructor confirms what a rule found. Raises: NotIneligible."""
    if review.ineligible:
        return []
    dossier_id = started_id(review)
    assert review.eligibility is not None or not verdicts(review, Verdict.FAILED)
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


def verdicts(review: Review, wanted: Verdict) -> set[str]:
    verdicts = review.eligibility.verdicts if review.eligibility else ()
    return {one.rule_id for one in verdicts if one.verdict is wanted}
