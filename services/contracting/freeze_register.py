"""The « registre national des gels » of the Direction générale du Trésor, as it publishes it in JSON.

Publications → PublicationDetail[] → IdRegistre, Nature, Nom, RegistreDetail[] of TypeChamp and Valeur[].
Every nature (person, company, ship) is compared.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.contracting.domain.screening import Listed, Register
from shared.errors import Refusal, Unavailable
from shared.objects import ObjectMissing, ObjectStore

COMPONENT = "freeze-register"
FORENAME, ALIAS, BORN = "PRENOM", "ALIAS", "DATE_DE_NAISSANCE"
IDENTIFICATIONS = {"IDENTIFICATION": "Identification", "AUTRE_IDENTITE": "NumeroCarte"}


class RegisterUnreadable(Refusal):
    """Nobody is cleared against a register that cannot be read, or that is empty."""

    type = "freeze-register-unreadable"
    title = "Le registre des gels ne peut pas être lu"


class FreezeRegister(Protocol):
    async def current(self) -> Register:
        """The publication that is kept now. Raises: Unavailable("freeze-register"), RegisterUnreadable."""
        ...


class _Ignoring(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Field(_Ignoring):
    kind: str = Field(alias="TypeChamp")
    values: list[dict[str, Any]] = Field(alias="Valeur", default_factory=list)


class _Entry(_Ignoring):
    register_id: int = Field(alias="IdRegistre")
    name: str = Field(alias="Nom", min_length=1)
    fields: list[_Field] = Field(alias="RegistreDetail", default_factory=list)

    def texts(self, kind: str, key: str) -> list[str]:
        found = [
            str(value.get(key) or "").strip() for field in self.fields if field.kind == kind for value in field.values
        ]
        return [text for text in found if text]


class _Publications(_Ignoring):
    published: str = Field(alias="DatePublication")
    entries: list[_Entry] = Field(alias="PublicationDetail", min_length=1)


class _File(_Ignoring):
    publications: _Publications = Field(alias="Publications")


@dataclass(frozen=True, slots=True)
class RegisterFile:
    path: Path

    async def current(self) -> Register:
        try:
            content = await asyncio.to_thread(self.path.read_bytes)
        except OSError as error:
            raise Unavailable(COMPONENT) from error
        return await asyncio.to_thread(parse, content)


@dataclass(frozen=True, slots=True)
class RegisterObject:
    """The file under `key` of the object store."""

    objects: ObjectStore
    key: str

    async def current(self) -> Register:
        try:
            content = await self.objects.read(self.key)
        except ObjectMissing:
            raise Unavailable(COMPONENT) from None
        return await asyncio.to_thread(parse, content)


def parse(content: bytes) -> Register:
    """Raises: RegisterUnreadable."""
    try:
        read = _File.model_validate_json(content).publications
    except ValidationError:
        raise RegisterUnreadable("Le fichier n'a pas la structure du registre publié, ou il est vide.") from None
    return Register(
        published=_day(read.published),
        sha256=hashlib.sha256(content).hexdigest(),
        entries=tuple(_listed(entry) for entry in read.entries),
    )


def _day(written: str) -> date:
    """The day of a publication, written with its time or without. Raises: RegisterUnreadable."""
    try:
        return datetime.fromisoformat(written).date()
    except ValueError:
        raise RegisterUnreadable("La date de publication du registre ne se lit pas.") from None


def _listed(entry: _Entry) -> Listed:
    forenames = entry.texts(FORENAME, "Prenom")
    full = [f"{forename} {entry.name}" for forename in forenames] or [entry.name]
    years = [int(year) for year in entry.texts(BORN, "Annee") if year.isdecimal()]
    numbers = [text for kind, key in IDENTIFICATIONS.items() for text in entry.texts(kind, key)]
    return Listed(entry.register_id, (*full, *entry.texts(ALIAS, "Alias")), frozenset(years), tuple(numbers))
