"""Registrations that do not hold, and who acts for a bailleur."""

import pytest

from deploy.demo.bailleurs import BAILLEURS
from tests.platform import problem

REGISTRATION = {
    "siren": "900000100",
    "name": "Habitat Essai",
    "structure": "sa_hlm",
    "department": "75",
    "legal_category": "5546",
    "address": "1 rue de l'Essai",
    "contact_email": "contact@essai.example",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"siren": "123456789"}, "invalid-siren"),
        ({"siren": "90000010"}, "invalid-siren"),
        ({"siren": "abcdefghi"}, "invalid-siren"),
        ({"structure": "sci"}, "structure-not-eligible"),
        ({"structure": "sac"}, "special-agreement-needed"),
        ({"department": "99"}, "unknown-department"),
        ({"contact_email": "nowhere"}, "invalid-request"),
        ({"name": ""}, "invalid-request"),
        ({"rating": "1+"}, "invalid-request"),
        ({"signatory": {"name": " ", "capacity": "présidente"}}, "invalid-request"),
        ({"signatory": {"name": "Ada Essai"}}, "invalid-request"),
        ({"siren": BAILLEURS[0].siren}, "bailleur-already-registered"),
    ],
)
async def test_a_registration_that_does_not_hold_is_refused(visit, change, expected):
    body = REGISTRATION | change
    assert (
        problem(await visit.call("POST", "intake", "/bailleurs", who=("new-user", "bailleur"), json=body)) == expected
    )


async def test_a_legal_category_that_does_not_fit_is_a_warning(visit):
    signatory = {"name": "Ada Essai", "capacity": "présidente"}
    body = REGISTRATION | {"siren": "900000118", "legal_category": "5710", "signatory": signatory}
    answer = await visit.call("POST", "intake", "/bailleurs", who=("someone", "bailleur"), json=body)
    assert answer.status_code == 201
    assert answer.json()["warnings"]
    assert (answer.json()["signatory"], answer.json()["address"]) == (signatory, REGISTRATION["address"])


async def test_a_representative_corrects_the_signatory_and_the_contact(visit):
    who = ("someone-else", "bailleur")
    registered = REGISTRATION | {"siren": "900000126"}
    await visit.client.ok("POST", "intake", "/bailleurs", who=who, json=registered)
    path, signatory = "/bailleurs/900000126/contact", {"name": "Ada Essai", "capacity": "présidente"}
    contact = {"address": "2 rue de l'Essai", "contact_email": "garantie@essai.example", "signatory": signatory}
    for change, expected in (
        ({"contact_email": "nowhere"}, "invalid-request"),
        ({"signatory": {"name": "Ada Essai"}}, "invalid-request"),
        ({"structure": "oph"}, "invalid-request"),
    ):
        assert problem(await visit.call("PUT", "intake", path, who=who, json=contact | change)) == expected
    stranger = ("a-stranger", "bailleur")
    assert problem(await visit.call("PUT", "intake", path, who=stranger, json=contact)) == "not-found"
    read = await visit.client.ok("PUT", "intake", path, who=who, json=contact)
    assert {name: read[name] for name in contact} == contact
    assert (read["structure"], read["warnings"]) == ("sa_hlm", [])


async def test_several_users_share_a_bailleur_and_only_representatives_submit(visit):
    dossier = await visit.ready()
    path = f"/bailleurs/{dossier.operation.bailleur.siren}/members"
    colleague = ("collegue-1", "bailleur")
    assert problem(await visit.call("POST", "intake", path, who=colleague, json={"subject": "x"})) == "not-found"
    await visit.client.ok("POST", "intake", path, who=dossier.who, json={"subject": colleague[0]})
    await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}", who=colleague)
    submission = f"/dossiers/{dossier.dossier_id}/submission"
    assert problem(await visit.call("POST", "intake", submission, who=colleague)) == "forbidden"
