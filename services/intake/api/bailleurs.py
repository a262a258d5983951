"""Registration and users of a bailleur."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.domain.bailleur import Account, checked_siren, checked_structure
from services.intake.usecases.accounts import Accounts
from shared.auth import Principal, Role, require
from shared.calendar import BusinessCalendar
from shared.contracts.values import Bailleur, Signatory, Structure
from shared.http import cause_of

User = Annotated[Principal, require(Role.BAILLEUR)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Signing(BaseModel):
    """Who signs the bailleur's conventions, and the function they sign in: printed on each as it is given."""

    model_config = ConfigDict(extra="forbid")

    name: Named
    capacity: Named


class Contact(BaseModel):
    """`address` is the registered seat. Without a `signatory` conventions leave the place to be filled in by hand."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(min_length=1, max_length=400)
    contact_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)
    signatory: Signing | None = None

    @property
    def signs(self) -> Signatory | None:
        return Signatory(**self.signatory.model_dump()) if self.signatory else None


class Registration(Contact):
    """The identification form. `legal_category` is INSEE's; `special_agreement` is for SAC (R.423-85 al. 2)."""

    siren: str = Field(max_length=20)
    name: str = Field(min_length=1, max_length=200)
    structure: str = Field(max_length=40)
    department: str = Field(pattern=r"^(\d{2,3}|2[AB])$")
    legal_category: str = Field(pattern=r"^\d{4}$")
    special_agreement: bool = False


class Member(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=200)
    representative: bool = False


class BailleurDetail(BaseModel):
    siren: str
    name: str
    structure: Structure
    department: str
    address: str
    contact_email: str
    signatory: Signing | None
    members: list[Member]
    warnings: list[str]


def router(accounts: Accounts) -> APIRouter:
    routes = APIRouter(prefix="/bailleurs", tags=["bailleurs"])

    @routes.post("", status_code=201, summary="S'inscrire")
    async def register(body: Registration, request: Request, caller: User) -> BailleurDetail:
        BusinessCalendar.for_department(body.department)
        bailleur = Bailleur(
            siren=checked_siren(body.siren),
            name=body.name,
            structure=checked_structure(body.structure),
            department=body.department,
        )
        account = await accounts.register(
            bailleur,
            body.legal_category,
            body.address,
            body.contact_email,
            body.special_agreement,
            caller,
            cause_of(request, caller.actor),
            body.signs,
        )
        return detail(account)

    @routes.get("", summary="Mes organismes")
    async def mine(caller: User) -> list[BailleurDetail]:
        return [detail(account) for account in await accounts.of(caller)]

    @routes.get("/{siren}", summary="Un de mes organismes")
    async def read(siren: str, caller: User) -> BailleurDetail:
        return detail(await accounts.member(siren, caller))

    @routes.put("/{siren}/contact", summary="Corriger le siège, l'adresse de contact et le signataire")
    async def record_contact(siren: str, body: Contact, request: Request, caller: User) -> BailleurDetail:
        cause = cause_of(request, caller.actor)
        recorded = await accounts.record_contact(siren, body.address, body.contact_email, body.signs, caller, cause)
        return detail(recorded)

    @routes.post("/{siren}/members", status_code=201, summary="Ajouter un utilisateur")
    async def add(siren: str, body: Member, request: Request, caller: User) -> BailleurDetail:
        cause = cause_of(request, caller.actor)
        return detail(await accounts.add_member(siren, body.subject, body.representative, caller, cause))

    return routes


def detail(account: Account) -> BailleurDetail:
    bailleur, contact = account.bailleur, account.contact
    assert bailleur is not None, "a registered bailleur"
    assert contact is not None, "registered with its contact"
    warnings = [] if account.category_fits else ["La catégorie juridique INSEE ne correspond pas à la structure."]
    return BailleurDetail(
        siren=bailleur.siren,
        name=bailleur.name,
        structure=bailleur.structure,
        department=bailleur.department,
        address=contact.address,
        contact_email=contact.contact_email,
        signatory=Signing(**contact.signatory.model_dump()) if contact.signatory else None,
        members=[Member(subject=subject, representative=represents) for subject, represents in account.members],
        warnings=warnings,
    )
