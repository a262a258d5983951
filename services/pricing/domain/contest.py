"""An acceptance that was in time and read after the expiry: a person concludes (docs/adr/0016)."""

from datetime import datetime

from services.pricing.domain.facts import ContestConcluded, ContestConclusion
from services.pricing.domain.offer import Offer, OfferStatus
from shared.errors import Refusal
from shared.events import Event


class OfferNotContested(Refusal):
    type = "offer-not-contested"
    title = "Aucune acceptation n'est à revoir sur cette offre"


class ContestAlreadyConcluded(Refusal):
    type = "contest-already-concluded"
    title = "Cette acceptation a déjà reçu l'autre conclusion"


class ReasonRequired(Refusal):
    type = "reason-required"
    title = "Un motif est nécessaire"
    status = 422


def conclude(offer: Offer, conclusion: ContestConclusion, reason: str, actor: str, now: datetime) -> list[Event]:
    """Record what became of the acceptance, once; the offer is over either way.

    Raises: OfferNotContested, ContestAlreadyConcluded, ReasonRequired.
    """
    before = offer.concluded
    if before is not None:
        if before.conclusion is conclusion:
            return []
        raise ContestAlreadyConcluded
    if offer.status is not OfferStatus.CONTESTED:
        raise OfferNotContested(status_label=offer.status.value)
    if not reason.strip():
        raise ReasonRequired("Indiquez ce qui fonde votre conclusion.", pointer="/reason")
    assert offer.issued is not None, "what is contested was issued"
    return [
        ContestConcluded(
            dossier_id=offer.issued.dossier_id,
            offer_id=offer.issued.offer_id,
            conclusion=conclusion,
            reason=reason,
            concluded_by=actor,
            concluded_at=now,
        )
    ]
