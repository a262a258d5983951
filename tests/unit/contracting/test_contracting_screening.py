"""Asset-freeze screening: who is screened when, and what compliance concludes."""

from datetime import date, timedelta

import pytest

from shared.auth import Role
from shared.contracts.intake import DossierWithdrawn
from shared.errors import Unavailable
from tests.unit.contracting.cases import engaged, sent
from tests.unit.contracting.office import problem
from tests.unit.contracting.samples import DOSSIER, NOW, TODAY, lodged
from tests.unit.contracting.screening_desk import PATH, PERSON, Desk, entry, ready


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
