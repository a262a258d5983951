"""What pricing decides on an offer: take note of the pieces, issue, answer."""

from datetime import datetime

from services.pricing.domain.drafting import draft, rating_of
from services.pricing.domain.facts import OfferDrafted, OfferPrinted
from services.pricing.domain.grid import Grid
from services.pricing.domain.offer import Offer, OfferStatus
from services.pricing.domain.rating import check_age
from shared.calendar import PARIS
from shared.contracts.intake import LoansReduced, OfferAcceptanceLodged, OfferDeclineLodged
from shared.contracts.pricing import (
    AnswerRefusal,
    OfferAccepted,
    OfferAnswerRefused,
    OfferDeclined,
    OfferExpiryContested,
    OfferIssued,
    OfferSuperseded,
)
from shared.contracts.values import StoredDocument
from shared.errors import Refusal
from shared.events import Event


class OfferNotDrafted(Refusal):
    type = "offer-not-drafted"
    title = "Aucun projet d'offre à émettre"


class OfferNotIssuable(Refusal):
    type = "offer-not-issuable"
    title = "Cette offre ne peut plus être émise"


class OfferDraftOutdated(Refusal):
    type = "offer-draft-outdated"
    title = "Projet d'offre à recalculer"


ISSUABLE = frozenset({OfferStatus.DRAFTED, OfferStatus.ISSUED})


def receive(offer: Offer, event: Event, grid: Grid | None, now: datetime) -> list[Event]:
    """Take note of what another service announced, and draft the offer when the last piece has come.

    Pieces come from several topics in any order: deposit, rating, favourable opinion.
    """
    match event:
        case OfferAcceptanceLodged():
            return [event, accept(offer, event, now)]
        case OfferDeclineLodged():
            return [event, decline(offer, event)]
        case _:
            noted = offer.fold(event)
            ready = noted.status is OfferStatus.NONE or (
                isinstance(event, LoansReduced) and noted.status in (OfferStatus.DRAFTED, OfferStatus.ISSUED)
            )
            return [event, *(draft(noted, grid, now) if ready and noted.favourable else [])]


def issue(
    offer: Offer,
    offer_id: str,
    grid: Grid,
    issued_at: datetime,
    last_moment: datetime,
    printed: OfferPrinted,
    document: StoredDocument,
    now: datetime,
) -> list[Event]:
    """Issue the draft that was shown, priced on the grid in force; what was issued before is superseded, `now` and not
    at `issued_at`: it could be accepted while the new one was printed.

    Raises: as check_issuable.
    """
    drafted = check_issuable(offer, offer_id, grid, issued_at)
    superseded: list[Event] = []
    if offer.status is OfferStatus.ISSUED and offer.issued is not None:
        superseded.append(
            OfferSuperseded(dossier_id=drafted.dossier_id, offer_id=offer.issued.offer_id, superseded_at=now)
        )
    issued = OfferIssued(
        dossier_id=drafted.dossier_id,
        offer_id=drafted.offer_id,
        lines=drafted.lines,
        premium_cents=drafted.premium_cents,
        minimum_applied=drafted.minimum_applied,
        cap_applied=drafted.cap_applied,
        grid_version=drafted.grid_version,
        issued_at=issued_at,
        valid_until=last_moment,
        document=document,
    )
    assert issued.premium_cents == drafted.premium_cents > 0
    return [*superseded, printed, issued]


def check_issuable(offer: Offer, offer_id: str, grid: Grid, now: datetime) -> OfferDrafted:
    """The draft that may be issued.

    Raises: OfferNotDrafted, OfferNotIssuable (once answered or expired), OfferDraftOutdated, RatingTooOld.
    """
    drafted = offer.draft
    if drafted is None or drafted.offer_id != offer_id or offer.closed:
        raise OfferNotDrafted("Le projet d'offre n'existe pas ou a changé : relisez-le avant de l'émettre.")
    if offer.status not in ISSUABLE:
        raise OfferNotIssuable("Une offre a déjà reçu une réponse ou a expiré.", status_label=offer.status.value)
    if drafted.rating != offer.profile or drafted.grid_hash != grid.content_hash:
        raise OfferDraftOutdated("La cotation ou la grille en vigueur a changé depuis ce projet.")
    check_age(rating_of(drafted.rating), now.astimezone(PARIS).date(), grid.rating_max_age_months)
    return drafted


def accept(offer: Offer, lodged: OfferAcceptanceLodged, now: datetime) -> Event:
    """The outcome of an acceptance; the offer's last valid moment is included.

    A refusal of the domain is an outcome the landlord can read, not a failure. An acceptance in time that is read
    after the expiry, or after another offer replaced the one it accepts, is neither refused nor, its reservation
    being released or its price replaced, simply accepted: a person decides.
    """
    refusal = _refusal(offer, lodged.offer_id, lodged.lodged_at)
    until = _open_until(offer, lodged.offer_id)
    if until is not None and lodged.lodged_at <= until:
        return OfferExpiryContested(
            dossier_id=lodged.dossier_id,
            offer_id=lodged.offer_id,
            lodged_at=lodged.lodged_at,
            valid_until=until,
            found_at=now,
        )
    if refusal is not None:
        return _refused(offer, lodged, refusal)
    assert offer.issued is not None, "what is open was issued"
    return OfferAccepted(
        dossier_id=lodged.dossier_id,
        offer_id=lodged.offer_id,
        accepted_at=lodged.lodged_at,
        premium_cents=offer.issued.premium_cents,
        document_sha256=lodged.document_sha256,
    )


def decline(offer: Offer, lodged: OfferDeclineLodged) -> Event:
    """The outcome of a decline; after the expiry there is nothing left to decline."""
    refusal = _refusal(offer, lodged.offer_id, lodged.lodged_at)
    if refusal is not None:
        return _refused(offer, lodged, refusal)
    return OfferDeclined(dossier_id=lodged.dossier_id, offer_id=lodged.offer_id, declined_at=lodged.lodged_at)


def _open_until(offer: Offer, offer_id: str) -> datetime | None:
    """Until when an offer that is over could be accepted; None when something else than time ended it."""
    if offer.closed or offer_id in offer.conclusions or offer.issued is None:
        return None
    if offer.issued.offer_id == offer_id:
        return offer.issued.valid_until if offer.status is OfferStatus.EXPIRED else None
    answered = offer.status in (OfferStatus.ACCEPTED, OfferStatus.DECLINED)
    return None if answered else offer.superseded.get(offer_id)


def _refused(
    offer: Offer, lodged: OfferAcceptanceLodged | OfferDeclineLodged, refusal: AnswerRefusal
) -> OfferAnswerRefused:
    return OfferAnswerRefused(
        dossier_id=lodged.dossier_id,
        offer_id=lodged.offer_id,
        reason=refusal,
        valid_until=offer.issued.valid_until if offer.issued else None,
        refused_at=lodged.lodged_at,
    )


def _refusal(offer: Offer, offer_id: str, lodged_at: datetime) -> AnswerRefusal | None:
    if offer.issued is None:
        return AnswerRefusal.NOT_OPEN
    if offer.issued.offer_id != offer_id:
        return AnswerRefusal.SUPERSEDED
    if lodged_at > offer.issued.valid_until:
        return AnswerRefusal.TOO_LATE
    return None if offer.status is OfferStatus.ISSUED else AnswerRefusal.NOT_OPEN
