"""What contracting says no to."""

from shared.errors import NotFound, Refusal


class EngagementEnded(Refusal):
    type = "engagement-ended"
    title = "Ce dossier est clos"


class NoFavourableOpinion(Refusal):
    type = "no-favourable-opinion"
    title = "Le comité de crédit n'a pas rendu d'avis favorable"


class AlreadyDecided(Refusal):
    type = "already-decided"
    title = "Le conseil d'administration a déjà statué"


class ReasonRequired(Refusal):
    type = "reason-required"
    title = "Un motif est nécessaire"
    status = 422


class SessionClosed(Refusal):
    type = "session-closed"
    title = "La séance est close"


class SessionNotHeldYet(Refusal):
    type = "session-not-held-yet"
    title = "La séance n'a pas encore eu lieu"


class ConventionGateClosed(Refusal):
    """`missing`: what the convention waits for."""

    type = "convention-gate-closed"
    title = "La convention ne peut pas encore être envoyée"


class ActeGateClosed(Refusal):
    """`missing`: what the acte waits for."""

    type = "acte-gate-closed"
    title = "L'acte ne peut pas encore être transmis"


class DossierChanged(Refusal):
    type = "dossier-changed"
    title = "Le dossier a changé entre-temps"


class ScreeningTooEarly(Refusal):
    type = "screening-too-early"
    title = "Filtrage prématuré"


class DateInFuture(Refusal):
    type = "date-in-future"
    title = "Date à venir"
    status = 422


class SignedConventionUnknown(Refusal):
    type = "signed-convention-unknown"
    title = "Ce document n'est pas le dernier retour signé"


class AlreadyChecked(Refusal):
    type = "already-checked"
    title = "Ce retour a déjà été contrôlé"


class ReturnNotExamined(Refusal):
    type = "return-not-examined"
    title = "Les signatures de ce retour n'ont pas encore été examinées"


class ReturnRefused(Refusal):
    """A returned convention that nobody can accept; `faults` and `pages` say why."""


class SignatureBroken(ReturnRefused):
    type = "signature-broken"
    title = "Une signature de la convention retournée est rompue"


class ConventionAltered(ReturnRefused):
    type = "convention-altered"
    title = "La convention retournée n'est pas celle qui a été envoyée"


class ChangedAfterSignature(ReturnRefused):
    type = "changed-after-signature"
    title = "La convention retournée a été modifiée après une signature"


class SignatureMissing(ReturnRefused):
    type = "signature-missing"
    title = "La convention retournée n'est pas signée"


class CertificateExpired(ReturnRefused):
    type = "certificate-expired"
    title = "Certificat de signature hors validité"


class CertificateUntrusted(ReturnRefused):
    type = "certificate-untrusted"
    title = "Certificat de signature d'une autorité non reconnue"


class CertificateOfAnotherName(ReturnRefused):
    type = "certificate-of-another-name"
    title = "Certificat de signature à un autre nom"


class TwoPeopleNeeded(Refusal):
    type = "two-people-needed"
    title = "Deux personnes sont nécessaires"


class LapseTooEarly(Refusal):
    type = "lapse-too-early"
    title = "Aucune échéance n'est dépassée"


class ActeAlreadyPrepared(Refusal):
    type = "acte-already-prepared"
    title = "L'acte est déjà établi"


class PaymentConflict(Refusal):
    type = "payment-conflict"
    title = "Cet identifiant de paiement désigne un autre paiement"


class PaymentAlreadyMatched(Refusal):
    type = "payment-already-matched"
    title = "Ce paiement est déjà rapproché"


class PremiumNotCalled(Refusal):
    type = "premium-not-called"
    title = "La prime n'a pas encore été appelée"


class UnknownPaymentReference(NotFound):
    type = "unknown-payment-reference"
    title = "Référence de paiement inconnue"
