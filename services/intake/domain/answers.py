"""What a bailleur lodges on a submitted dossier; every refusal is decided before anything is recorded."""

from datetime import datetime

from services.intake.domain.dossier import Dossier
from services.intake.domain.status import TABLE, PublicStatus
from shared.contracts.intake import (
    OfferAcceptanceLodged,
    OfferDeclineLodged,
    SignedConventionLodged,
    SupplementLodged,
)
from shared.contracts.pricing import OfferIssued
from shared.contracts.values import StoredDocument
from shared.errors import Refusal
from shared.events import Event
from shared.typeset import french_second


class DossierEnded(Refusal):
    type = "dossier-ended"
    title = "Ce dossier est terminé"


class NotWithdrawable(Refusal):
    type = "not-withdrawable"
    title = "Ce dossier ne peut plus être retiré"


class NotReducible(Refusal):
    type = "not-reducible"
    title = "Les montants de ce dossier ne peuvent plus être réduits"


class NoSupplementAwaited(Refusal):
    type = "no-supplement-awaited"
    title = "Aucun complément n'est demandé"


class NoOffer(Refusal):
    type = "no-offer"
    title = "Aucune proposition n'est émise"


class OfferSupersededNow(Refusal):
    type = "offer-superseded"
    title = "Cette proposition a été remplacée"


class OfferOutdated(Refusal):
    """Its premium is that of loans that are no longer asked for (DOMAIN rule 12)."""

    type = "offer-outdated"
    title = "Cette proposition porte sur des montants qui ont changé"


class OfferTooLate(Refusal):
    type = "offer-expired"
    title = "La proposition n'est plus valable"


class OfferAlreadyAnswered(Refusal):
    type = "offer-already-answered"
    title = "La proposition a déjà reçu une réponse"


class OfferDocumentDiffers(Refusal):
    type = "offer-document-differs"
    title = "L'empreinte ne correspond pas à la proposition émise"


class NoConventionAwaited(Refusal):
    type = "no-convention-awaited"
    title = "Aucune convention signée n'est attendue"


COMMITTED_STATES = frozenset(
    {
        PublicStatus.ENGAGED,
        PublicStatus.CONVENTION_SENT,
        PublicStatus.CONVENTION_SIGNED,
        PublicStatus.PREMIUM_PAID,
        PublicStatus.ACTE_TRANSMITTED,
    }
)


def check_withdrawable(dossier: Dossier) -> None:
    """Until engaged. Raises: DossierEnded, NotWithdrawable."""
    _check_open(dossier)
    if dossier.status in COMMITTED_STATES:
        raise NotWithdrawable("L'engagement est constaté : contactez Action Logement Services.")


def check_reducible(dossier: Dossier) -> None:
    """Until an acceptance is lodged, read or not yet. Raises: DossierEnded, NotReducible."""
    _check_open(dossier)
    if any(isinstance(answer, OfferAcceptanceLodged) for answer in dossier.answers):
        raise NotReducible("Votre acceptation de la proposition est déposée : les montants sont fixés.")
    if dossier.status in COMMITTED_STATES or dossier.status is PublicStatus.OFFER_ACCEPTED:
        raise NotReducible("La proposition est acceptée : les montants sont fixés.")


def lodge_supplement(
    dossier: Dossier, request_id: str, documents: tuple[StoredDocument, ...], message: str, now: datetime
) -> list[Event]:
    """Answer the open request; the rank does not change. Raises: DossierEnded, NoSupplementAwaited."""
    _check_open(dossier)
    if dossier.supplement is None or dossier.supplement.request_id != request_id:
        raise NoSupplementAwaited("Cette demande de complément n'est pas ouverte.")
    return [
        SupplementLodged(
            dossier_id=dossier.supplement.dossier_id,
            request_id=request_id,
            lodged_at=now,
            documents=documents,
            message=message,
        )
    ]


def accept_offer(dossier: Dossier, offer_id: str, document_sha256: str, now: datetime) -> list[Event]:
    """Lodge an acceptance of the offer that was read; `now` is the moment that counts (DOMAIN rule 7).

    Raises: DossierEnded, NoOffer, OfferSupersededNow, OfferDocumentDiffers, OfferTooLate, OfferAlreadyAnswered,
    OfferOutdated.
    """
    offer = _answerable(dossier, offer_id, now, OfferAcceptanceLodged)
    if offer is None:
        return []
    if dossier.reduced is not None and dossier.reduced.reduced_at > offer.issued_at:
        raise OfferOutdated("Les montants ont été réduits depuis : une nouvelle proposition vous sera adressée.")
    if document_sha256 != offer.document.sha256:
        raise OfferDocumentDiffers("Relisez la proposition émise avant de l'accepter.", pointer="/document_sha256")
    return [
        OfferAcceptanceLodged(
            dossier_id=offer.dossier_id, offer_id=offer_id, lodged_at=now, document_sha256=document_sha256
        )
    ]


def decline_offer(dossier: Dossier, offer_id: str, reason: str, now: datetime) -> list[Event]:
    """Lodge a refusal. Raises: as accept_offer."""
    offer = _answerable(dossier, offer_id, now, OfferDeclineLodged)
    if offer is None:
        return []
    return [OfferDeclineLodged(dossier_id=offer.dossier_id, offer_id=offer_id, lodged_at=now, reason=reason)]


def _answerable(dossier: Dossier, offer_id: str, now: datetime, answer: type[Event]) -> OfferIssued | None:
    """The open offer; None when this answer is lodged already and awaits its outcome."""
    offer = dossier.offer
    if offer is None:
        _check_open(dossier)
        raise NoOffer("La proposition n'est pas encore émise.")
    if offer.offer_id != offer_id:
        raise OfferSupersededNow("Une proposition plus récente l'a remplacée.", pointer="/offer_id")
    if PublicStatus.OFFER_ACCEPTED in dossier.steps or dossier.end is PublicStatus.OFFER_DECLINED:
        raise OfferAlreadyAnswered("La réponse est enregistrée.")
    lodged = dossier.answer_to(offer_id)
    if dossier.end is None and lodged is not None:
        if not isinstance(lodged, answer):
            raise OfferAlreadyAnswered("La réponse contraire est déposée et attend d'être enregistrée.")
        return None
    if now > offer.valid_until:
        raise OfferTooLate(
            f"Elle était valable jusqu'au {french_second(offer.valid_until)} (heure de Paris).",
            valid_until=offer.valid_until.isoformat(),
        )
    _check_open(dossier)
    return offer


def check_convention_awaited(dossier: Dossier) -> None:
    """Raises: NoConventionAwaited, also while one is being checked."""
    if dossier.convention is None or PublicStatus.CONVENTION_SIGNED in dossier.steps or dossier.end:
        raise NoConventionAwaited("Aucune convention n'est à retourner sur ce dossier.")
    if dossier.lodged_convention is not None:
        raise NoConventionAwaited("La convention déposée est en cours de contrôle.")


def lodge_convention(dossier: Dossier, document: StoredDocument, now: datetime) -> list[Event]:
    """Lodge the signed convention once its scan is safe; nothing when it is not awaited any more."""
    if dossier.convention is None or dossier.lodged_convention is not None or dossier.end:
        return []
    return [SignedConventionLodged(dossier_id=dossier.convention.dossier_id, lodged_at=now, document=document)]


def _check_open(dossier: Dossier) -> None:
    if dossier.end is not None:
        raise DossierEnded(f"{TABLE[dossier.end].label}.")
