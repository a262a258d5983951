"""Asset-freeze screening: the register's file, names that look alike, and what compliance concludes."""

import json
from dataclasses import FrozenInstanceError, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.bailleurs import BAILLEURS, NAMESAKE
from deploy.local import freeze_register
from deploy.local.clock import start_at, step_to
from services.contracting.api import engagements as engagements_api
from services.contracting.api import screenings as screenings_api
from services.contracting.domain import convention, premium, screening
from services.contracting.domain.facts import Channel, Verdict
from services.contracting.domain.names import normalised
from services.contracting.domain.screening import Listed, Party, Register, Screening, find
from services.contracting.freeze_register import RegisterFile, RegisterObject, RegisterUnreadable, parse
from services.contracting.store import render_screening
from services.contracting.transmission import BdtDirectory
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.screenings import Screenings
from shared import campaign
from shared.auth import Role
from shared.contracts.intake import DossierWithdrawn
from shared.errors import Unavailable
from shared.journal import Journal
from shared.objects import DirectoryObjects
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.samples import (
    ACCOUNTANT,
    CHECKER,
    DOSSIER,
    NOW,
    PREMIUM_CENTS,
    TODAY,
    Case,
    engaged,
    lodged,
    opinion,
    received,
    returned,
    sent,
)
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
COMPANY = entry(
    12,
    "Société d'Études Boréales",
    "Personne morale",
    IDENTIFICATION=[{"Identification": "SIRET 542 065 479 00012", "Commentaire": "registre du commerce"}],
    AUTRE_IDENTITE=[{"NumeroCarte": "A-77"}],
)


def party(name: str, **more: Any) -> Party:
    return Party(name=name, **more)


# -- the file --------------------------------------------------------------------------------------------------------


def test_the_published_file_is_read_with_forenames_aliases_years_and_numbers():
    register = parse(published(PERSON, COMPANY))
    assert (register.published, len(register.sha256)) == (date(2024, 6, 1), 64)
    person, company = register.entries
    assert person == Listed(11, ("Éloi Aurélien LANDRIN", "Aurel le Grand"), frozenset({1961}), ())
    assert company == Listed(12, ("Société d'Études Boréales",), frozenset(), ("SIRET 542 065 479 00012", "A-77"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"Publications": {"DatePublication": "2024-06-01"}}',
        published(),
        published({"Nom": "X"}),
        published(entry(1, "")),
        published(PERSON, on="hier"),
        published(PERSON)[:-9],
        b"\xff\xfe",
    ],
)
def test_a_register_that_cannot_be_read_or_is_empty_clears_nobody(content):
    with pytest.raises(RegisterUnreadable):
        parse(content)


async def test_the_register_is_a_file_or_an_object(tmp_path):
    (tmp_path / "registre.json").write_bytes(published(PERSON))
    file, stored = RegisterFile(tmp_path / "registre.json"), RegisterObject(DirectoryObjects(tmp_path), "registre.json")
    assert await file.current() == await stored.current() == parse(published(PERSON))
    for away in (RegisterFile(tmp_path / "none"), RegisterObject(DirectoryObjects(tmp_path), "none")):
        with pytest.raises(Unavailable, match="freeze-register"):
            await away.current()


async def test_local_stacks_have_a_register_in_the_published_format_as_of_the_day_their_clock_steps_to(tmp_path):
    start_at(tmp_path / "clock.json", NOW)
    step_to(tmp_path / "clock.json", NOW + timedelta(days=40))
    register = await RegisterFile(tmp_path / freeze_register.FILE).current()
    assert register.published == TODAY + timedelta(days=40)
    assert [hit.register_id for hit in find([party(NAMESAKE)], register)] == [900001]
    landlords = [party(one.name, siren=one.siren) for one in BAILLEURS]
    assert list(find(landlords, register)) == []


# -- names -----------------------------------------------------------------------------------------------------------


def test_accents_case_punctuation_and_order_play_no_part_in_a_name():
    assert normalised("  ÉLOI-Aurélien  d’Œuvre ") == normalised("Oeuvre (d'), eloi aurelien")
    assert normalised("…") == ""


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (party("Landrin Éloi-Aurélien"), 11),
        (party("aurelien LANDRIN"), 11),
        (party("Éloi Aurélien Marie Landrin"), 11),
        (party("AUREL LE GRAND"), 11),
        (party("Landrin"), None),
        (party("Éloi Dupont"), None),
        (party("Aurélien Landrin", birth_year=1961), 11),
        (party("Aurélien Landrin", birth_year=1980), None),
        (party("SOCIETE D ETUDES BOREALES"), 12),
        (party("Tout autre nom", siren="542065479"), 12),
        (party("Tout autre nom", siren="542065470"), None),
        (party("…"), None),
    ],
)
def test_a_party_that_bears_a_listed_name_or_number_is_a_hit(one, found):
    hits = list(find([one], parse(published(PERSON, COMPANY))))
    assert [hit.register_id for hit in hits] == ([found] if found else [])


def test_a_number_is_a_siren_only_as_a_whole():
    listed = Listed(1, ("X Y", "Alias"), numbers=("1542065479", "54206547900012"))
    register = Register(date(2024, 6, 1), "", (listed,))
    assert [hit.listed_name for hit in find([party("Z", siren="542065479")], register)] == ["X Y"]
    longer = Register(date(2024, 6, 1), "", (Listed(1, ("X Y",), numbers=("1542065479",)),))
    assert list(find([party("Z", siren="542065479")], longer)) == []


def test_an_alert_keeps_its_name_from_one_publication_to_the_next():
    first, second = (parse(published(PERSON, on=day)) for day in ("2024-06-01", "2024-06-02T08:00:00"))
    (one,), (other,) = (list(find([party("Aurélien Landrin")], register)) for register in (first, second))
    assert one == other
    assert one.alert_id == "bcf734596423a4b3"  # what was cleared under this name stays cleared


@pytest.mark.parametrize("told", [Listed(1, ("X Y",)), Register(TODAY, "", ()), Screening()])
def test_what_was_screened_cannot_be_changed_once_told(told):
    with pytest.raises(FrozenInstanceError):
        setattr(told, fields(told)[0].name, None)


def test_nothing_else_moves_a_screening():
    assert Screening().fold(opinion()) == Screening()
    assert render_screening("d1", Screening()) == {"dossier_id": "d1", "open_alerts": 0, "screened_at": None}


# -- compliance ------------------------------------------------------------------------------------------------------


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


@pytest.fixture
async def desk(tmp_path) -> Desk:
    made = Desk(tmp_path)
    await made.office.know(ready())
    await made.owners()
    return made


async def test_nobody_is_screened_before_the_owners_are_declared_or_said_to_be_none(tmp_path):
    desk = Desk(tmp_path)
    await desk.office.know(ready())
    refused = await desk.run()
    assert (refused.status_code, problem(refused)) == (409, "owners-not-declared")
    read = await desk.office.call("GET", f"{PATH}/freeze-screening", role=Role.COMPLIANCE)
    assert read.json()["owners"] is None
    assert "acte-screening" in await desk.missing()
    assert (await desk.owners()).json()["owners"] == []
    assert (await desk.run()).status_code == 200
    assert "acte-screening" not in await desk.missing()


async def test_a_screening_that_finds_nobody_opens_the_gate(desk):
    assert await desk.missing() == {"acte-screening"}
    read = (await desk.run()).json()
    assert (read["alerts"], read["made"][0]["hits"], read["made"][0]["published"]) == ([], 0, "2024-06-01")
    assert await desk.missing() == set()


async def test_a_hit_is_an_alert_that_a_compliance_person_clears_with_a_reason(desk):
    await desk.owners("Aurélien Landrin")
    (alert,) = (await desk.run()).json()["alerts"]
    assert (alert["register_id"], alert["party"], alert["resolution"]) == (11, "Aurélien Landrin", None)
    assert await desk.missing() == {"acte-screening"}
    (row,) = (await desk.office.call("GET", "/freeze-alerts", role=Role.COMPLIANCE)).json()
    assert (row["dossier_id"], row["open_alerts"]) == (DOSSIER, 1)
    assert problem(await desk.resolve("cleared", " ")) == "reason-required"
    assert (await desk.resolve("cleared")).json()["alerts"][0]["resolved_by"] == "user:compliance-1"
    assert (await desk.resolve("cleared")).is_success
    assert problem(await desk.resolve("confirmed")) == "freeze-alert-resolved"
    assert problem(await desk.resolve("cleared", alert="none")) == "not-found"
    assert await desk.missing() == set()
    assert (await desk.office.call("GET", "/freeze-alerts", role=Role.COMPLIANCE)).json() == []
    await desk.run()
    assert await desk.missing() == set()


async def test_a_confirmed_alert_keeps_the_gate_shut_and_cannot_be_declared_away(desk):
    await desk.owners("Aurélien Landrin")
    await desk.run()
    assert problem(await desk.put(clear=True)) == "freeze-alert-open"
    await desk.resolve("confirmed", "Identité vérifiée")
    assert problem(await desk.put(clear=True)) == "freeze-alert-open"
    assert await desk.missing() == {"acte-screening"}
    assert (await desk.put(clear=False)).is_success


async def test_another_listed_name_is_another_alert(desk):
    await desk.owners("Aurélien Landrin")
    await desk.run()
    await desk.resolve("cleared")
    desk.publish(entry(11, "LANDRIN", PRENOM=[{"Prenom": "Aurélien Paul"}]))
    (alert,) = (await desk.run()).json()["alerts"]
    assert alert["resolution"] is None
    assert await desk.missing() == {"acte-screening"}


async def test_each_purpose_has_its_own_screening(desk):
    await desk.run("convention")
    assert await desk.missing() == {"acte-screening"}
    await desk.owners("Aurélien Landrin")
    read = (await desk.run()).json()
    assert {made["purpose"]: made["hits"] for made in read["made"]} == {"convention": 0, "acte": 1}


async def test_the_acte_is_screened_anew_when_it_is_asked_for(desk):
    await desk.run()
    assert await desk.missing() == set()
    desk.publish(entry(12, "Essai", PRENOM=[{"Prenom": "bailleur d'"}]))
    refused = await desk.issue()
    assert (problem(refused), refused.json()["missing"]) == ("acte-gate-closed", ["acte-screening"])
    assert "gel" in refused.json()["detail"]
    assert "Essai" not in refused.text
    assert list(desk.bdt.iterdir()) == []
    await desk.resolve("cleared")
    assert (await desk.issue()).json()["acte_transmitted_at"] is not None
    assert len(list(desk.bdt.iterdir())) == 2


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        (lambda: ready("user:legal_officer-1"), "two-people-needed"),
        (lambda: sent().hear(lodged()), "acte-gate-closed"),
    ],
    ids=["who-checked-the-convention", "what-is-missing"],
)
async def test_an_acte_that_is_refused_for_another_reason_is_not_screened(tmp_path, case, refusal):
    desk = Desk(tmp_path)
    await desk.office.know(case())
    await desk.owners()
    before = await desk.office.commits.count({})
    assert problem(await desk.issue()) == refusal
    assert await desk.office.commits.count({}) == before


async def test_a_register_that_cannot_be_read_lets_no_acte_out(desk):
    await desk.run()
    before = await desk.office.commits.count({})
    desk.file.write_bytes(b"{}")
    assert problem(await desk.issue()) == "freeze-register-unreadable"
    desk.file.unlink()
    assert (await desk.issue()).status_code == 503
    assert await desk.office.commits.count({}) == before


async def test_without_a_register_compliance_screens_by_its_own_means(tmp_path):
    desk = Desk(tmp_path, register=False)
    await desk.office.know(ready())
    assert problem(await desk.run()) == "not-found"
    await desk.owners()
    assert (await desk.put(clear=True)).is_success
    assert (await desk.issue()).json()["acte_transmitted_at"] is not None


async def test_nobody_is_declared_clear_by_other_means_before_the_owners_are_declared(tmp_path):
    desk = Desk(tmp_path, register=False)
    await desk.office.know(ready())
    before = await desk.office.commits.count({})
    refused = await desk.put(clear=True)
    assert (refused.status_code, problem(refused)) == (409, "owners-not-declared")
    assert await desk.office.commits.count({}) == before
    assert (await desk.put(clear=False)).is_success
    await desk.owners("Aurélien Landrin")
    assert (await desk.put(clear=True)).is_success
    assert await desk.missing() == set()


async def test_a_screening_has_its_turn(tmp_path):
    desk = Desk(tmp_path)
    assert problem(await desk.run()) == "not-found"
    assert problem(await desk.owners("X")) == "not-found"
    await desk.office.know(engaged())
    before = await desk.office.commits.count({})
    assert problem(await desk.run()) == "screening-too-early"
    assert await desk.office.commits.count({}) == before
    assert problem(await desk.issue()) == "acte-gate-closed"


async def test_an_alert_on_an_ended_dossier_can_still_be_concluded(desk):
    await desk.owners("Aurélien Landrin")
    assert (await desk.owners("Aurélien Landrin")).json()["owners"] == [
        {"name": "Aurélien Landrin", "birth_year": None}
    ]
    await desk.run()
    await desk.office.happen([DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)])
    assert (await desk.resolve("confirmed")).is_success


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
async def test_only_compliance_sees_or_decides(desk, role):
    paths = [
        ("GET", "/freeze-alerts"),
        ("GET", f"{PATH}/freeze-screening"),
        ("GET", f"{PATH}/screening"),
        ("PUT", f"{PATH}/beneficial-owners"),
        ("POST", f"{PATH}/freeze-screening/acte"),
        ("POST", f"{PATH}/freeze-alerts/a"),
    ]
    for method, path in paths:
        assert (await desk.office.call(method, path, role=role)).status_code == 403


async def test_a_register_that_was_not_renewed_for_thirty_days_clears_nobody(desk):
    desk.publish(PERSON, on=str(TODAY - timedelta(days=31)))
    refused = await desk.run()
    assert (refused.status_code, problem(refused)) == (409, "freeze-register-too-old")
    assert "acte-screening" in await desk.missing()
    desk.publish(PERSON, on=str(TODAY - timedelta(days=30)))
    assert (await desk.run()).status_code == 200
    assert "acte-screening" not in await desk.missing()


async def test_clearing_an_alert_later_leaves_the_screening_its_day(desk):
    await desk.owners("Aurélien Landrin")
    await desk.run("convention")
    desk.wait(4)
    await desk.run()
    desk.wait(25)
    desk.publish(PERSON, on=str(TODAY + timedelta(days=25)))
    await desk.resolve("cleared")
    acte_on = str(TODAY + timedelta(days=4))
    assert await desk.told() == {"convention": (str(TODAY), True), "acte": (acte_on, True)}
    assert await desk.missing() == {"acte-screening"}  # it is too old by now
    await desk.run()
    assert await desk.missing() == set()


async def test_clearing_an_alert_touches_no_purpose_that_it_does_not_concern(desk):
    await desk.run("convention")
    await desk.put(clear=False, purpose="convention")
    desk.publish(entry(12, "Essai", PRENOM=[{"Prenom": "bailleur d'"}]))
    await desk.run()
    await desk.resolve("cleared")
    assert await desk.told() == {"convention": (str(TODAY), False), "acte": (str(TODAY), True)}


async def test_a_screening_of_other_owners_no_longer_counts(desk):
    await desk.run("convention")
    await desk.run()
    assert await desk.missing() == set()
    await desk.owners()
    assert await desk.missing() == set()
    await desk.owners("Jeanne Nouvelle")
    assert await desk.told() == {"convention": (str(TODAY), False), "acte": (str(TODAY), False)}
    assert await desk.missing() == {"acte-screening"}
    await desk.run()
    assert await desk.missing() == set()


async def test_an_alert_cleared_after_other_owners_were_declared_clears_nobody(desk):
    await desk.owners("Aurélien Landrin")
    await desk.run()
    await desk.owners("Aurélien Landrin", "Jeanne Nouvelle")
    await desk.resolve("cleared")
    assert await desk.missing() == {"acte-screening"}


async def test_other_owners_void_what_was_screened_by_other_means_and_leave_an_ended_dossier_alone(tmp_path):
    desk = Desk(tmp_path, register=False)
    await desk.office.know(ready())
    await desk.owners()
    await desk.put(clear=True)
    await desk.owners("Jeanne Nouvelle")
    assert await desk.missing() == {"acte-screening"}
    await desk.put(clear=True)
    await desk.office.happen([DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)])
    assert (await desk.owners()).is_success
    assert (await desk.told())["acte"] == (str(TODAY), True)


async def test_a_declaration_that_is_interrupted_leaves_nobody_clear(desk, monkeypatch):
    await desk.run()
    insert = desk.office.commits.insert

    async def die(document):
        if "OwnersDeclared" in str(document):
            raise Unavailable("database")
        await insert(document)

    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    monkeypatch.setattr(desk.office.commits, "insert", die)
    assert (await desk.owners("Jeanne Nouvelle")).status_code == 503
    assert await desk.missing() == {"acte-screening"}


async def test_other_means_never_replace_the_register_where_there_is_one(desk):
    async def refused(purpose: str, on: date) -> None:
        before = await desk.office.commits.count({})
        answer = await desk.put(clear=True, purpose=purpose, on=on)
        assert (answer.status_code, problem(answer)) == (409, "freeze-register-not-read")
        assert await desk.office.commits.count({}) == before

    await refused("convention", TODAY)
    await desk.run("acte")
    await refused("convention", TODAY)
    await desk.run("convention")
    desk.wait(1)
    await refused("convention", TODAY + timedelta(days=1))
    assert (await desk.put(clear=True, purpose="convention")).is_success
    await desk.owners("Jeanne Nouvelle")
    await refused("convention", TODAY)


# -- an acte that leaves late ----------------------------------------------------------------------------------------


class HeldDesk(Desk):
    """The acte is settled; the bank has taken a part of the premium back, and it is paid again much later."""

    async def settle_and_wait(self, days: int = 120) -> None:
        await self.office.know(ready())
        await self.owners()
        assert (await (self.run() if self.screenings.register else self.put(clear=True))).is_success
        self.bdt.rename(self.bdt.with_name("unmounted"))
        assert (await self.issue()).json()["state"] == "acte_prepared"
        await self._decide(premium.take_back, returned("p1", PREMIUM_CENTS), ACCOUNTANT)
        self.bdt.with_name("unmounted").rename(self.bdt)
        self.wait(days)
        self.publish(PERSON, on=str(TODAY + timedelta(days=days)))
        await self.engagements.transmit_pending()
        assert await self.missing() >= {"premium-paid"}
        await self._decide(premium.pay, received(PREMIUM_CENTS, "p2"))

    async def _decide(self, decide, *arguments) -> None:
        now = self.office.clock.now()
        await self.office.engagements.append(DOSSIER, lambda one: decide(one, *arguments, now), ACTOR)

    def gone(self) -> list[str]:
        return [path.name for path in self.bdt.iterdir() if path.suffix == ".pdf"]


async def test_an_acte_that_leaves_months_later_is_screened_again_first(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1
    assert (await desk.told())["acte"] == (str(TODAY + timedelta(days=120)), True)
    assert await desk.missing() == set()


async def test_an_acte_whose_parties_were_listed_meanwhile_does_not_leave(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    desk.publish(entry(12, "Essai", PRENOM=[{"Prenom": "bailleur d'"}]), on=str(TODAY + timedelta(days=120)))
    await desk.engagements.transmit_pending()
    assert (desk.gone(), await desk.missing()) == ([], {"acte-screening"})
    await desk.resolve("cleared")
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1


async def test_an_acte_waits_while_its_register_is_too_old_and_holds_up_no_other(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    desk.publish(PERSON)
    await desk.engagements.transmit_pending()
    assert problem(await desk.issue()) == "freeze-register-too-old"
    assert (desk.gone(), await desk.missing()) == ([], {"acte-screening"})


async def test_without_a_register_an_acte_that_is_late_waits_for_compliance(tmp_path):
    desk = HeldDesk(tmp_path, register=False)
    await desk.settle_and_wait()
    await desk.engagements.transmit_pending()
    gate = (await desk.office.call("GET", f"{PATH}/gate", role=Role.LEGAL_OFFICER)).json()
    assert desk.gone() == []
    assert [(one["code"], one["who"]) for one in gate["missing"]] == [("acte-screening", "compliance")]
    await desk.put(clear=True, on=TODAY + timedelta(days=120))
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1


async def test_an_acte_that_leaves_within_seven_days_is_not_screened_again(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait(days=7)
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1
    assert (await desk.told())["acte"] == (str(TODAY), True)
