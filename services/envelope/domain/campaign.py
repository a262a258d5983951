"""A campaign's rules and interruptions as proposals that a second person approves (DOMAIN rule 9)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from immutables import Map

from shared.contracts.envelope import CAMPAIGN_TOPIC, ClosureDecided, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.contracts.values import CampaignRules
from shared.errors import NotFound, Refusal
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind
from shared.money import format_euros


class Action(StrEnum):
    RULES = "rules"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"


class TwoPeopleNeeded(Refusal):
    type = "two-people-needed"
    title = "Une seconde personne est nécessaire"


class AlreadyApproved(Refusal):
    type = "already-approved"
    title = "Proposition déjà approuvée"


class CampaignEnded(Refusal):
    type = "campaign-closed"
    title = "La campagne est close"


class AlreadySuspended(Refusal):
    type = "already-suspended"
    title = "La campagne est déjà suspendue"


class NotSuspended(Refusal):
    type = "not-suspended"
    title = "La campagne n'est pas suspendue"


class StaleProposal(Refusal):
    type = "stale-proposal"
    title = "Les règles ont changé depuis cette proposition"


class ProposalMade(Event):
    campaign_id: str
    proposal_id: str
    action: Action
    rules: CampaignRules | None
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime


class ProposalApproved(Event):
    campaign_id: str
    proposal_id: str
    approved_by: str
    approved_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """`version` is that of the last adopted rules."""

    proposals: Map[str, ProposalMade] = field(default_factory=Map)
    approved: frozenset[str] = frozenset()
    version: int = 0
    suspended: bool = False
    closed: bool = False

    def fold(self, event: Event) -> "Campaign":
        match event:
            case ProposalMade(proposal_id=proposal_id):
                return replace(self, proposals=self.proposals.set(proposal_id, event))
            case ProposalApproved(proposal_id=proposal_id):
                return replace(self, approved=self.approved | {proposal_id})
            case RulesAdopted(rules=rules):
                return replace(self, version=rules.version)
            case SuspensionDecided():
                return replace(self, suspended=True)
            case ResumptionDecided():
                return replace(self, suspended=False)
            case ClosureDecided():
                return replace(self, closed=True)
            case _:
                return self


KIND = StreamKind("campaign", Campaign(), frozenset({CAMPAIGN_TOPIC}))


def propose(campaign: Campaign, proposal: ProposalMade) -> list[Event]:
    """Record a proposal; its rules, if any, take the next version number when approved.

    Raises: CampaignEnded for anything but rules once closed (those who wait may still be made room for);
    AlreadySuspended, NotSuspended.
    """
    assert (proposal.action is Action.RULES) == (proposal.rules is not None)
    _check_standing(campaign, proposal.action)
    return [] if proposal.proposal_id in campaign.proposals else [proposal]


def approve(campaign: Campaign, proposal_id: str, approver: str, now: datetime) -> list[Event]:
    """The second person's act, which puts the proposal in force.

    Raises: NotFound, TwoPeopleNeeded, AlreadyApproved, CampaignEnded, AlreadySuspended, NotSuspended, StaleProposal
    (other rules were adopted meanwhile).
    """
    proposal = campaign.proposals.get(proposal_id)
    if proposal is None:
        raise NotFound("Proposition inconnue.")
    if proposal.proposed_by == approver:
        raise TwoPeopleNeeded("La personne qui propose ne peut pas approuver.")
    if proposal_id in campaign.approved:
        raise AlreadyApproved()
    _check_standing(campaign, proposal.action)
    approved = ProposalApproved(
        campaign_id=proposal.campaign_id, proposal_id=proposal_id, approved_by=approver, approved_at=now
    )
    return [approved, _decided(campaign, proposal, now)]


def _check_standing(campaign: Campaign, action: Action) -> None:
    """The ledger records nothing of what changes nothing, so it would not know it again: said after what came between,
    as when a topic is read from its beginning, it would count.
    """
    if campaign.closed and action is not Action.RULES:
        raise CampaignEnded("Une campagne close ne peut être ni suspendue, ni reprise, ni close à nouveau.")
    if campaign.suspended and action is Action.SUSPEND:
        raise AlreadySuspended()
    if not campaign.suspended and action is Action.RESUME:
        raise NotSuspended()


def _decided(campaign: Campaign, proposal: ProposalMade, now: datetime) -> Event:
    match proposal.action:
        case Action.SUSPEND:
            return SuspensionDecided(campaign_id=proposal.campaign_id, decided_at=now, reason=proposal.reason)
        case Action.RESUME:
            return ResumptionDecided(campaign_id=proposal.campaign_id, decided_at=now)
        case Action.CLOSE:
            return ClosureDecided(campaign_id=proposal.campaign_id, decided_at=now, reason=proposal.reason)
        case _:
            assert proposal.rules is not None, "a proposal of rules holds them"
            if proposal.rules.version != campaign.version + 1:
                raise StaleProposal("D'autres règles ont été adoptées : proposez à nouveau.")
            return RulesAdopted(rules=proposal.rules, adopted_at=now)


class CapBelowEngaged(Refusal):
    type = "cap-below-engaged"
    title = "Plafond inférieur au montant réservé et engagé"


def check_cap(rules: CampaignRules, engaged_cents: int) -> None:
    """A cap is never lowered below what is reserved and committed (DOMAIN rule 9). Raises: CapBelowEngaged."""
    if rules.cap_cents < engaged_cents:
        raise CapBelowEngaged(
            f"Le plafond proposé est inférieur aux {format_euros(engaged_cents)} déjà réservés et engagés.",
            pointer="/rules/cap_cents",
        )
