"""Compliance at its desk: a register of frozen assets in a file, a dossier that lacks only its screening."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from services.contracting.api import engagements as engagements_api
from services.contracting.api import screenings as screenings_api
from services.contracting.domain import convention, screening
from services.contracting.domain.facts import Channel, Verdict
from services.contracting.freeze_register import RegisterFile
from services.contracting.store import render_screening
from services.contracting.transmission import BdtDirectory
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.screenings import Screenings
from shared import campaign
from shared.auth import Role
from shared.journal import Journal
from shared.objects import DirectoryObjects
from tests.unit.contracting.cases import Case, sent
from tests.unit.contracting.office import Office
from tests.unit.contracting.samples import CHECKER, DOSSIER, NOW, TODAY, lodged
from tests.unit.contracting.stationery import papers

PATH = f"/engagements/{DOSSIER}"


def entry(register_id: int, name: str, nature: str = "Personne physique", **fields: list[dict[str, Any]]) -> dict:
    details = [{"TypeChamp": kind, "Valeur": values} for kind, values in fields.items()]
    return {"IdRegistre": register_id, "Nature": nature, "Nom": name, "RegistreDetail": details}


def published(*entries: dict, on: str = "2024-06-01") -> bytes:
    return json.dumps({"Publications": {"DatePublication": on, "PublicationDetail": list(entries)}}).encode()


PERSON = entry(
    11,
    "LANDRIN",
    PRENOM=[{"Prenom": "Éloi Aurélien"}],
    ALIAS=[{"Alias": "Aurel le Grand"}, {"Alias": ""}],
    DATE_DE_NAISSANCE=[{"Jour": "4", "Mois": "", "Annee": "1961"}, {"Jour": "", "Mois": "", "Annee": "vers 1960"}],
)


class Desk:
    """Compliance at its desk, with a register kept in a file."""

    def __init__(self, root: Path, *, register: bool = True) -> None:
        self.office, self.file = Office(), root / "registre.json"
        (root / "bdt").mkdir()
        self.bdt = root / "bdt"
        journal = self.office.journal(screening.KIND, render_screening)
        kept = RegisterFile(self.file) if register else None
        clock, view = self.office.clock, self.office.view("engagement")
        self.screenings = Screenings(self.office.engagements, journal, self.office.view("screening"), kept, clock, 30)
        self.engagements = Engagements(
            engagements=self.office.engagements,
            campaigns=Journal(campaign.KIND, self.office.commits, clock, self.office.keep),
            view=view,
            objects=DirectoryObjects(root / "objects"),
            ways={Channel.DIRECTORY: BdtDirectory(self.bdt)},
            papers=papers(root, DirectoryObjects(root / "objects")),
            clock=clock,
            screenings=self.screenings,
        )
        self.office.serve(screenings_api.router(self.screenings), engagements_api.router(self.engagements))
        self.publish(PERSON)

    def publish(self, *entries: dict, on: str = "2024-06-01") -> None:
        self.file.write_bytes(published(*entries, on=on))

    async def owners(self, *names: str):
        body = {"owners": [{"name": name} for name in names]}
        return await self.office.call("PUT", f"{PATH}/beneficial-owners", body, Role.COMPLIANCE)

    async def run(self, purpose: str = "acte"):
        return await self.office.call("POST", f"{PATH}/freeze-screening/{purpose}", role=Role.COMPLIANCE)

    async def put(self, *, clear: bool, purpose: str = "acte", on: date = TODAY):
        """A screening by other means, as compliance records it."""
        body = {"purpose": purpose, "screened_on": str(on), "clear": clear}
        return await self.office.call("PUT", f"{PATH}/screening", body, Role.COMPLIANCE)

    async def alert(self) -> str:
        read = await self.office.call("GET", f"{PATH}/freeze-screening", role=Role.COMPLIANCE)
        (found,) = read.json()["alerts"]
        return found["alert_id"]

    async def resolve(self, resolution: str, reason: str = "Date de naissance différente", alert: str = ""):
        path = f"{PATH}/freeze-alerts/{alert or await self.alert()}"
        return await self.office.call("POST", path, {"resolution": resolution, "reason": reason}, Role.COMPLIANCE)

    def wait(self, days: int) -> None:
        self.office.clock.moment = NOW + timedelta(days=days)

    async def told(self) -> dict[str, tuple[str, bool]]:
        """What the engagement knows of each purpose: the day it was screened on, and whether it is clear."""
        read = await self.office.call("GET", f"{PATH}/screening", role=Role.COMPLIANCE)
        return {one["purpose"]: (one["screened_on"], one["clear"]) for one in read.json()}

    async def missing(self) -> set[str]:
        gate = (await self.office.call("GET", f"{PATH}/gate", role=Role.LEGAL_OFFICER)).json()
        return {one["code"] for one in gate["missing"]}

    async def issue(self):
        return await self.office.call("POST", f"{PATH}/acte", role=Role.LEGAL_OFFICER)


def ready(checker: str = CHECKER) -> Case:
    """All is there for the acte but its screening."""
    case = sent().hear(lodged())
    case.examine()
    case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "Vu", checker, NOW)
    case.pay()
    return case
