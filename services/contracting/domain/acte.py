"""The acte: prepared by a second person once everything is there, then transmitted, always the same bytes."""

from datetime import datetime

from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import ActePrepared, Printing
from services.contracting.domain.gate import acte_gate, labels
from services.contracting.domain.refusals import ActeGateClosed, DossierChanged, TwoPeopleNeeded
from shared.contracts.contracting import ActeTransmitted
from shared.contracts.values import Loan, StoredDocument
from shared.events import Event


def check_ready(engagement: Engagement, actor: str) -> None:
    """Whether `actor` may have the acte prepared now.

    Raises: EngagementEnded, ActeGateClosed; TwoPeopleNeeded when `actor` checked the signed convention.
    """
    engagement.refuse_when_ended()
    missing = acte_gate(engagement)
    if missing:
        raise ActeGateClosed(f"Il manque : {labels(missing)}.", missing=[one.code for one in missing])
    assert engagement.checked is not None
    if engagement.checked.checked_by == actor:
        raise TwoPeopleNeeded("La personne qui a contrôlé la convention signée ne peut pas établir l'acte.")


def prepare(
    engagement: Engagement,
    acte: StoredDocument,
    printing: Printing,
    printed: tuple[Loan, ...],
    actor: str,
    now: datetime,
) -> list[Event]:
    """Settle the acte's bytes; what was settled first stays.

    Raises: as check_ready; DossierChanged when `printed`, the loans on the paper, are no longer the dossier's.
    """
    if engagement.prepared is not None:
        return []
    check_ready(engagement, actor)
    if printed != engagement.loans:
        raise DossierChanged("Le dossier a changé pendant l'édition de l'acte : recommencez.")
    assert engagement.convention is not None
    assert engagement.paid_cents >= engagement.convention.premium_cents
    return [
        ActePrepared(
            dossier_id=engagement.convention.dossier_id,
            acte=acte,
            prepared_by=actor,
            prepared_at=now,
            printing=printing,
        )
    ]


def record_transmission(engagement: Engagement, now: datetime) -> list[Event]:
    """The BdT has the acte: the guarantee is effective. It is recorded even when an end crossed it on the way."""
    assert engagement.prepared is not None
    if engagement.transmitted is not None:
        return []
    prepared = engagement.prepared
    return [ActeTransmitted(dossier_id=prepared.dossier_id, acte=prepared.acte, transmitted_at=now)]
