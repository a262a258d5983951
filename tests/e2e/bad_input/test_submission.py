"""Deposits that may not be, many at once, and amounts that only go down."""

import asyncio

from deploy.demo import people
from deploy.demo.client import awaited
from tests.e2e.bad_input.given import changed
from tests.platform import problem


def test_a_deposit_before_the_opening_is_told_when_it_opens(platform):
    assert platform.before_opening["opens_at"] == "2024-04-29T07:00:00+00:00"
    assert "29\u00a0avril\u00a02024" in platform.before_opening["detail"]


async def test_a_deposit_with_a_document_missing_is_refused_with_the_list(visit):
    dossier = await visit.draft()
    answer = await visit.call("POST", "intake", f"/dossiers/{dossier.dossier_id}/submission", who=dossier.who)
    assert problem(answer) == "dossier-incomplete"
    assert {one["code"] for one in answer.json()["missing"]} == {"letter-missing", "presentation-missing"}


async def test_a_draft_that_changed_since_it_was_read_is_not_deposited(visit):
    dossier = await visit.ready()
    url = f"/dossiers/{dossier.dossier_id}"
    form = changed(dossier.operation.form(), "operation/name", "Revu par un collègue")
    saved = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    for stale in ('"1"', "garbage"):
        answer = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who, headers={"If-Match": stale})
        assert (answer.status_code, problem(answer), answer.json()["etag"]) == (412, "stale-etag", '"2"')
    assert (await visit.portal.timeline(dossier))["status"] == "draft"
    seen = {"If-Match": saved.headers["ETag"]}
    answer = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who, headers=seen)
    assert answer.status_code == 200
    assert (await visit.portal.timeline(dossier))["deposit_number"] == answer.json()["deposit_number"]


async def test_submitting_many_times_at_once_gives_one_number(visit):
    dossier = await visit.ready()
    path = f"/dossiers/{dossier.dossier_id}/submission"
    answers = await asyncio.gather(*[visit.call("POST", "intake", path, who=dossier.who) for _ in range(6)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    receipt = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/receipt", who=dossier.who)
    again = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/receipt", who=dossier.who)
    assert receipt == again
    assert receipt.startswith(b"%PDF")
    form = dossier.operation.form()
    saved = await visit.call(
        "PUT",
        "intake",
        f"/dossiers/{dossier.dossier_id}",
        who=dossier.who,
        json=form,
        headers={"If-Match": '"1"'},
    )
    assert problem(saved) == "already-submitted"


async def test_dossiers_submitted_at_once_get_numbers_without_gap(visit):
    dossiers = [await visit.ready() for _ in range(8)]
    numbers = await asyncio.gather(*[visit.portal.submit(dossier) for dossier in dossiers])
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 8))


async def test_no_deposit_while_suspended_and_the_draft_is_kept(visit):
    dossier = await visit.ready()
    await suspend(visit, "suspend")
    await awaited_campaign(visit, suspended=True)
    answer = await visit.call("POST", "intake", f"/dossiers/{dossier.dossier_id}/submission", who=dossier.who)
    assert problem(answer) == "campaign-suspended"
    await suspend(visit, "resume")
    await awaited_campaign(visit, suspended=False)
    assert await visit.portal.submit(dossier) > 0


async def suspend(visit, action):
    path = "/campaigns/lli-2024/proposals"
    body = {"action": action, "reason": "Vérification"}
    made = await visit.client.ok("POST", "envelope", path, who=people.MANAGER, json=body)
    await visit.client.ok("POST", "envelope", f"{path}/{made['proposal_id']}/approval", who=people.SECOND_MANAGER)


async def awaited_campaign(visit, **wanted):
    async def said():
        found = await visit.client.ok("GET", "intake", "/campaign")
        return True if all(found[name] == value for name, value in wanted.items()) else None

    await awaited(said, f"campaign {wanted}")


async def test_a_deposited_amount_only_goes_down(visit):
    dossier = await visit.submitted()
    path = f"/dossiers/{dossier.dossier_id}/loan-reductions"

    async def reduce(loan_id, cents):
        body = {"loans": [{"loan_id": loan_id, "principal_cents": cents}]}
        return await visit.call("POST", "intake", path, who=dossier.who, json=body)

    assert problem(await reduce("bati", dossier.operation.building_cents + 1)) == "loan-only-decreases"
    assert problem(await reduce("bati", 0)) == "loan-only-decreases"
    assert problem(await reduce("autre", 1)) == "unknown-loan"
    assert (await reduce("bati", 10_000)).status_code == 200
