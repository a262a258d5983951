"""An acceptance in time, read after its offer expired or was replaced: a person concludes (docs/adr/0016)."""

from datetime import datetime

from services.pricing.domain.facts import ContestConcluded, ContestConclusion
from services.pricing.domain.offer import Offer
from services.pricing.domain.people import check_reason
from shared.errors import Refusal
from shared.events import Event


class OfferNotContested(Refusal):
    type = "offer-not-contested"
    title = "Aucune acceptation n'est à revoir sur cette offre"


class ContestAlreadyConcluded(Refusal):
    type = "contest-already-concluded"
    title = "Cette acceptation a déjà reçu l'autre conclusion"


def conclude(
    offer: Offer, offer_id: str, conclusion: ContestConclusion, reason: str, actor: str, now: datetime
) -> list[Event]:
    """Record what became of the acceptance of `offer_id`, once. That offer is over either way; one that replaced it
    goes on by itself.

    Raises: OfferNotContested, ContestAlreadyConcluded, ReasonRequired.
    """
    before = offer.conclusions.get(offer_id)
    if before is not None:
        if before.conclusion is conclusion:
            return []
        raise ContestAlreadyConcluded
    contested = offer.contests.get(offer_id)
    if contested is None:
        raise OfferNotContested(status_label=offer.status.value)
    check_reason(reason)
    return [
        ContestConcluded(
            dossier_id=contested.dossier_id,
            offer_id=offer_id,
            conclusion=conclusion,
            reason=reason,
            concluded_by=actor,
            concluded_at=now,
        )
    ]
