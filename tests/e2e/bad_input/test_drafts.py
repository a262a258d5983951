"""Drafts: a value that cannot be is named, anything else is saved and told by the checklist."""

import asyncio

import pytest

from tests.e2e.bad_input.given import changed
from tests.platform import problem


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("loans/0/principal_cents", -1),
        ("loans/0/principal_cents", 0),
        ("loans/0/principal_cents", 100.5),
        ("loans/0/principal_cents", "100"),
        ("loans/0/principal_cents", 60_000_000_001),
        ("loans/0/deferral_months", 25),
        ("loans/0/annual_rate", "-0.01"),
        ("loans/0/annual_rate", "NaN"),
        ("loans/0/frequency", "monthly"),
        ("loans/0/purpose", "other"),
        ("financing/total_cost_cents", -5),
        ("operation/commune_code", "7511"),
        ("operation/homes", 0),
        ("operation/name", "x" * 201),
    ],
)
async def test_a_value_that_cannot_be_is_named_by_its_pointer(visit, path, value):
    dossier = await visit.draft()
    form = changed(dossier.operation.form(), path, value)
    url = f"/dossiers/{dossier.dossier_id}"
    answer = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    assert problem(answer) == "invalid-request"
    assert answer.json()["errors"][0]["pointer"] == f"/{path}"
    read = await visit.client.ok("GET", "intake", url, who=dossier.who)
    assert read["operation"]["name"] == dossier.operation.name


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("loans/0/duration_years", 51, "invalid-request"),
        ("loans/1/duration_years", 41, "loan-duration-outside-limits"),
        ("loans/0/duration_years", 2, "loan-deferral-longer-than-loan"),
        ("loans/0/deferral_months", 7, "loan-deferral-not-whole-periods"),
        ("operation/commune_code", "99999", "unknown-commune"),
        ("financing/equity_cents", 1, "financing-unbalanced"),
        ("loans", [], "loans-missing"),
    ],
)
async def test_a_draft_may_be_saved_and_the_checklist_says_what_is_wrong(visit, path, value, code):
    dossier = await visit.draft()
    form = changed(dossier.operation.form(), path, value)
    url = f"/dossiers/{dossier.dossier_id}"
    saved = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    if code == "invalid-request":
        assert problem(saved) == code
        return
    assert saved.status_code == 200
    missing = (await visit.client.ok("GET", "intake", f"{url}/checklist", who=dossier.who))["missing"]
    assert code in {one["code"] for one in missing}
    refused = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who)
    assert problem(refused) == "dossier-incomplete"
    assert code in {one["code"] for one in refused.json()["missing"]}


async def test_saving_needs_the_etag_that_was_read(visit):
    dossier = await visit.draft()
    url, form = f"/dossiers/{dossier.dossier_id}", dossier.operation.form()
    assert problem(await visit.call("PUT", "intake", url, who=dossier.who, json=form)) == "if-match-missing"
    for stale in ('"0"', '"7"', "garbage", "*"):
        answer = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": stale})
        assert (answer.status_code, problem(answer)) == (412, "stale-etag")
    saves = [
        visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'}) for _ in range(5)
    ]
    codes = sorted(answer.status_code for answer in await asyncio.gather(*saves))
    assert codes == [200, 412, 412, 412, 412]
