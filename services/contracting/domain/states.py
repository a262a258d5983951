"""Where a dossier may stand for contracting, and the facts that end it."""

from enum import StrEnum

from shared.contracts.contracting import BoardRefused, EngagementLapsed
from shared.contracts.envelope import Released
from shared.contracts.instruction import CommitteeOpinionGiven, DossierFoundIneligible, Opinion
from shared.contracts.intake import DossierWithdrawn
from shared.contracts.pricing import OfferDeclined, OfferExpired
from shared.events import Event


class EngagementState(StrEnum):
    """Where the dossier stands for contracting; the last eight are ends."""

    SUBMITTED = "submitted"
    FAVOURABLE = "favourable"
    OFFER_ISSUED = "offer_issued"
    OFFER_ACCEPTED = "offer_accepted"
    BOARD_CONFIRMED = "board_confirmed"
    ENGAGED = "engaged"
    CONVENTION_SENT = "convention_sent"
    CONVENTION_SIGNED = "convention_signed"
    PREMIUM_PAID = "premium_paid"
    ACTE_DUE = "acte_due"
    ACTE_PREPARED = "acte_prepared"
    ACTE_TRANSMITTED = "acte_transmitted"
    WITHDRAWN = "withdrawn"
    INELIGIBLE = "ineligible"
    UNFAVOURABLE = "unfavourable"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    BOARD_REFUSED = "board_refused"
    LAPSED = "lapsed"
    RELEASED = "released"


# The facts that end an engagement, by type name: the envelope's `Released.reason` speaks the same names.
ENDS = {
    DossierWithdrawn.__name__: EngagementState.WITHDRAWN,
    DossierFoundIneligible.__name__: EngagementState.INELIGIBLE,
    CommitteeOpinionGiven.__name__: EngagementState.UNFAVOURABLE,
    OfferDeclined.__name__: EngagementState.OFFER_DECLINED,
    OfferExpired.__name__: EngagementState.OFFER_EXPIRED,
    BoardRefused.__name__: EngagementState.BOARD_REFUSED,
    EngagementLapsed.__name__: EngagementState.LAPSED,
}

ENDED = frozenset({*ENDS.values(), EngagementState.RELEASED})


def ended_by(event: Event) -> EngagementState | None:
    """The end an event brings, if any."""
    match event:
        case CommitteeOpinionGiven(opinion=Opinion.FAVOURABLE):
            return None
        case Released(reason=reason):
            return ENDS.get(reason, EngagementState.RELEASED)
        case _:
            return ENDS.get(type(event).__name__)
