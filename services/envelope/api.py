"""Envelope's routes: the figures and the waiting list, and the two-person acts on a campaign."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.envelope.domain.campaign import Action, Campaign
from services.envelope.domain.ledger import Ledger, Standing
from services.envelope.usecases import Envelope
from shared.auth import Principal, Role, require
from shared.contracts.values import CampaignRules, Exhaustion
from shared.errors import Refusal
from shared.events import UtcDatetime
from shared.http import cause_of
from shared.money import MAX_CENTS

READERS = (
    Role.CAMPAIGN_MANAGER,
    Role.AUDITOR,
    Role.INSTRUCTOR,
    Role.COMMITTEE_SECRETARY,
    Role.PRICING_OFFICER,
    Role.LEGAL_OFFICER,
    Role.BOARD_SECRETARY,
    Role.ACCOUNTANT,
)


class Scheduled(BaseModel):
    """What takes effect when; `rules_version` and `cap_cents` for rules, `reason` for anything else."""

    effective_at: UtcDatetime
    action: Action
    rules_version: int | None = None
    cap_cents: int | None = None
    reason: str = ""


class RefusedRules(BaseModel):
    """The last version that two people adopted and the ledger could not follow when its moment came."""

    rules_version: int
    cap_cents: int
    effective_at: UtcDatetime
    reason: str
    refused_at: UtcDatetime


class Figures(BaseModel):
    """The envelope now. Reserved, committed and available are three figures (DOMAIN rule 8)."""

    campaign_id: str
    rules_version: int
    cap_cents: int
    reserved_cents: int
    committed_cents: int
    available_cents: int
    waiting: int
    waiting_cents: int
    head_blocked: bool
    exhausted: bool
    suspended: bool
    closed: bool
    last_number: int
    missing_number: int | None
    epoch: int
    scheduled: list[Scheduled]
    refused_rules: RefusedRules | None


class Waiting(BaseModel):
    place: int
    deposit_number: int
    dossier_id: str
    amount_cents: int


class ReservationRow(BaseModel):
    dossier_id: str
    deposit_number: int
    amount_cents: int
    standing: Standing


class RulesProposal(BaseModel):
    """The rules to put in force; the version number is given when proposed."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=200)
    cap_cents: int = Field(gt=0, le=MAX_CENTS * 10, strict=True)
    opens_at: AwareDatetime
    effective_at: AwareDatetime
    on_exhaustion: Exhaustion = Exhaustion.STRICT_WAITLIST
    released_amounts_return: bool = True
    offer_validity_business_days: int = Field(10, ge=1, le=60)
    convention_return_days: int = Field(60, ge=1, le=365)
    premium_due_days: int = Field(30, ge=1, le=365)


class ProposalRequest(BaseModel):
    """`rules` with action `rules`, and only then. They say when they take effect; anything else does at `effective_at`
    or, without it, when a second person approves.
    """

    model_config = ConfigDict(extra="forbid")

    action: Action
    rules: RulesProposal | None = None
    reason: str = Field(min_length=1, max_length=2_000)
    effective_at: AwareDatetime | None = None


class ProposalRow(BaseModel):
    proposal_id: str
    action: Action
    rules: CampaignRules | None
    reason: str
    effective_at: UtcDatetime | None
    proposed_at: UtcDatetime
    approved: bool


class CampaignDetail(BaseModel):
    campaign_id: str
    rules_version: int
    proposals: list[ProposalRow]
    scheduled: list[Scheduled]
    refused_rules: RefusedRules | None


def router(envelope: Envelope) -> APIRouter:
    routes = APIRouter(tags=["enveloppe"])

    @routes.get("/envelopes/{campaign_id}", summary="Les trois chiffres de l'enveloppe")
    async def figures(campaign_id: str, _: Annotated[Principal, require(*READERS)]) -> Figures:
        return figures_of(campaign_id, await envelope.ledger(campaign_id))

    @routes.get("/envelopes/{campaign_id}/waiting-list", summary="La liste d'attente, dans l'ordre")
    async def waiting_list(campaign_id: str, _: Annotated[Principal, require(*READERS)]) -> list[Waiting]:
        return waiting_of(await envelope.ledger(campaign_id))

    @routes.get("/envelopes/{campaign_id}/reservations", summary="Les réservations, par numéro")
    async def reservations(
        campaign_id: str,
        _: Annotated[Principal, require(*READERS)],
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[ReservationRow]:
        return [
            ReservationRow(
                dossier_id=key, deposit_number=one.number, amount_cents=one.amount_cents, standing=one.standing
            )
            for key, one in await envelope.reservations(campaign_id, skip, limit)
        ]

    @routes.get("/campaigns/{campaign_id}", summary="Les règles et leurs propositions")
    async def campaign(
        campaign_id: str, _: Annotated[Principal, require(Role.CAMPAIGN_MANAGER, Role.AUDITOR)]
    ) -> CampaignDetail:
        return detail_of(campaign_id, *await envelope.campaign(campaign_id))

    @routes.post(
        "/campaigns/{campaign_id}/proposals", status_code=201, summary="Proposer des règles ou une interruption"
    )
    async def propose(
        campaign_id: str,
        body: ProposalRequest,
        request: Request,
        caller: Annotated[Principal, require(Role.CAMPAIGN_MANAGER)],
    ) -> ProposalRow:
        rules = rules_of(campaign_id, body)
        cause = cause_of(request, caller.actor)
        made = await envelope.propose(campaign_id, body.action, rules, body.reason, cause, body.effective_at)
        return ProposalRow.model_validate(made.model_dump() | {"approved": False}, extra="ignore")

    @routes.post("/campaigns/{campaign_id}/proposals/{proposal_id}/approval", summary="Approuver (seconde personne)")
    async def approve(
        campaign_id: str,
        proposal_id: str,
        request: Request,
        caller: Annotated[Principal, require(Role.CAMPAIGN_MANAGER)],
    ) -> CampaignDetail:
        await envelope.approve(campaign_id, proposal_id, cause_of(request, caller.actor))
        return detail_of(campaign_id, *await envelope.campaign(campaign_id))

    return routes


def rules_of(campaign_id: str, body: ProposalRequest) -> CampaignRules | None:
    if body.action is not Action.RULES:
        return None
    if body.rules is None:
        raise MissingRules(pointer="/rules")
    if body.effective_at is not None:
        raise TwoMoments("Les règles portent elles-mêmes leur date d'effet.", pointer="/effective_at")
    return CampaignRules(campaign_id=campaign_id, version=1, **body.rules.model_dump())


class MissingRules(Refusal):
    type = "missing-rules"
    title = "Les règles proposées manquent"
    status = 422


class TwoMoments(Refusal):
    type = "two-effective-dates"
    title = "Une seule date d'effet est possible"
    status = 422


def figures_of(campaign_id: str, ledger: Ledger) -> Figures:
    waiting = waiting_of(ledger)
    return Figures(
        campaign_id=campaign_id,
        rules_version=ledger.rules.version if ledger.rules else 0,
        cap_cents=ledger.cap_cents,
        reserved_cents=ledger.reserved_cents,
        committed_cents=ledger.committed_cents,
        available_cents=ledger.available_cents,
        waiting=len(waiting),
        waiting_cents=sum(one.amount_cents for one in waiting),
        head_blocked=bool(waiting) and waiting[0].amount_cents > ledger.available_cents,
        exhausted=ledger.exhausted,
        suspended=ledger.suspended,
        closed=ledger.closed,
        last_number=ledger.decided,
        missing_number=ledger.decided + 1 if ledger.gap else None,
        epoch=ledger.epoch,
        scheduled=scheduled_of(ledger),
        refused_rules=refused_of(ledger),
    )


def scheduled_of(ledger: Ledger) -> list[Scheduled]:
    """In the order in which it takes effect."""
    rows = [
        Scheduled(
            effective_at=one.effective_at, action=Action.RULES, rules_version=one.version, cap_cents=one.cap_cents
        )
        for one in ledger.scheduled
    ]
    rows += [
        Scheduled(effective_at=one.effective_at, action=one.action, reason=one.reason) for one in ledger.interruptions
    ]
    return sorted(rows, key=lambda row: row.effective_at)


def refused_of(ledger: Ledger) -> RefusedRules | None:
    refused = ledger.refused_rules
    return refused and RefusedRules(
        rules_version=refused.rules.version,
        cap_cents=refused.rules.cap_cents,
        effective_at=refused.rules.effective_at,
        reason=refused.reason,
        refused_at=refused.refused_at,
    )


def waiting_of(ledger: Ledger) -> list[Waiting]:
    return [
        Waiting(
            place=place,
            deposit_number=number,
            dossier_id=ledger.waiting[number].dossier_id,
            amount_cents=ledger.waiting[number].amount_cents,
        )
        for place, number in enumerate(sorted(ledger.waiting), start=1)
    ]


def detail_of(campaign_id: str, campaign: Campaign, ledger: Ledger) -> CampaignDetail:
    return CampaignDetail(
        campaign_id=campaign_id,
        rules_version=campaign.version,
        scheduled=scheduled_of(ledger),
        refused_rules=refused_of(ledger),
        proposals=[
            ProposalRow.model_validate(
                one.model_dump() | {"approved": one.proposal_id in campaign.approved}, extra="ignore"
            )
            for one in sorted(campaign.proposals.values(), key=lambda one: one.proposed_at)
        ],
    )
