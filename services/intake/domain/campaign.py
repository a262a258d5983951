"""Intake's copy of a campaign: whether a deposit is possible now, and who waits for room."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from immutables import Map

from shared.contracts.envelope import (
    CampaignClosed,
    CampaignOpened,
    CampaignResumed,
    CampaignSuspended,
    CapChanged,
    EnvelopeExhausted,
    EnvelopeReplenished,
    Promoted,
    Released,
    ReservationRefused,
    RulesChanged,
    Waitlisted,
)
from shared.contracts.values import CampaignRules, Exhaustion
from shared.errors import Refusal
from shared.events import Event
from shared.journal import StreamKind
from shared.typeset import french_moment


class CampaignUnknown(Refusal):
    type = "campaign-unknown"
    title = "Aucune campagne n'est ouverte"


class CampaignNotOpen(Refusal):
    type = "campaign-not-open"
    title = "La campagne n'est pas encore ouverte"


class CampaignSuspendedNow(Refusal):
    type = "campaign-suspended"
    title = "La campagne est suspendue"


class CampaignClosedNow(Refusal):
    type = "campaign-closed"
    title = "La campagne est close"


class EnvelopeConsumed(Refusal):
    type = "envelope-consumed"
    title = "L'enveloppe est consommée"


@dataclass(frozen=True, slots=True)
class Campaign:
    """`waiting` holds the deposit numbers of those on the waiting list, by dossier id."""

    rules: CampaignRules | None = None
    suspended: bool = False
    closed: bool = False
    exhausted: bool = False
    waiting: Map[str, int] = field(default_factory=Map)

    def fold(self, event: Event) -> "Campaign":
        match event:
            case CampaignOpened() | RulesChanged() | CapChanged():
                return replace(self, rules=event.rules)
            case CampaignSuspended():
                return replace(self, suspended=True)
            case CampaignResumed():
                return replace(self, suspended=False)
            case CampaignClosed():
                return replace(self, closed=True)
            case EnvelopeExhausted():
                return replace(self, exhausted=True)
            case EnvelopeReplenished():
                return replace(self, exhausted=False)
            case Waitlisted(dossier_id=dossier_id, deposit_number=number):
                return replace(self, waiting=self.waiting.set(dossier_id, number))
            case Promoted() | Released() | ReservationRefused():
                dossier_id = event.dossier_id
                return replace(self, waiting=self.waiting.delete(dossier_id))
            case _:
                return self

    def place_of(self, dossier_id: str) -> int | None:
        """The place now, from 1 at the head; None for who does not wait."""
        number = self.waiting.get(dossier_id)
        return None if number is None else sum(other <= number for other in self.waiting.values())


KIND = StreamKind("campaign", Campaign())
ABOUT_THE_WAIT = (Waitlisted, Promoted, Released, ReservationRefused)


def note_wait(campaign: Campaign, event: Waitlisted | Promoted | Released | ReservationRefused) -> list[Event]:
    """Who came on the list or left it; what is released or refused without having waited moves nobody."""
    waits = event.dossier_id in campaign.waiting
    return [] if isinstance(event, Waitlisted) is waits else [event]


def check_deposit(campaign: Campaign, now: datetime) -> CampaignRules:
    """The rules a deposit made now falls under.

    Raises: CampaignUnknown, CampaignNotOpen, CampaignClosedNow, CampaignSuspendedNow,
    EnvelopeConsumed.
    """
    if campaign.rules is None:
        raise CampaignUnknown("La campagne n'a pas de règles en vigueur.")
    if now < campaign.rules.opens_at:
        raise CampaignNotOpen(
            f"Les dépôts ouvrent le {french_moment(campaign.rules.opens_at)}.",
            opens_at=campaign.rules.opens_at.isoformat(),
        )
    if campaign.closed:
        raise CampaignClosedNow("Les dépôts sont terminés ; les dossiers déjà envoyés suivent leur cours.")
    if campaign.suspended:
        raise CampaignSuspendedNow("La date de reprise des dépôts sera annoncée ; votre brouillon est conservé.")
    if campaign.exhausted and campaign.rules.on_exhaustion is Exhaustion.CLOSE:
        raise EnvelopeConsumed("Les dépôts sont fermés ; ils reprendront si des montants sont libérés.")
    return campaign.rules
