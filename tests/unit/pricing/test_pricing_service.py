"""Pricing as its staff and the bus meet it: issue, derogate, change the grid, remind, expire, show a trace."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from services.pricing.domain.reading import Reading
from services.pricing.domain.tariff import GridApproved, GridProposed
from shared.contracts.intake import DOSSIER_TOPIC
from shared.contracts.pricing import (
    OFFER_TOPIC,
    OfferAccepted,
    OfferExpired,
    OfferExpiryContested,
    OfferIssued,
    OfferReminderSent,
)
from shared.money import format_euros
from shared.objects import Retained
from tests.archival import check_archival
from tests.facts import DOSSIER, opinion, profile, submitted
from tests.unit.pricing.desk import AUDITOR, OFFICER, SECOND_OFFICER, SETTLING, Desk, problem
from tests.unit.pricing.samples import GRID, LAST, NOW, OTHER_GRID, SECOND, acceptance

OFFER = f"{DOSSIER}-1"
GRID_PATH = "/grids/proposals"


@pytest.fixture
async def desk(tmp_path) -> Desk:
    return await Desk.opened(tmp_path)


def read_to(moment: datetime) -> Reading:
    """The broker was reachable all along and everything it held at that moment is handled."""
    return Reading(reachable_since=NOW, read_until=moment)


# -- issuing -----------------------------------------------------------------------------------------------------


async def test_the_offer_is_issued_by_a_person_and_printed(desk: Desk):
    found = await desk.issued()
    assert (found["status"], found["offer_id"], found["valid_until"]) == (
        "issued",
        OFFER,
        "2024-05-31T21:59:59.999999Z",
    )
    (issued,) = desk.of(OfferIssued)
    pdf = await desk.objects.read(issued.document.object_key)
    text = " ".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())
    text = text.replace("\u202f", " ").replace("\u00a0", " ")
    expected = (
        "Proposition n° 1-1",
        *(format_euros(line.premium_cents) for line in issued.lines),
        format_euros(issued.premium_cents),
        "31 mai 2024 à 23 h 59 min 59 s",
        "dix jours ouvrés",
        "condition suspensive",
        "n'engage aucune des parties",
        "représentant habilité",
        "Le refus est exprimé sur la plateforme",
    )
    for shown in expected:
        assert shown.replace("\u202f", " ").replace("\u00a0", " ") in text.replace("’", "'"), shown
    assert "CQS" not in text
    check_archival(pdf, "Proposition de tarification")


async def test_an_issued_offer_cannot_be_removed(desk: Desk):
    await desk.issued()
    (issued,) = [event for event in desk.recorded if isinstance(event, OfferIssued)]
    with pytest.raises(Retained):
        await desk.objects.delete(issued.document.object_key)


async def test_nothing_confidential_is_in_what_leaves_pricing(desk: Desk):
    await desk.drafted(profile(rating="5"))
    made = await desk.done(
        "POST", f"/offers/{DOSSIER}/derogations", {"rate_bp": "77.25", "reason": "Caution du groupe"}
    )
    path = f"/offers/{DOSSIER}/derogations/{made['derogations'][0]['derogation_id']}/approval"
    await desk.done("POST", path, who=SECOND_OFFICER)
    await desk.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": OFFER})
    public = [event.model_dump_json() for event in desk.recorded if event.topic == OFFER_TOPIC]
    assert len(public) == 2  # a person was needed, the offer was issued
    confidential = ("rating", "CQS", "_bp", "77.25", "derogation", "step", "Caution")
    assert not [word for word in confidential for one in public if word in one]


async def test_the_draft_that_was_not_read_is_not_issued(desk: Desk):
    await desk.drafted()
    answer = await desk.call("POST", f"/offers/{DOSSIER}/issue", {"offer_id": f"{DOSSIER}-2"})
    assert (answer.status_code, problem(answer)) == (409, "offer-not-drafted")
    assert desk.of(OfferIssued) == []


async def test_nothing_is_issued_before_the_deposit_or_the_campaigns_rules_are_known(desk: Desk):
    await desk.hear(profile())
    answer = await desk.call("POST", f"/offers/{DOSSIER}/issue", {"offer_id": OFFER})
    assert problem(answer) == "offer-not-drafted"
    await desk.hear(submitted(), opinion())
    assert (await desk.call("POST", f"/offers/{DOSSIER}/issue", {"offer_id": OFFER})).status_code == 503


async def test_offers_are_listed_and_an_unknown_dossier_is_not_found(desk: Desk):
    await desk.issued()
    (row,) = await desk.done("GET", "/offers?status=issued", who=AUDITOR)
    assert (row["deposit_number"], row["offer_id"]) == (1, OFFER)
    assert await desk.done("GET", "/offers?status=expired", who=AUDITOR) == []
    assert (await desk.call("GET", "/offers/nobody")).status_code == 404


# -- derogations -------------------------------------------------------------------------------------------------


async def test_a_derogation_takes_two_people_and_drafts_the_offer(desk: Desk):
    await desk.drafted(profile(rating="5"))
    found = await desk.done("GET", f"/offers/{DOSSIER}")
    assert (found["status"], found["refusal_reason"]) == ("needs_person", "committee-derogation-needed")
    path = f"/offers/{DOSSIER}/derogations"
    made = await desk.done("POST", path, {"step": "CQS4", "reason": "Caution du groupe"})
    (row,) = made["derogations"]
    assert (row["step"], row["approved"], row["proposed_by"]) == ("CQS4", False, "user:tarificateur-1")
    approval = f"{path}/{row['derogation_id']}/approval"
    assert problem(await desk.call("POST", approval)) == "two-people-needed"
    done = await desk.done("POST", approval, who=SECOND_OFFICER)
    assert (done["status"], done["draft"]["credit_quality_step"]) == ("drafted", "CQS4")
    assert done["derogations"][0]["approved"]


async def test_a_derogation_names_its_reason_and_one_thing_to_apply(desk: Desk):
    await desk.drafted(profile(rating="0"))
    path = f"/offers/{DOSSIER}/derogations"
    assert (await desk.call("POST", path, {"rate_bp": "70"})).status_code == 422
    both = await desk.call("POST", path, {"rate_bp": "70", "step": "CQS3", "reason": "r"})
    assert problem(both) == "derogation-unclear"
    assert (await desk.call("POST", path, {"rate_bp": "70", "reason": "r"}, who=AUDITOR)).status_code == 403


# -- grids -------------------------------------------------------------------------------------------------------


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
        ("derogations/d1/approval", None),
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
    assert done["withdrawal"]["approved"]
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


# -- reminders and expiry ----------------------------------------------------------------------------------------


async def test_the_reminder_is_recorded_once(desk: Desk):
    await desk.issued()
    await desk.offers.remind_due()
    assert desk.of(OfferReminderSent) == []
    desk.clock.moment = datetime(2024, 5, 28, 7, 0, 1, tzinfo=UTC)
    await desk.offers.remind_due()
    await desk.offers.remind_due()
    assert [event.offer_id for event in desk.of(OfferReminderSent)] == [OFFER]


async def test_an_unanswered_offer_expires_once(desk: Desk):
    await desk.issued()
    (issued,) = desk.of(OfferIssued)
    desk.clock.moment = issued.valid_until + SETTLING + SECOND
    desk.reading = read_to(issued.valid_until + SETTLING)
    await desk.offers.expire_due()
    assert desk.of(OfferExpired) == []
    desk.reading = read_to(desk.clock.moment)
    await desk.offers.expire_due()
    await desk.offers.expire_due()
    assert [event.offer_id for event in desk.of(OfferExpired)] == [OFFER]


async def test_an_acceptance_lodged_in_time_and_read_long_after_the_deadline_is_accepted(desk: Desk):
    """The service, or the broker, was down across the deadline: nothing expires until the backlog is read."""
    await desk.issued()
    (issued,) = desk.of(OfferIssued)
    desk.clock.moment = issued.valid_until + timedelta(days=3)
    desk.reading = Reading().looked(desk.clock.moment, {0: 7}, {0: 6})
    await desk.offers.expire_due()
    await desk.hear(acceptance(issued.valid_until))
    desk.reading = read_to(desk.clock.moment)
    await desk.offers.expire_due()
    assert (len(desk.of(OfferAccepted)), desk.of(OfferExpired)) == (1, [])


async def test_an_answer_that_waits_for_the_message_before_it_holds_the_expiry(desk: Desk):
    await desk.issued()
    desk.clock.moment = LAST + timedelta(days=3)
    desk.reading = read_to(desk.clock.moment)
    await desk.parked.insert({"_id": "g|t|s|2", "topic": DOSSIER_TOPIC, "key": DOSSIER})
    await desk.offers.expire_due()
    assert desk.of(OfferExpired) == []
    await desk.parked.remove("g|t|s|2")
    await desk.offers.expire_due()
    assert len(desk.of(OfferExpired)) == 1


async def test_an_acceptance_in_time_that_no_look_could_foresee_goes_to_a_person(desk: Desk):
    """Redriven from the dead letters, or kept by an intake that was down longer than the settling time."""
    await desk.issued()
    (issued,) = desk.of(OfferIssued)
    desk.clock.moment = issued.valid_until + timedelta(days=3)
    desk.reading = read_to(desk.clock.moment)
    await desk.offers.expire_due()
    await desk.hear(acceptance(issued.valid_until))
    (contested,) = desk.of(OfferExpiryContested)
    assert (contested.lodged_at, contested.found_at) == (issued.valid_until, desk.clock.moment)
    (row,) = await desk.done("GET", "/offers?status=contested")
    assert row["dossier_id"] == DOSSIER
    assert desk.of(OfferAccepted) == []
    path = f"/offers/{DOSSIER}/contest-conclusion"
    body = {"offer_id": OFFER, "conclusion": "redressed", "reason": "Rang rétabli"}
    assert (await desk.call("POST", path, body, who=AUDITOR)).status_code == 403
    concluded = await desk.done("POST", path, body)
    assert (concluded["status"], concluded["contests"][0]["conclusion"]) == ("expired", "redressed")
    assert await desk.done("GET", "/offers?status=contested") == []
    other = await desk.call("POST", path, body | {"conclusion": "expiry_stands"})
    assert problem(other) == "contest-already-concluded"


async def test_an_acceptance_of_a_replaced_offer_is_listed_until_a_person_concludes(desk: Desk):
    await desk.issued()
    await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    await desk.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": f"{DOSSIER}-2"})
    await desk.hear(acceptance(NOW))
    (row,) = await desk.done("GET", "/offers?contested=true")
    assert (row["status"], row["offer_id"], row["contested"]) == ("issued", f"{DOSSIER}-2", True)
    path = f"/offers/{DOSSIER}/contest-conclusion"
    body = {"offer_id": OFFER, "conclusion": "expiry_stands", "reason": "La suivante est acceptée"}
    other = await desk.call("POST", path, body | {"offer_id": f"{DOSSIER}-2"})
    assert problem(other) == "offer-not-contested"
    concluded = await desk.done("POST", path, body)
    assert (concluded["status"], concluded["contests"][0]["conclusion"]) == ("issued", "expiry_stands")
    assert await desk.done("GET", "/offers?contested=true") == []
    await desk.hear(acceptance(NOW, f"{DOSSIER}-2"))
    assert [event.offer_id for event in desk.of(OfferAccepted)] == [f"{DOSSIER}-2"]


# -- the trace ---------------------------------------------------------------------------------------------------


async def test_the_trace_is_json_for_programs_and_a_page_for_people(desk: Desk):
    await desk.issued()
    path = f"/offers/{DOSSIER}/trace"
    for accept in ("*/*", "application/json", "application/json, text/html"):
        answer = await desk.call("GET", path, accept=accept, who=AUDITOR)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["grid_hash"] == GRID.content_hash
    page = await desk.call("GET", path, accept="text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    assert page.headers["content-type"].startswith("text/html")
    assert "Trace de la tarification" in page.text


async def test_the_trace_of_each_offer_of_a_dossier_can_be_read(desk: Desk):
    await desk.issued()
    await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    path = f"/offers/{DOSSIER}/trace"
    assert (await desk.done("GET", path))["offer_id"] == f"{DOSSIER}-2"
    assert (await desk.done("GET", f"{path}?offer_id={OFFER}"))["offer_id"] == OFFER
    assert (await desk.call("GET", f"{path}?offer_id={DOSSIER}-3")).status_code == 404
