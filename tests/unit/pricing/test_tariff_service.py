"""The grids as pricing's staff meet them: proposed, approved, withdrawn, and what is priced on which."""

import json
from datetime import UTC, datetime

import pytest

from services.pricing.domain.tariff import GridApproved, GridProposed
from tests.facts import DOSSIER
from tests.unit.pricing.desk import AUDITOR, OFFICER, SECOND_OFFICER, Desk, problem
from tests.unit.pricing.samples import GRID, OTHER_GRID

OFFER = f"{DOSSIER}-1"
GRID_PATH = "/grids/proposals"


@pytest.fixture
async def desk(tmp_path) -> Desk:
    return await Desk.opened(tmp_path)


async def test_a_new_grid_takes_two_people_and_its_date(desk: Desk):
    await desk.drafted()
    body = {"grid": OTHER_GRID.model_dump(mode="json"), "reason": "Revue annuelle"}
    row = await desk.done("POST", GRID_PATH, body)
    approval, content = f"{GRID_PATH}/{row['proposal_id']}/approval", {"hash": row["hash"]}
    assert problem(await desk.call("POST", approval, content)) == "two-people-needed"
    wrong = await desk.call("POST", approval, {"hash": "0" * 64}, who=SECOND_OFFICER)
    assert problem(wrong) == "grid-hash-mismatch"
    first, done = await desk.done("POST", approval, content, who=SECOND_OFFICER)
    assert (done["approved"], done["effective_at"]) == (True, "2024-06-03T00:00:00+02:00")
    assert (row["approved_by"], done["approved_by"]) == (None, f"user:{SECOND_OFFICER}")
    assert (await desk.done("GET", "/grid"))["version"] == "demonstration-1"
    desk.clock.moment = datetime(2024, 6, 3, 8, tzinfo=UTC)
    assert (await desk.done("GET", "/grid"))["version"] == "demonstration-2"
    assert await desk.done("GET", GRID_PATH) == [first, done]


async def test_nothing_is_priced_before_the_first_grid_takes_effect(tmp_path):
    desk = Desk(tmp_path)
    assert problem(await desk.call("GET", "/grid")) == "no-grid-in-force"
    await desk.drafted()
    found = await desk.done("GET", f"/offers/{DOSSIER}")
    assert (found["status"], found["refusal_reason"]) == ("needs_person", "no-grid-in-force")
    for path, body in (
        ("redraft", None),
        ("issue", {"offer_id": OFFER}),
        ("derogations", {"rate_bp": "70", "reason": "r"}),
        ("derogations/d1/approval", {}),
    ):
        assert problem(await desk.call("POST", f"/offers/{DOSSIER}/{path}", body)) == "no-grid-in-force"
    await desk.adopt(GRID)
    assert (await desk.done("POST", f"/offers/{DOSSIER}/redraft"))["status"] == "drafted"


async def test_the_first_grid_is_journalled_with_its_hash_and_its_two_people(desk: Desk):
    (proposal,), (approval,) = desk.of(GridProposed), desk.of(GridApproved)
    assert (proposal.grid, proposal.grid_hash) == (GRID, GRID.content_hash)
    assert (proposal.proposed_by, approval.approved_by) == (f"user:{OFFICER}", f"user:{SECOND_OFFICER}")


async def test_an_approved_grid_is_withdrawn_by_two_people_before_its_date(desk: Desk):
    row = await desk.done("POST", GRID_PATH, {"grid": OTHER_GRID.model_dump(mode="json"), "reason": "Revue"})
    path = f"{GRID_PATH}/{row['proposal_id']}"
    reason = {"reason": "Taux d'actualisation erroné"}
    assert problem(await desk.call("POST", f"{path}/withdrawal", reason)) == "grid-not-approved"
    await desk.done("POST", f"{path}/approval", {"hash": row["hash"]}, who=SECOND_OFFICER)
    assert (await desk.call("POST", f"{path}/withdrawal", {"reason": ""})).status_code == 422
    assert (await desk.call("POST", f"{path}/withdrawal", reason, who=AUDITOR)).status_code == 403
    _, proposed = await desk.done("POST", f"{path}/withdrawal", reason)
    assert (proposed["withdrawal"]["reason"], proposed["withdrawal"]["approved"]) == (reason["reason"], False)
    assert problem(await desk.call("POST", f"{path}/withdrawal/approval")) == "two-people-needed"
    _, done = await desk.done("POST", f"{path}/withdrawal/approval", who=SECOND_OFFICER)
    assert (done["withdrawal"]["approved"], done["withdrawal"]["approved_by"]) == (True, f"user:{SECOND_OFFICER}")
    assert proposed["withdrawal"]["approved_by"] is None
    desk.clock.moment = datetime(2024, 6, 3, 8, tzinfo=UTC)
    assert (await desk.done("GET", "/grid"))["version"] == "demonstration-1"
    first = (await desk.done("GET", GRID_PATH))[0]["proposal_id"]
    answer = await desk.call("POST", f"{GRID_PATH}/{first}/withdrawal", reason)
    assert problem(answer) == "grid-taken-effect"


async def test_a_draft_of_the_former_grid_is_made_again_before_it_is_issued(desk: Desk):
    await desk.drafted()
    row = await desk.done("POST", GRID_PATH, {"grid": OTHER_GRID.model_dump(mode="json"), "reason": "Revue"})
    await desk.done("POST", f"{GRID_PATH}/{row['proposal_id']}/approval", {"hash": row["hash"]}, who=SECOND_OFFICER)
    desk.clock.moment = datetime(2024, 6, 3, 8, tzinfo=UTC)
    answer = await desk.call("POST", f"/offers/{DOSSIER}/issue", {"offer_id": OFFER})
    assert problem(answer) == "offer-draft-outdated"
    again = await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    assert again["draft"]["grid_version"] == "demonstration-2"
    assert (await desk.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": f"{DOSSIER}-2"}))["status"] == "issued"


async def test_a_grid_with_a_float_a_hole_or_a_missing_step_is_refused_by_name(desk: Desk):
    content = OTHER_GRID.model_dump(mode="json")
    holed = json.loads(json.dumps(content))
    holed["steps"]["CQS4"]["bands"][1]["over_years"] = 31
    missing = content | {"steps": {name: one for name, one in content["steps"].items() if name != "CQS2"}}
    for grid, word in (
        (content | {"discount_rate": 0.03}, "grid-unreadable"),
        (holed, "grid-bands-broken"),
        (missing, "grid-incomplete"),
    ):
        assert problem(await desk.call("POST", GRID_PATH, {"grid": grid, "reason": "r"})) == word
