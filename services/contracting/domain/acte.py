"""The acte: prepared by a second person once everything is there, then transmitted, always the same bytes."""

from datetime import date, datetime

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import (
    ActeAcknowledged,
    ActeDelivered,
    ActePrepared,
    Channel,
    Proof,
    SignedPrinting,
)
from services.contracting.domain.gate import ACTE_SCREENING, SECOND_PERSON, Missing, acte_gate, labels
from services.contracting.domain.refusals import (
    AcknowledgementConflict,
    AcknowledgementMismatch,
    AcknowledgementTooEarly,
    ActeGateClosed,
    ActeNotTransmitted,
    DateInFuture,
    DossierChanged,
    TwoPeopleNeeded,
)
from shared.contracts.contracting import ActeTransmitted
from shared.contracts.values import Loan, StoredDocument
from shared.events import Event


def check_asked(engagement: Engagement, actor: str, now: datetime) -> None:
    """Whether `actor` may ask for the acte, all but the asset-freeze screening of the day being there.

    Raises: EngagementEnded, ActeGateClosed; TwoPeopleNeeded when `actor` checked the signed convention.
    """
    engagement.refuse_when_ended()
    missing = acte_gate(engagement, now, actor)
    codes = {one.code for one in missing}
    if codes - {ACTE_SCREENING, SECOND_PERSON}:
        raise _gate_closed(missing)
    if SECOND_PERSON in codes:
        raise TwoPeopleNeeded("La personne qui a contrôlé la convention signée ne peut pas établir l'acte.")


def check_ready(engagement: Engagement, actor: str, now: datetime) -> None:
    """Whether `actor` may have the acte prepared now. Raises: as check_asked; ActeGateClosed."""
    check_asked(engagement, actor, now)
    missing = acte_gate(engagement, now, actor)
    if missing:
        raise _gate_closed(missing)


def _gate_closed(missing: list[Missing]) -> ActeGateClosed:
    return ActeGateClosed(f"Il manque : {labels(missing)}.", missing=[one.code for one in missing])


def prepare(
    engagement: Engagement,
    acte: StoredDocument,
    printing: SignedPrinting,
    printed: tuple[Loan, ...],
    channels: tuple[Channel, ...],
    actor: str,
    now: datetime,
) -> list[Event]:
    """Settle the acte's bytes and the ways it goes; what was settled first stays.

    Raises: as check_ready; DossierChanged when `printed`, the loans on the paper, are no longer the dossier's.
    """
    if engagement.prepared is not None:
        return []
    check_ready(engagement, actor, now)
    if printed != engagement.loans:
        raise DossierChanged("Le dossier a changé pendant l'édition de l'acte : recommencez.")
    assert engagement.convention is not None
    assert engagement.outstanding_cents == 0
    return [
        ActePrepared(
            dossier_id=engagement.convention.dossier_id,
            acte=acte,
            prepared_by=actor,
            prepared_at=now,
            printing=printing,
            channels=channels,
        )
    ]


def channels_left(engagement: Engagement) -> tuple[Channel, ...]:
    """The ways a settled acte has still to go, in order.

    Once the BdT has it nothing holds the others up: they bring the same acte again, they engage no more.
    """
    prepared, gone = engagement.prepared, {one.proof.channel for one in engagement.deliveries}
    if prepared is None or not (engagement.transmission_pending or engagement.transmitted):
        return ()
    return tuple(channel for channel in prepared.channels if channel not in gone)


def screening_outdated(engagement: Engagement, now: datetime) -> bool:
    """Whether a settled acte would leave on an asset-freeze screening that no longer counts."""
    pending = engagement.transmission_pending
    return pending and any(one.code == ACTE_SCREENING for one in acte_gate(engagement, now))


def record_transmission(engagement: Engagement, proof: Proof, now: datetime) -> list[Event]:
    """The BdT has the acte: with the first proof the guarantee is effective, each other way adds its own.

    It is recorded even when an end crossed it on the way.
    """
    prepared = engagement.prepared
    assert prepared is not None
    assert proof.sha256 == prepared.acte.sha256, "what was sent is what was settled"
    if any(one.proof.channel is proof.channel for one in engagement.deliveries):
        return []
    delivered = ActeDelivered(dossier_id=prepared.dossier_id, proof=proof)
    if engagement.transmitted is not None:
        return [delivered]
    return [delivered, ActeTransmitted(dossier_id=prepared.dossier_id, acte=prepared.acte, transmitted_at=now)]


def acknowledge(
    engagement: Engagement, reference: str, received_on: date, sha256: str | None, actor: str, now: datetime
) -> list[Event]:
    """The BdT acknowledges the acte, once; `sha256` is what it says to have received, where it says so.

    Raises: ActeNotTransmitted, AcknowledgementConflict, AcknowledgementMismatch, AcknowledgementTooEarly, DateInFuture.
    """
    sent, before = engagement.transmitted, engagement.acknowledged
    if sent is None:
        raise ActeNotTransmitted("Aucun acte n'est à accuser.")
    if sha256 is not None and sha256 != sent.acte.sha256:
        raise AcknowledgementMismatch("L'empreinte accusée n'est pas celle de l'acte transmis.", pointer="/sha256")
    if before is not None:
        if (before.reference, before.received_on) == (reference, received_on):
            return []
        raise AcknowledgementConflict(f"L'accusé n° {before.reference} est déjà enregistré.")
    if received_on > paris_date(now):
        raise DateInFuture("La date de l'accusé est à venir.", pointer="/received_on")
    if received_on < paris_date(sent.transmitted_at):
        raise AcknowledgementTooEarly("L'acte n'était pas encore transmis à cette date.", pointer="/received_on")
    return [
        ActeAcknowledged(
            dossier_id=sent.dossier_id,
            reference=reference,
            received_on=received_on,
            recorded_by=actor,
            recorded_at=now,
        )
    ]
