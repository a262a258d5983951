"""Instruction as its staff and the bus meet it: the whole way, order, fairness."""

import pytest

from services.instruction.handlers import HEARD, handlers
from shared.auth import Role
from tests.facts import DOSSIER
from tests.unit.instruction.desk import OPINION, Desk, desk_with_a_dossier, problem
from tests.unit.instruction.samples import (
    TODAY,
    in_zone,
    lodged,
    promoted,
    reserved,
    submitted,
    waitlisted,
    with_other_guarantee,
)


@pytest.fixture
async def desk() -> Desk:
    return await desk_with_a_dossier()


# -- the whole way -----------------------------------------------------------------------------------------------


async def test_a_dossier_goes_from_the_queue_to_its_opinion(desk: Desk):
    (row,) = (await desk.call(Role.INSTRUCTOR, "GET", "/queue")).json()
    assert (row["deposit_number"], row["stage_label"]) == (1, "À attribuer")
    await desk.bring_to_committee()
    found = await desk.act(Role.COMMITTEE_SECRETARY, "POST", "opinion", OPINION)
    assert (found["stage"], found["session_date"]) == ("favourable", TODAY.isoformat())
    assert (await desk.call(Role.INSTRUCTOR, "GET", "/queue")).json() == []
    (row,) = (await desk.call(Role.INSTRUCTOR, "GET", "/queue?stage=favourable&assignee=instructor-1")).json()
    assert row["dossier_id"] == DOSSIER


async def test_the_gate_is_a_problem_document_that_names_what_is_missing(desk: Desk):
    await desk.act(Role.INSTRUCTOR, "POST", "assignment", {})
    answer = await desk.call(Role.INSTRUCTOR, "POST", f"/reviews/{DOSSIER}/committee")
    assert (answer.status_code, problem(answer)) == (409, "committee-gate-closed")
    assert "rating" in answer.json()["missing"]


async def test_a_supplement_is_asked_answered_and_read(desk: Desk):
    await desk.act(Role.INSTRUCTOR, "POST", "assignment", {"assignee": "instructeur-2"})
    asked = await desk.act(Role.INSTRUCTOR, "POST", "supplement-requests", {"message": "Préciser", "due_days": 10})
    assert asked["open_supplement"] == asked["supplement"]["request_id"] == f"{DOSSIER}-s1"
    await desk.hear(lodged())
    found = await desk.read()
    assert (found["open_supplement"], found["supplement_answers"][0]["message"]) == (None, "Voici")
    assert found["documents"][-1]["kind"] == "supplement"


async def test_a_person_refuses_what_a_rule_could_not_tell():
    made = Desk()
    await made.hear(in_zone("C"), reserved())
    await made.act(Role.INSTRUCTOR, "POST", "assignment", {})
    await made.act(Role.INSTRUCTOR, "POST", "eligibility")
    body = {"rule_id": "zone", "eligible": False, "reason": "Aucun besoin avéré des salariés du bassin"}
    found = await made.act(Role.INSTRUCTOR, "POST", "eligibility/resolutions", body)
    (line,) = [one for one in found["eligibility"] if one["rule_id"] == "zone"]
    assert (line["verdict"], line["resolved_eligible"], line["source"]) == ("person", False, "CGI, article 279-0 bis A")
    assert found["zoning_vintage"] == "2025-09-05"
    ended = await made.act(Role.INSTRUCTOR, "POST", "ineligibility", {"reasons": []})
    assert ended["stage"] == "ineligible"


async def test_a_failed_rule_is_confirmed_without_a_body():
    made = Desk()
    await made.hear(with_other_guarantee(), reserved())
    await made.act(Role.INSTRUCTOR, "POST", "assignment", {})
    await made.act(Role.INSTRUCTOR, "POST", "eligibility")
    assert (await made.act(Role.INSTRUCTOR, "POST", "ineligibility"))["stage"] == "ineligible"


async def test_a_blank_reason_is_no_reason(desk: Desk):
    body = {"rule_id": "zone", "reason": " " * 20}
    answer = await desk.call(Role.INSTRUCTOR, "POST", f"/reviews/{DOSSIER}/eligibility/resolutions", body)
    assert answer.status_code == 422


# -- the bus -----------------------------------------------------------------------------------------------------


def test_everything_heard_has_a_handler():
    assert set(handlers(Desk().instruction)) == set(HEARD)


async def test_a_message_heard_twice_is_noted_once():
    desk = Desk()
    for _ in range(2):
        await desk.hear_as(submitted(), "m1")
    assert [commit.version for commit in desk.commits] == [1]


async def test_a_waitlisted_dossier_is_in_the_queue_only_once_promoted():
    desk = Desk()
    await desk.hear(submitted(), waitlisted())
    assert (await desk.call(Role.INSTRUCTOR, "GET", "/queue")).json() == []
    answer = await desk.call(Role.INSTRUCTOR, "POST", f"/reviews/{DOSSIER}/assignment", {})
    assert (answer.status_code, problem(answer)) == (409, "no-reservation")
    await desk.hear(promoted())
    assert len((await desk.call(Role.INSTRUCTOR, "GET", "/queue")).json()) == 1


async def test_a_reservation_heard_before_its_deposit_is_in_no_list():
    desk = Desk()
    await desk.hear(reserved())
    assert (await desk.call(Role.INSTRUCTOR, "GET", "/queue")).json() == []
    assert (await desk.call(Role.INSTRUCTOR, "GET", f"/reviews/{DOSSIER}")).status_code == 404


# -- fairness ----------------------------------------------------------------------------------------------------


async def test_the_queue_follows_the_deposit_numbers():
    desk = Desk()
    for number in (3, 1, 2):
        dossier_id = f"d{number}"
        await desk.hear(submitted(dossier_id=dossier_id, deposit_number=number), reserved(number, dossier_id))
    rows = (await desk.call(Role.AUDITOR, "GET", "/queue?skip=1&limit=2")).json()
    assert [row["deposit_number"] for row in rows] == [2, 3]


async def test_an_overtaking_is_reasoned_and_reported(desk: Desk):
    await desk.hear(submitted(dossier_id="d9", deposit_number=9), reserved(9, "d9"))
    await desk.bring_to_committee("d9")
    refused = await desk.call(Role.COMMITTEE_SECRETARY, "POST", "/reviews/d9/opinion", OPINION)
    assert (problem(refused), refused.json()["overtaken"]) == ("order-reason-needed", [1])
    body = OPINION | {"order_reason": "Séance avancée"}
    await desk.act(Role.COMMITTEE_SECRETARY, "POST", "opinion", body, "d9")
    (line,) = (await desk.call(Role.AUDITOR, "GET", "/fairness-report")).json()
    assert (line["deposit_number"], line["overtaken"], line["reason"]) == (9, [1], "Séance avancée")


async def test_numbers_of_another_campaign_are_not_overtaken(desk: Desk):
    await desk.hear(submitted(dossier_id="d9", deposit_number=9, campaign_id="lli-2026"), reserved(9, "d9"))
    await desk.bring_to_committee("d9")
    await desk.act(Role.COMMITTEE_SECRETARY, "POST", "opinion", OPINION, "d9")
    assert (await desk.call(Role.AUDITOR, "GET", "/fairness-report")).json() == []
