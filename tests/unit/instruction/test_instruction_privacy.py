"""Who sees what of a review: rating, diligence, suspicion reports."""

import pytest

from services.instruction.domain.facts import SuspicionReported
from services.instruction.domain.review import KIND, PROFILE_KIND, SUSPICION_KIND
from shared.auth import Role
from shared.contracts.instruction import PROFILE_TOPIC, REVIEW_TOPIC
from tests.facts import DOSSIER
from tests.unit.instruction.desk import RATING, Desk, desk_with_a_dossier, problem
from tests.unit.instruction.samples import submitted, waitlisted


@pytest.fixture
async def desk() -> Desk:
    return await desk_with_a_dossier()


@pytest.mark.parametrize(
    ("role", "rating", "diligence"),
    [
        (Role.INSTRUCTOR, True, False),
        (Role.COMMITTEE_SECRETARY, True, False),
        (Role.AUDITOR, True, True),
        (Role.COMPLIANCE, False, True),
    ],
)
async def test_each_role_sees_its_part(desk: Desk, role: Role, rating: bool, diligence: bool):
    await desk.bring_to_committee()
    found = await desk.read(role)
    assert (found["profile"] is not None, found["diligence"] is not None) == (rating, diligence)
    assert found["diligence_done"]


async def test_the_rating_is_in_the_profile_stream_and_nowhere_else(desk: Desk):
    await desk.bring_to_committee()
    await desk.act(Role.INSTRUCTOR, "PUT", "rating", RATING)
    holding = [
        commit.stream
        for commit in desk.commits
        for entry in commit.decoded()
        for event in entry.events
        if "rating" in event.model_dump()
    ]
    assert holding == [f"profile:{DOSSIER}"]
    assert (KIND.topics, PROFILE_KIND.topics) == ({REVIEW_TOPIC}, {PROFILE_TOPIC})


async def test_a_refused_rating_is_not_repeated(desk: Desk):
    answer = await desk.call(Role.INSTRUCTOR, "PUT", f"/reviews/{DOSSIER}/rating", RATING | {"rating": "9+"})
    assert problem(answer) == "invalid-rating"
    assert "9+" not in answer.text


async def test_a_suspicion_report_is_for_compliance_alone_and_leaves_no_trace_elsewhere(desk: Desk):
    before = {role: await desk.read(role) for role in (Role.INSTRUCTOR, Role.COMPLIANCE, Role.AUDITOR)}
    row = await desk.view.get(DOSSIER)
    reports = await desk.act(Role.COMPLIANCE, "POST", "suspicion-reports", {"text": "Origine des fonds inconnue"})
    assert [one["text"] for one in reports] == ["Origine des fonds inconnue"]
    assert await desk.act(Role.COMPLIANCE, "GET", "suspicion-reports") == reports
    assert {role: await desk.read(role) for role in before} == before
    assert await desk.view.get(DOSSIER) == row
    assert (SuspicionReported.topic, SUSPICION_KIND.topics) == (None, frozenset())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
@pytest.mark.parametrize("reported", [True, False])
async def test_nobody_else_learns_whether_there_is_a_suspicion_report(desk: Desk, role: Role, reported: bool):
    if reported:
        await desk.act(Role.COMPLIANCE, "POST", "suspicion-reports", {"text": "Origine des fonds inconnue"})
    answer = await desk.call(role, "GET", f"/reviews/{DOSSIER}/suspicion-reports")
    assert (answer.status_code, problem(answer)) == (403, "forbidden")


async def test_a_suspicion_can_be_reported_on_a_waiting_dossier_but_not_on_an_unknown_one():
    desk = Desk()
    await desk.hear(submitted(), waitlisted())
    await desk.act(Role.COMPLIANCE, "POST", "suspicion-reports", {"text": "Origine des fonds inconnue"})
    answer = await desk.call(Role.COMPLIANCE, "GET", "/reviews/inconnu/suspicion-reports")
    assert answer.status_code == 404
