"""Drafts, deposit, withdrawal, timeline."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.intake.api.bailleurs import User
from services.intake.documents import render_receipt
from services.intake.domain.dossier import Dossier, Entry
from services.intake.domain.status import TABLE, PublicStatus
from services.intake.domain.timeline import LABELS, label
from services.intake.forms import DraftForm
from services.intake.store import Draft
from services.intake.usecases.dossiers import Dossiers
from shared.auth import Principal
from shared.contracts.envelope import Committed, Promoted, Released, Reserved, Waitlisted
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, SupplementRequested
from shared.contracts.intake import DossierSubmitted
from shared.contracts.pricing import AnswerRefusal, OfferAnswerRefused
from shared.direct import Direct
from shared.errors import NotFound, Refusal
from shared.events import Event
from shared.http import cause_of
from shared.typeset import french_second
from shared.uploads import content_disposition


class IfMatchMissing(Refusal):
    type = "if-match-missing"
    title = "En-tête If-Match nécessaire"
    status = 428


SeenDraft = Annotated[
    str | None,
    Header(description="L'ETag du brouillon que vous avez lu : s'il a changé depuis, rien n'est déposé (412)"),
]


class NewDossier(BaseModel):
    model_config = ConfigDict(extra="forbid")

    siren: str = Field(pattern=r"^\d{9}$")


class DossierRow(BaseModel):
    dossier_id: str
    siren: str
    deposit_number: int | None
    operation: str | None
    commune: str | None
    principal_cents: int | None
    status: PublicStatus
    status_label: str
    envelope: str | None
    place: int | None
    due_at: datetime | None


class DraftDetail(DraftForm):
    dossier_id: str
    status: PublicStatus


class MissingItem(BaseModel):
    code: str
    label: str
    pointer: str


class Checklist(BaseModel):
    complete: bool
    missing: list[MissingItem]


class DepositReceipt(BaseModel):
    dossier_id: str
    campaign_id: str
    deposit_number: int
    submitted_at: datetime
    principal_cents: int


class WithdrawalRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=2_000)


class LoanReduction(BaseModel):
    model_config = ConfigDict(extra="forbid")

    loan_id: str
    principal_cents: StrictInt


class ReductionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    loans: list[LoanReduction] = Field(min_length=1, max_length=10)


class TimelineEntry(BaseModel):
    at: datetime
    label: str
    detail: str


class SupplementAsked(BaseModel):
    request_id: str
    message: str
    due_at: datetime


class Timeline(BaseModel):
    """Where the dossier stands, who acts next and by when, and how it came there."""

    dossier_id: str
    deposit_number: int | None
    status: PublicStatus
    status_label: str
    next_actor: str
    due_at: datetime | None
    envelope: str | None
    envelope_label: str | None
    place: int | None
    reason: str
    supplement: SupplementAsked | None
    entries: list[TimelineEntry]


def router(dossiers: Dossiers) -> APIRouter:
    routes = APIRouter(prefix="/dossiers", tags=["dossiers"])
    _route_deposit(routes, dossiers)
    _route_drafts(routes, dossiers)
    _route_reading(routes, dossiers)
    return routes


def _route_drafts(routes: APIRouter, dossiers: Dossiers) -> None:
    @routes.post("", status_code=201, summary="Commencer un dossier")
    async def create(body: NewDossier, request: Request, response: Response, caller: User) -> DraftDetail:
        dossier_id = await dossiers.open(body.siren, caller, cause_of(request, caller.actor))
        response.headers["Location"] = f"/dossiers/{dossier_id}"
        return _draft(dossier_id, PublicStatus.DRAFT, await dossiers.drafts.read(dossier_id), response)

    @routes.get("", summary="Mes dossiers")
    async def list_dossiers(
        caller: User, skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[DossierRow]:
        return [DossierRow.model_validate(row) for row in await dossiers.listed(caller, skip, limit)]

    @routes.get("/{dossier_id}", summary="Un dossier tel que saisi")
    async def read(dossier_id: str, response: Response, caller: User) -> DraftDetail:
        status = (await dossiers.mine(dossier_id, caller)).status
        return _draft(dossier_id, status, await dossiers.drafts.read(dossier_id), response)

    @routes.put("/{dossier_id}", summary="Enregistrer le brouillon (If-Match)")
    async def save(
        dossier_id: str,
        body: DraftForm,
        response: Response,
        caller: User,
        if_match: Annotated[str | None, Header()] = None,
    ) -> DraftDetail:
        if if_match is None:
            raise IfMatchMissing("Lisez le brouillon et renvoyez son ETag dans If-Match.")
        saved = await dossiers.save(dossier_id, body, _revision(if_match), caller)
        return _draft(dossier_id, PublicStatus.DRAFT, saved, response)

    @routes.get("/{dossier_id}/checklist", summary="Ce qui manque avant l'envoi")
    async def checklist(dossier_id: str, caller: User) -> Checklist:
        missing = await dossiers.checklist(dossier_id, caller)
        items = [MissingItem(code=one.code, label=one.label, pointer=one.pointer) for one in missing]
        return Checklist(complete=not items, missing=items)


def _route_deposit(routes: APIRouter, dossiers: Dossiers) -> None:
    async def submit(dossier_id: str, request: Request, caller: User, if_match: SeenDraft = None) -> DepositReceipt:
        revision = None if if_match is None else _revision(if_match)
        return _deposit(await dossiers.submit(dossier_id, revision, caller, cause_of(request, caller.actor)))

    summary = "Envoyer le dossier : dépôt définitif et numéro (If-Match)"
    path = "/{dossier_id}/submission"
    routes.add_api_route(path, submit, methods=["POST"], summary=summary, route_class_override=Direct)

    @routes.get("/{dossier_id}/receipt", summary="Récépissé de dépôt (PDF)")
    async def receipt(dossier_id: str, caller: User) -> Response:
        submitted = (await dossiers.mine(dossier_id, caller)).submitted
        if submitted is None:
            raise NotFound("Le dossier n'est pas encore envoyé.")
        name = f"recepisse-{submitted.deposit_number}.pdf"
        headers = {"Content-Disposition": content_disposition(name)}
        return Response(await render_receipt(submitted), media_type="application/pdf", headers=headers)

    @routes.post("/{dossier_id}/withdrawal", summary="Retirer le dossier")
    async def withdraw(dossier_id: str, body: WithdrawalRequest, request: Request, caller: User) -> Timeline:
        await dossiers.withdraw(dossier_id, body.reason, caller, cause_of(request, caller.actor))
        return await _timeline(dossiers, dossier_id, caller)

    @routes.post("/{dossier_id}/loan-reductions", summary="Réduire le montant de prêts déposés")
    async def reduce(dossier_id: str, body: ReductionRequest, request: Request, caller: User) -> Timeline:
        wanted = {loan.loan_id: loan.principal_cents for loan in body.loans}
        await dossiers.reduce(dossier_id, wanted, caller, cause_of(request, caller.actor))
        return await _timeline(dossiers, dossier_id, caller)


def _route_reading(routes: APIRouter, dossiers: Dossiers) -> None:
    @routes.get("/{dossier_id}/timeline", summary="Où en est le dossier")
    async def timeline(dossier_id: str, caller: User) -> Timeline:
        return await _timeline(dossiers, dossier_id, caller)


async def _timeline(dossiers: Dossiers, dossier_id: str, caller: Principal) -> Timeline:
    found = await dossiers.mine(dossier_id, caller)
    return timeline_of(dossier_id, found, await dossiers.place(dossier_id, found))


def _draft(dossier_id: str, status: PublicStatus, draft: Draft, response: Response) -> DraftDetail:
    response.headers["ETag"] = draft.etag
    return DraftDetail(dossier_id=dossier_id, status=status, **dict(draft.form))


def _revision(if_match: str) -> int:
    """The revision an If-Match names; one that is none of ours matches nothing."""
    given = if_match.strip().strip('"')
    return int(given) if given.isdecimal() and len(given) < 10 else -1


def _deposit(submitted: DossierSubmitted) -> DepositReceipt:
    return DepositReceipt(**{name: getattr(submitted, name) for name in DepositReceipt.model_fields})


ENVELOPE_LABELS: dict[type[Event], str] = {
    Reserved: "Montant réservé",
    Promoted: "Montant réservé",
    Waitlisted: "En liste d'attente",
    Committed: "Montant engagé",
    Released: "Montant libéré",
}
ANSWER_REFUSALS = {
    AnswerRefusal.TOO_LATE: "Reçue après le terme",
    AnswerRefusal.NOT_OPEN: "La proposition n'attendait pas de réponse",
    AnswerRefusal.SUPERSEDED: "La proposition avait été remplacée",
}


def timeline_of(dossier_id: str, dossier: Dossier, place: int | None = None) -> Timeline:
    """`place` is where it stands on the waiting list now."""
    row, envelope, supplement = TABLE[dossier.status], dossier.envelope, dossier.supplement
    said = type(envelope).__name__.lower() if envelope else None
    return Timeline(
        dossier_id=dossier_id,
        deposit_number=dossier.submitted.deposit_number if dossier.submitted else None,
        status=dossier.status,
        status_label=row.label,
        next_actor=dossier.next_actor,
        due_at=dossier.due_at,
        envelope=said,
        envelope_label=_envelope_label(envelope) if envelope else None,
        place=place,
        reason=dossier.end_reason,
        supplement=_supplement(supplement) if supplement else None,
        entries=[
            TimelineEntry(at=entry.at, label=label(entry.event), detail=_detail(entry))
            for entry in sorted(dossier.entries, key=lambda entry: entry.at)
            if type(entry.event) in LABELS
        ],
    )


def _envelope_label(said: Event) -> str:
    return ENVELOPE_LABELS.get(type(said)) or label(said)


def _supplement(asked: SupplementRequested) -> SupplementAsked:
    return SupplementAsked(request_id=asked.request_id, message=asked.message, due_at=asked.due_at)


def _detail(entry: Entry) -> str:
    """One more thing to say of a line, in French."""
    event: Any = entry.event
    match event:
        case DossierSubmitted(deposit_number=number):
            return f"Numéro chronologique {number}"
        case Waitlisted(place=place):
            return f"Place {place}"
        case Released():
            return ""  # its reason is a word for programs; the fact that caused it has its own line
        case CommitteeOpinionGiven(opinion=opinion):
            return "Favorable" if opinion is Opinion.FAVOURABLE else "Défavorable"
        case OfferAnswerRefused(reason=reason, valid_until=valid_until):
            until = f" ; elle était valable jusqu'au {french_second(valid_until)}" if valid_until else ""
            return ANSWER_REFUSALS[reason] + until
        case SupplementRequested(message=message):
            return message
        case _:
            return getattr(event, "reason", "") if isinstance(getattr(event, "reason", ""), str) else ""
