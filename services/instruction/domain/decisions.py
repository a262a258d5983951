"""From the queue to a complete and eligible dossier."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.instruction.domain.eligibility import RuleSet
from services.instruction.domain.facts import EligibilityExamined, EligibilityResolved, ReviewAssigned, Verdict
from services.instruction.domain.refusals import (
    AlreadyComplete,
    ChecksFailed,
    DossierClosed,
    NoReservation,
    NothingToResolve,
    NotIneligible,
    NotStarted,
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
CHECK_LABELS = {
    "form": "le formulaire de l'opération",
    "letter": "la lettre d'offre ou d'intention de la Banque des Territoires",
    "presentation": "le dossier de présentation de l'opération",
    "loans": "les caractéristiques des prêts",
    "no_supplement_outstanding": "la réponse au complément demandé",
}
ENDS = {
    "DossierWithdrawn": "Le bailleur l'a retiré.",
    "Released": "Sa réservation a été levée.",
    "ReservationRefused": "L'enveloppe n'a pas pu l'accueillir.",
}


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
    """The dossier's id while it can be instructed. Raises: NotFound, DossierClosed, NoReservation."""
    dossier_id = dossier_id_of(review)
    if review.ineligible:
        raise DossierClosed("Il est inéligible.")
    if review.opinion is not None:
        raise DossierClosed("La commission a rendu son avis.")
    if review.closed is not None:
        raise DossierClosed(ENDS[review.closed])
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
        raise ChecksFailed(f"Il manque {', '.join(CHECK_LABELS[name] for name in failed)}.", failed=failed)
    return [DossierDeemedComplete(dossier_id=dossier_id, stated_at=now)]


def examine(review: Review, rules: RuleSet, now: datetime) -> list[Event]:
    """Put the rules to the dossier with its loans as they stand; nothing when the verdicts are those known."""
    dossier_id = started_id(review)
    assert review.submitted is not None
    verdicts = rules.examine(review.submitted.model_copy(update={"loans": review.loans}))
    known = review.eligibility
    if known is not None and (known.rule_set, known.verdicts) == (rules.version, verdicts):
        return []
    return [
        EligibilityExamined(
            dossier_id=dossier_id,
            rule_set=rules.version,
            verdicts=verdicts,
            examined_at=now,
            zoning_vintage=review.submitted.operation.zoning_vintage,
        )
    ]


def resolve(review: Review, rule_id: str, eligible: bool, reason: str, by: str, now: datetime) -> list[Event]:
    """A person's decision where a rule could not tell; the last one counts. Raises: NothingToResolve."""
    dossier_id = started_id(review)
    if rule_id not in _left_to_a_person(review):
        raise NothingToResolve(pointer="/rule_id")
    if any((one.rule_id, one.eligible, one.reason) == (rule_id, eligible, reason) for one in review.resolutions):
        return []
    return [
        EligibilityResolved(
            dossier_id=dossier_id, rule_id=rule_id, reason=reason, resolved_by=by, resolved_at=now, eligible=eligible
        )
    ]


def find_ineligible(review: Review, reasons: Sequence[str], now: datetime) -> list[Event]:
    """The instructor confirms what a rule or an appreciation found. Raises: NotIneligible.

    `reasons` are read by the bailleur; without any, they are the failed rules' own.
    """
    if review.ineligible:
        return []
    dossier_id, refused = started_id(review), refused_rules(review)
    if review.eligibility is None or not refused:
        raise NotIneligible("Examinez l'éligibilité ; seule une règle en échec rend le dossier inéligible.")
    return [
        DossierFoundIneligible(
            dossier_id=dossier_id,
            reasons=tuple(reasons) or tuple(refused.values()),
            rule_set=review.eligibility.rule_set,
            found_at=now,
        )
    ]


def refused_rules(review: Review) -> dict[str, str]:
    """The rules the dossier does not meet, with why: the rule's words, or the person's where it could not tell."""
    verdicts = review.eligibility.verdicts if review.eligibility else ()
    failed = {one.rule_id: one.detail for one in verdicts if one.verdict is Verdict.FAILED}
    return failed | {one.rule_id: one.reason for one in review.resolutions if not one.eligible}


def unresolved_rules(review: Review) -> set[str]:
    return _left_to_a_person(review) - {one.rule_id for one in review.resolutions}


def _left_to_a_person(review: Review) -> set[str]:
    verdicts = review.eligibility.verdicts if review.eligibility else ()
    return {one.rule_id for one in verdicts if one.verdict is Verdict.PERSON}
