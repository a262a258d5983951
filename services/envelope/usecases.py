"""What envelope does: every command of the ledger comes from the bus, through the single writer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from typing import Any

import structlog

from services.envelope.domain import campaign as campaigns_domain
from services.envelope.domain import decisions, moments
from services.envelope.domain.campaign import Action, Campaign, ProposalMade
from services.envelope.domain.decisions import Deposited
from services.envelope.domain.facts import RulesRefused
from services.envelope.domain.ledger import Ledger, Reservation
from services.envelope.writer import Writer
from shared.clock import Clock
from shared.contracts.contracting import Engaged
from shared.contracts.envelope import ClosureDecided, ResumptionDecided, RulesAdopted, SuspensionDecided
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion
from shared.contracts.intake import DossierSubmitted, LoansReduced
from shared.contracts.values import CampaignRules
from shared.documents import Document, Documents
from shared.errors import NotFound, Unavailable
from shared.events import Cause, Event, MessageMeta, Reading, causes
from shared.ids import new_id
from shared.journal import Appended, Journal
from shared.telemetry import Metrics

log = structlog.get_logger(__name__)


class Deposit(Reading):
    """What the ledger takes of a deposit: its content is instruction's and pricing's."""

    of = DossierSubmitted
    campaign_id: str
    dossier_id: str
    deposit_number: int
    principal_cents: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """The use cases with what they need. `known` has a row for each campaign anybody proposed rules for.

    `campaign_id` is the configured campaign: it takes what is said of a dossier nobody has deposited yet.
    """

    ledgers: Journal[Ledger]
    campaigns: Journal[Campaign]
    writer: Writer
    campaign_id: str
    known: Documents
    clock: Clock
    finding: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def command(self, event: Any, meta: MessageMeta) -> None:
        """Carry out what a fact of another service means for the ledger."""
        campaign_id = await self.campaign_of(event)
        decide = partial(_decision, event, self.clock.now())
        done = await self.writer.append(campaign_id, decide, meta.cause("envelope"))
        tell(campaign_id, done.state, done.events)
        await self._follow_crossed([(event, meta)], campaign_id)

    async def commands(self, heard: Sequence[tuple[Any, MessageMeta]]) -> list[Exception | None]:
        """The same for many at once: those that follow each other in one campaign go into one commit."""
        outcomes = list[Exception | None]()
        for campaign_id, run in groupby(heard, key=lambda one: named_campaign(one[0])):
            if campaign_id is not None:
                outcomes += await self._commands(campaign_id, list(run))
                continue
            for event, meta in run:
                outcomes.append(await self._outcome(event, meta))
        return outcomes

    async def _commands(self, campaign_id: str, heard: list[tuple[Any, MessageMeta]]) -> list[Exception | None]:
        now = self.clock.now()
        deposits = [event for event, _ in heard if isinstance(event, Deposit)]
        at_once = partial(_reserved_at_once, deposits, now) if len(deposits) == len(heard) else None
        done = await self.writer.append_all(
            campaign_id,
            causes("envelope", [meta for _, meta in heard]),
            lambda place, ledger: _decision(heard[place][0], now, ledger),
            at_once,
        )
        await self._follow_crossed(heard, campaign_id)
        if taken := [one for one in done.outcomes if not isinstance(one, Exception)]:
            tell(campaign_id, done.state, chain.from_iterable(taken))
        return [one if isinstance(one, Exception) else None for one in done.outcomes]

    async def _outcome(self, event: Any, meta: MessageMeta) -> Exception | None:
        try:
            await self.command(event, meta)
        except Unavailable:
            raise
        except Exception as failure:
            return failure
        return None

    async def campaign_of(self, event: Any) -> str:
        """The campaign an event names, or the one whose ledger knows its dossier, or else the configured one."""
        named = named_campaign(event)
        if named is not None:
            return named
        # One after the other: events of one dossier reach its ledger in the order they came in.
        async with self.finding:
            return await self._home(event.dossier_id)

    async def _home(self, dossier_id: str) -> str:
        campaigns = [row["_id"] async for row in self.known.find({}, sort=[("_id", 1)])]
        for campaign_id in campaigns:
            if campaign_id != self.campaign_id and await self.ledgers.read(
                campaign_id, lambda ledger: ledger.knows(dossier_id)
            ):
                return campaign_id
        return self.campaign_id

    async def _follow_crossed(self, heard: Sequence[tuple[Any, MessageMeta]], campaign_id: str) -> None:
        """A deposit of another campaign, or an event that found no deposit there: each may have missed the other."""
        if campaign_id != self.campaign_id:
            crossed = [one for one in heard if isinstance(one[0], Deposit)]
        else:
            crossed = [one for one in heard if not hasattr(one[0], "campaign_id") and hasattr(one[0], "dossier_id")]
        for event, meta in crossed:
            await self._follow_home(event.dossier_id, meta)

    async def _follow_home(self, dossier_id: str, meta: MessageMeta) -> None:
        """Carry a release that came before its deposit from the configured campaign's ledger to the dossier's own.

        Both sides look after they have written, so whichever is last sees the other.
        """
        reason = (await self.ledgers.load(self.campaign_id)).state.voided.get(dossier_id)
        if reason is None or (home := await self._home(dossier_id)) == self.campaign_id:
            return
        now = self.clock.now()
        # Without causation: the message may have been handled in this ledger; releasing twice changes nothing.
        cause = Cause("service:envelope", meta.correlation)
        done = await self.writer.append(home, lambda ledger: decisions.release(ledger, dossier_id, reason, now), cause)
        tell(home, done.state, done.events)

    async def follow_due_rules(self, holding: bool) -> None:
        """Put what was scheduled in force when its moment comes, command or none; only where this process writes.

        `holding`: the commands come to this process. It may have written nothing since it started; it takes over
        for what is due, and for nothing less.
        """
        due = {self.campaign_id} if holding and await self._due(self.campaign_id) else set[str]()
        for campaign_id in self.writer.campaigns | due:
            cause = Cause("service:envelope", correlation=campaign_id)
            done = await self.writer.append(campaign_id, lambda _: [], cause)
            tell(campaign_id, done.state, done.events)

    async def _due(self, campaign_id: str) -> bool:
        ledger = (await self.ledgers.load(campaign_id)).state
        return bool(moments.follow_due(ledger, self.clock.now()))

    async def propose(
        self,
        campaign_id: str,
        action: Action,
        rules: CampaignRules | None,
        reason: str,
        cause: Cause,
        effective_at: datetime | None = None,
    ) -> ProposalMade:
        """Record one person's proposal; rules get the next version number.

        Without `effective_at`, anything but rules takes effect when it is approved.

        Raises: CapBelowEngaged when the proposed cap is below what is reserved and committed now.
        """
        current = (await self.campaigns.load(campaign_id)).state
        ledger = (await self.ledgers.load(campaign_id)).state
        if rules is not None:
            campaigns_domain.check_cap(rules, ledger.reserved_cents + ledger.committed_cents + ledger.retained_cents)
            rules = rules.model_copy(update={"version": current.version + 1})
        proposal = ProposalMade(
            campaign_id=campaign_id,
            proposal_id=new_id(),
            action=action,
            rules=rules,
            reason=reason,
            proposed_by=cause.actor,
            proposed_at=self.clock.now(),
            effective_at=effective_at,
        )
        await self.campaigns.append(campaign_id, lambda state: campaigns_domain.propose(state, proposal), cause)
        return proposal

    async def approve(self, campaign_id: str, proposal_id: str, cause: Cause) -> None:
        now = self.clock.now()
        await self.campaigns.append(
            campaign_id, lambda state: campaigns_domain.approve(state, proposal_id, cause.actor, now), cause
        )

    async def campaign(self, campaign_id: str) -> tuple[Campaign, Ledger]:
        """What was proposed and approved, and what the ledger makes of it, which may not have heard all of it yet."""
        proposed = (await self._known(self.campaigns, campaign_id)).state
        return proposed, (await self.ledgers.load(campaign_id)).state

    async def ledger(self, campaign_id: str) -> Ledger:
        return (await self._known(self.ledgers, campaign_id)).state

    async def reservations(self, campaign_id: str, skip: int, limit: int) -> list[tuple[str, Reservation]]:
        """Dossiers and their reservations in number order."""
        await self._known(self.ledgers, campaign_id)
        return await self.ledgers.read(campaign_id, lambda ledger: ledger.reservations.slice(skip, limit))

    async def _known(self, journal: Journal[Any], campaign_id: str) -> Appended[Any]:
        loaded = await journal.load(campaign_id)
        if loaded.version == 0:
            raise NotFound("Campagne inconnue.")
        return loaded


def named_campaign(event: Any) -> str | None:
    return event.rules.campaign_id if isinstance(event, RulesAdopted) else getattr(event, "campaign_id", None)


def tell(campaign_id: str, ledger: Ledger, events: Iterable[Event]) -> None:
    """What operations see of an append: rules the ledger could not follow, and the figures it led to."""
    for event in events:
        if isinstance(event, RulesRefused):
            log.warning("rules_refused", campaign=campaign_id, version=event.rules.version, reason=event.reason)
    show(campaign_id, ledger)


def show(campaign_id: str, ledger: Ledger) -> None:
    """The figures on /metrics."""
    for figure, cents in (
        ("cap", ledger.cap_cents),
        ("reserved", ledger.reserved_cents),
        ("committed", ledger.committed_cents),
        ("available", ledger.available_cents),
    ):
        Metrics.envelope_cents.labels(campaign_id, figure).set(cents)
    Metrics.envelope_waiting.labels(campaign_id).set(len(ledger.waiting))
    Metrics.ledger_gap.labels(campaign_id).set(ledger.gap)
    Metrics.ledger_epoch.labels(campaign_id).set(ledger.epoch)
    Metrics.rules_refused.labels(campaign_id).set(ledger.refusing)


def render_campaign(campaign_id: str, campaign: Campaign) -> Document:
    return {"campaign_id": campaign_id, "version": campaign.version}


def _decision(event: Any, now: datetime, ledger: Ledger) -> Sequence[Event]:
    """What a fact of another service means for the ledger."""
    match event:
        case Deposit(dossier_id=dossier_id, deposit_number=number, principal_cents=amount):
            return decisions.submit(ledger, dossier_id, number, amount, now)
        case LoansReduced(dossier_id=dossier_id, principal_cents=amount):
            return decisions.reduce(ledger, dossier_id, amount, now)
        case Engaged(dossier_id=dossier_id):
            return decisions.commit(ledger, dossier_id, now)
        case CommitteeOpinionGiven(opinion=Opinion.FAVOURABLE):
            return []
        case RulesAdopted(rules=rules):
            return decisions.adopt(ledger, rules, now)
        case SuspensionDecided() | ResumptionDecided() | ClosureDecided():
            return moments.interrupt(ledger, event, now)
        case _:  # withdrawn, ineligible, unfavourable, declined, expired, refused, lapsed
            return decisions.release(ledger, event.dossier_id, type(event).__name__, now)


def _reserved_at_once(
    deposits: Sequence[Deposit], now: datetime, ledger: Ledger
) -> tuple[Sequence[Event], Ledger] | None:
    asked = [Deposited(one.dossier_id, one.deposit_number, one.principal_cents) for one in deposits]
    return decisions.submit_all(ledger, asked, now)
