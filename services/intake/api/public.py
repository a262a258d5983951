"""The campaign's status and the library, open to all; questions of a bailleur."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.api.bailleurs import User
from services.intake.domain.campaign import Campaign, check_deposit
from services.intake.library import Library
from services.intake.usecases.dossiers import Dossiers
from services.intake.usecases.questions import Questions
from shared.contracts.values import Exhaustion
from shared.errors import Refusal
from shared.http import cause_of
from shared.uploads import content_disposition

# Under the rule « close » nobody waits: check_deposit refuses.
WHO_WAITS = {
    Exhaustion.STRICT_WAITLIST: "les nouveaux dossiers sont placés en liste d'attente",
    Exhaustion.FIRST_FIT: "les nouveaux dossiers qui dépassent ce qu'il en reste sont placés en liste d'attente",
}


class CampaignStatus(BaseModel):
    """Whether a deposit is possible now, and why not."""

    campaign_id: str
    label: str | None
    opens_at: datetime | None
    deposits_open: bool
    suspended: bool
    closed: bool
    exhausted: bool
    message: str


class LibraryItem(BaseModel):
    slug: str
    title: str
    available: bool
    note: str


# No character that ends a line anywhere: a mail's header is one line.
ONE_LINE = r"^[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+$"


class QuestionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    siren: str = Field(pattern=r"^\d{9}$")
    subject: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    text: str = Field(min_length=1, max_length=10_000)
    reply_to: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)
    dossier_id: str | None = None


class QuestionRow(BaseModel):
    question_id: str
    siren: str
    subject: str
    asked_at: datetime
    mailed: bool


def router(dossiers: Dossiers, questions: Questions, library: Library) -> APIRouter:
    routes = APIRouter(tags=["campagne et bibliothèque"])
    _route_open(routes, dossiers, library)
    _route_questions(routes, dossiers, questions)
    return routes


def _route_open(routes: APIRouter, dossiers: Dossiers, library: Library) -> None:
    @routes.get("/campaign", summary="L'état de la campagne")
    async def campaign() -> CampaignStatus:
        return status_of(dossiers.campaign_id, await dossiers.campaign(), dossiers.clock.now())

    @routes.get("/library", summary="La bibliothèque de téléchargement")
    async def items() -> list[LibraryItem]:
        return [LibraryItem.model_validate(item, from_attributes=True) for item in library.items()]

    @routes.get("/library/{slug}", summary="Un document de la bibliothèque (PDF)")
    async def download(slug: str) -> Response:
        name, content = await library.read(slug)
        headers = {"Content-Disposition": content_disposition(name), "Cache-Control": "public, max-age=3600"}
        return Response(content, media_type="application/pdf", headers=headers)


def _route_questions(routes: APIRouter, dossiers: Dossiers, questions: Questions) -> None:
    @routes.post("/questions", status_code=201, summary="Poser une question")
    async def ask(body: QuestionRequest, request: Request, caller: User) -> QuestionRow:
        await dossiers.accounts.member(body.siren, caller)
        if body.dossier_id is not None:
            await dossiers.mine(body.dossier_id, caller)
        written = await questions.ask(
            body.siren, body.subject, body.text, body.reply_to, body.dossier_id, cause_of(request, caller.actor)
        )
        return QuestionRow(
            question_id=written.question_id,
            siren=written.siren,
            subject=written.subject,
            asked_at=written.asked_at,
            mailed=False,
        )

    @routes.get("/questions", summary="Mes questions")
    async def list_questions(caller: User) -> list[QuestionRow]:
        sirens = [account.bailleur.siren for account in await dossiers.accounts.of(caller) if account.bailleur]
        return [QuestionRow.model_validate(row) for row in await questions.listed(sirens)]


def status_of(campaign_id: str, campaign: Campaign, now: datetime) -> CampaignStatus:
    try:
        rules = check_deposit(campaign, now)
        message = "Les dépôts sont ouverts."
        if campaign.exhausted:
            message += f" L'enveloppe est consommée : {WHO_WAITS[rules.on_exhaustion]}."
        deposits_open = True
    except Refusal as refusal:
        message, deposits_open = refusal.detail, False
    return CampaignStatus(
        campaign_id=campaign_id,
        label=campaign.rules.label if campaign.rules else None,
        opens_at=campaign.rules.opens_at if campaign.rules else None,
        deposits_open=deposits_open,
        suspended=campaign.suspended,
        closed=campaign.closed,
        exhausted=campaign.exhausted,
        message=message,
    )
