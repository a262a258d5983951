"""A campaign's rules and interruptions as proposals that a second person approves (DOMAIN rule 9)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from immutables import Map

from services.envelope.domain.refusals import UnknownCampaign
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


class MomentPassed(Refusal):
    type = "effective-in-the-past"
    title = "La date d'effet est passée"


class StaleProposal(Refusal):
    type = "stale-proposal"
    title = "Les règles ont changé depuis cette proposition"


class ProposalMade(Event):
    """Rules say themselves when they take effect; anything else at `effective_at` or, without it, when approved."""

    campaign_id: str
    proposal_id: str
    action: Action
    rules: CampaignRules | None
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    effective_at: UtcDatetime | None = None


class ProposalApproved(Event):
    campaign_id: str
    proposal_id: str
    approved_by: str
    approved_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """`version` is that of the last adopted rules. `interruptions` are in the order of their moments, those to come
    among them; `decided_at` is when the last was decided.
    """

    proposals: Map[str, ProposalMade] = field(default_factory=Map)
    approved: frozenset[str] = frozenset()
    version: int = 0
    interruptions: tuple[tuple[datetime, Action], ...] = ()
    decided_at: datetime | None = None

    def fold(self, event: Event) -> "Campaign":
        match event:
            case ProposalMade(proposal_id=proposal_id):
                return replace(self, proposals=self.proposals.set(proposal_id, event))
            case ProposalApproved(proposal_id=proposal_id):
                return replace(self, approved=self.approved | {proposal_id})
            case RulesAdopted(rules=rules):
                return replace(self, version=rules.version)
            case SuspensionDecided():
                return self._interrupt(event, Action.SUSPEND)
            case ResumptionDecided():
                return self._interrupt(event, Action.RESUME)
            case ClosureDecided():
                return self._interrupt(event, Action.CLOSE)
            case _:
                return self

    def _interrupt(self, event: SuspensionDecided | ResumptionDecided | ClosureDecided, action: Action) -> "Campaign":
        all_of_them = [*self.interruptions, (event.effective_at or event.decided_at, action)]
        in_order = tuple(sorted(all_of_them, key=lambda one: one[0]))
        return replace(self, interruptions=in_order, decided_at=event.decided_at)

    def not_before_the_last(self, now: datetime) -> datetime:
        """Another process's clock may be ahead of this one's; decisions hold in the order they were taken."""
        return now if self.decided_at is None else max(now, self.decided_at)

    def at(self, moment: datetime) -> set[Action]:
        """What holds then: SUSPEND while suspended, CLOSE once closed."""
        holds = set[Action]()
        for _, action in (one for one in self.interruptions if one[0] <= moment):
            if action is Action.RESUME:
                holds.discard(Action.SUSPEND)
            else:
                holds.add(action)
        return holds


KIND = StreamKind("campaign", Campaign(), frozenset({CAMPAIGN_TOPIC}))


def propose(campaign: Campaign, proposal: ProposalMade) -> list[Event]:
    """Record a proposal; its rules, if any, take the next version number when approved.

    Raises: UnknownCampaign for anything but rules before the first; CampaignEnded for anything but rules once closed
    (those who wait may still be made room for); AlreadySuspended, NotSuspended; MomentPassed.
    """
    assert (proposal.action is Action.RULES) == (proposal.rules is not None)
    _check_standing(campaign, proposal, campaign.not_before_the_last(proposal.proposed_at))
    return [] if proposal.proposal_id in campaign.proposals else [proposal]


def approve(campaign: Campaign, proposal_id: str, approver: str, now: datetime) -> list[Event]:
    """The second person's act, which puts the proposal in force.

    Raises: NotFound, TwoPeopleNeeded, AlreadyApproved, CampaignEnded, AlreadySuspended, NotSuspended, MomentPassed,
    StaleProposal (other rules were adopted meanwhile).
    """
    proposal = campaign.proposals.get(proposal_id)
    if proposal is None:
        raise NotFound("Proposition inconnue.")
    if proposal.proposed_by == approver:
        raise TwoPeopleNeeded("La personne qui propose ne peut pas approuver.")
    if proposal_id in campaign.approved:
        raise AlreadyApproved()
    now = campaign.not_before_the_last(now)
    _check_standing(campaign, proposal, now)
    approved = ProposalApproved(
        campaign_id=proposal.campaign_id, proposal_id=proposal_id, approved_by=approver, approved_at=now
    )
    return [approved, _decided(campaign, proposal, now)]


def _check_standing(campaign: Campaign, proposal: ProposalMade, now: datetime) -> None:
    """Whether it would change anything at its moment, which has not passed.

    The ledger records nothing of what changes nothing, so it would not know it again: said after what came between,
    as when a topic is read from its beginning, it would count.
    """
    if proposal.action is Action.RULES:
        return
    if campaign.version == 0:
        raise UnknownCampaign("Aucune règle n'a été adoptée pour cette campagne : il n'y a rien à interrompre.")
    moment = proposal.effective_at or now
    if moment < now:
        raise MomentPassed("Indiquez une date d'effet à venir, ou aucune : l'approbation vaudra alors date d'effet.")
    holds = campaign.at(moment)
    if Action.CLOSE in holds:
        raise CampaignEnded("Une campagne close ne peut être ni suspendue, ni reprise, ni close à nouveau.")
    if proposal.action is Action.SUSPEND and Action.SUSPEND in holds:
        raise AlreadySuspended()
    if proposal.action is Action.RESUME and Action.SUSPEND not in holds:
        raise NotSuspended()


def _decided(campaign: Campaign, proposal: ProposalMade, now: datetime) -> Event:
    campaign_id, effective_at = proposal.campaign_id, proposal.effective_at
    match proposal.action:
        case Action.SUSPEND:
            return SuspensionDecided(
                campaign_id=campaign_id, decided_at=now, reason=proposal.reason, effective_at=effective_at
            )
        case Action.RESUME:
            return ResumptionDecided(campaign_id=campaign_id, decided_at=now, effective_at=effective_at)
        case Action.CLOSE:
            return ClosureDecided(
                campaign_id=campaign_id, decided_at=now, reason=proposal.reason, effective_at=effective_at
            )
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
