"""What instruction says no to."""

from shared.errors import Refusal


class NoReservation(Refusal):
    type = "no-reservation"
    title = "Ce dossier ne détient pas de réservation"


class DossierClosed(Refusal):
    type = "dossier-closed"
    title = "L'instruction de ce dossier est close"


class NotStarted(Refusal):
    type = "review-not-started"
    title = "Ce dossier n'est pas attribué"


class SupplementOutstanding(Refusal):
    type = "supplement-outstanding"
    title = "Un complément est attendu"


class ChecksFailed(Refusal):
    """The checks are in `failed`."""

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


class DateInFuture(Refusal):
    type = "date-in-future"
    title = "Cette date n'est pas encore passée"
    status = 422


class ReasonRequired(Refusal):
    type = "reason-required"
    title = "Un motif est nécessaire"
    status = 422


class NotInCommittee(Refusal):
    type = "not-in-committee"
    title = "Le dossier n'est pas en commission"


class OpinionAlreadyGiven(Refusal):
    type = "opinion-already-given"
    title = "L'avis est déjà enregistré"


class OrderReasonNeeded(Refusal):
    """The deposit numbers are in `overtaken`."""

    type = "order-reason-needed"
    title = "Des dossiers déposés avant celui-ci n'ont pas été examinés"
