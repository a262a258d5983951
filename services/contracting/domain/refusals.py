"""What contracting says no to."""

from shared.errors import NotFound, Refusal


class EngagementEnded(Refusal):
    type = "engagement-ended"
    title = "Ce dossier est clos"


class NoFavourableOpinion(Refusal):
    type = "no-favourable-opinion"
    title = "La Commission de crédit nationale n'a pas rendu d'avis favorable"


class AlreadyDecided(Refusal):
    type = "already-decided"
    title = "Le conseil d'administration a déjà statué"


class ReasonRequired(Refusal):
    type = "reason-required"
    title = "Un motif est nécessaire"
    status = 422


class UnknownDossier(NotFound):
    type = "unknown-dossier"
    title = "Dossier inconnu"


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


class OwnersNotDeclared(Refusal):
    type = "owners-not-declared"
    title = "Les bénéficiaires effectifs ne sont pas déclarés"


class RegisterNotRead(Refusal):
    """A screening by other means never replaces the register's."""

    type = "freeze-register-not-read"
    title = "Le registre des gels n'a pas été consulté"


class RegisterTooOld(Refusal):
    """Nobody is cleared against a register that was not renewed."""

    type = "freeze-register-too-old"
    title = "Le registre des gels n'est plus à jour"


class ScreeningTooEarly(Refusal):
    type = "screening-too-early"
    title = "Filtrage prématuré"


class AlertOpen(Refusal):
    type = "freeze-alert-open"
    title = "Une alerte de gel des avoirs est à conclure"


class AlertAlreadyResolved(Refusal):
    type = "freeze-alert-resolved"
    title = "Cette alerte est déjà conclue"


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


class TwoPeopleNeeded(Refusal):
    type = "two-people-needed"
    title = "Deux personnes sont nécessaires"


class LapseTooEarly(Refusal):
    type = "lapse-too-early"
    title = "Aucune échéance n'est dépassée"


class ActeAlreadyTransmitted(Refusal):
    type = "acte-already-transmitted"
    title = "L'acte est déjà transmis"


class ActeAlreadyPrepared(Refusal):
    type = "acte-already-prepared"
    title = "L'acte est déjà établi"


class ActeNotTransmitted(Refusal):
    type = "acte-not-transmitted"
    title = "L'acte n'est pas encore transmis"


class AcknowledgementTooEarly(Refusal):
    type = "acknowledgement-too-early"
    title = "L'accusé de réception précède la transmission"
    status = 422


class AcknowledgementConflict(Refusal):
    type = "acknowledgement-conflict"
    title = "Un autre accusé de réception est déjà enregistré"


class AcknowledgementMismatch(Refusal):
    type = "acknowledgement-mismatch"
    title = "L'accusé de réception porte sur un autre document"


class PaymentConflict(Refusal):
    type = "payment-conflict"
    title = "Cet identifiant de paiement désigne un autre paiement"


class PaymentAlreadyMatched(Refusal):
    type = "payment-already-matched"
    title = "Ce paiement est déjà rapproché"


class PaymentClosed(Refusal):
    type = "payment-closed"
    title = "Ce règlement est déjà traité"


class PaymentCounted(Refusal):
    type = "payment-counted"
    title = "Ce règlement est déjà compté"


class WrongDirection(Refusal):
    type = "payment-wrong-direction"
    title = "Le sens de cette écriture ne convient pas"


class NothingToReturn(Refusal):
    type = "nothing-to-return"
    title = "Aucune somme n'est à restituer"


class ActeNeedsPremium(Refusal):
    type = "acte-needs-premium"
    title = "La prime garantit un acte établi"


class PaymentChanged(Refusal):
    type = "payment-changed"
    title = "Ce règlement a changé entre-temps"


class PaymentNotConfirmed(Refusal):
    type = "payment-not-confirmed"
    title = "Ce règlement attend la confirmation d'une seconde personne"


class NothingToConfirm(Refusal):
    type = "nothing-to-confirm"
    title = "Ce règlement n'attend pas de confirmation"


class ReturnNotDecided(Refusal):
    type = "return-not-decided"
    title = "La restitution n'a pas été décidée"


class BankReferenceUsed(Refusal):
    type = "bank-reference-used"
    title = "Cette référence bancaire est celle d'une autre restitution"


class DebitMismatch(Refusal):
    type = "debit-mismatch"
    title = "Le débit ne correspond pas à cet encaissement"


class StatementConflict(Refusal):
    type = "statement-conflict"
    title = "Ce numéro de relevé désigne un autre relevé"


class StatementRefused(Refusal):
    """A statement that does not hold together: nothing of it is kept."""

    status = 422


class StatementOfOtherAccount(StatementRefused):
    type = "statement-other-account"
    title = "Ce relevé n'est pas celui du compte d'encaissement"


class StatementUnbalanced(StatementRefused):
    type = "statement-unbalanced"
    title = "Le solde du relevé ne correspond pas à ses écritures"


class EntryRepeated(StatementRefused):
    type = "statement-entry-repeated"
    title = "Une écriture figure deux fois dans le relevé"


class StatementGap(Refusal):
    """The statement does not open where the one before closed: one is missing, or out of turn."""

    type = "statement-gap"
    title = "Le relevé ne fait pas suite au précédent"


class OpeningBalanceOutdated(Refusal):
    type = "opening-balance-outdated"
    title = "Cette proposition de solde de reprise n'est plus en attente"


class StatementFileNotKept(NotFound):
    type = "statement-file-not-kept"
    title = "Le fichier de ce relevé n'a pas été conservé"


class PremiumNotCalled(Refusal):
    type = "premium-not-called"
    title = "La prime n'a pas encore été appelée"


class UnknownPaymentReference(NotFound):
    type = "unknown-payment-reference"
    title = "Référence de paiement inconnue"
