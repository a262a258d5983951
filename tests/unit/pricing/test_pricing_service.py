"""Pricing as its staff and the bus meet it: issue, derogate, remind, expire, show a trace."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from services.pricing.domain.facts import DerogationApproved
from services.pricing.domain.reading import Reading
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
from tests.unit.pricing.desk import AUDITOR, LANDLORD, SECOND_OFFICER, SECRETARY, SETTLING, Desk, problem
from tests.unit.pricing.samples import GRID, LAST, NOW, SECOND, acceptance

OFFER = f"{DOSSIER}-1"
SESSION = {"session_date": "2024-05-16"}


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
    await desk.done("POST", path, SESSION, who=SECRETARY)
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


async def test_the_committees_derogation_takes_its_secretary_and_drafts_the_offer(desk: Desk):
    await desk.drafted(profile(rating="5"))
    found = await desk.done("GET", f"/offers/{DOSSIER}")
    assert (found["status"], found["refusal_reason"]) == ("needs_person", "committee-derogation-needed")
    path = f"/offers/{DOSSIER}/derogations"
    made = await desk.done("POST", path, {"step": "CQS4", "reason": "Caution du groupe"})
    (row,) = made["derogations"]
    assert (row["step"], row["approved"], row["proposed_by"]) == ("CQS4", False, "user:tarificateur-1")
    assert (row["approved_by"], row["session_date"]) == (None, None)
    approval = f"{path}/{row['derogation_id']}/approval"
    assert problem(await desk.call("POST", approval, SESSION)) == "two-people-needed"
    assert problem(await desk.call("POST", approval, SESSION, who=SECOND_OFFICER)) == "committee-decision-needed"
    assert problem(await desk.call("POST", approval, {}, who=SECRETARY)) == "committee-decision-needed"
    assert (await desk.call("POST", path, {"step": "CQS4", "reason": "r"}, who=SECRETARY)).status_code == 403
    assert (await desk.done("GET", f"/offers/{DOSSIER}", who=SECRETARY))["derogations"] == [row]
    done = await desk.done("POST", approval, SESSION, who=SECRETARY)
    assert (done["status"], done["draft"]["credit_quality_step"]) == ("drafted", "CQS4")
    (row,) = done["derogations"]
    assert (row["approved"], row["approved_by"], row["session_date"]) == (True, f"user:{SECRETARY}", "2024-05-16")


async def test_a_rating_of_0_takes_two_people_of_pricing(desk: Desk):
    await desk.drafted(profile(rating="0"))
    path = f"/offers/{DOSSIER}/derogations"
    made = await desk.done("POST", path, {"step": "CQS4", "reason": "Bilan solide"})
    approval = f"{path}/{made['derogations'][0]['derogation_id']}/approval"
    assert problem(await desk.call("POST", approval, {})) == "two-people-needed"
    for body in ({}, SESSION):
        assert problem(await desk.call("POST", approval, body, who=SECRETARY)) == "pricing-decision-needed"
    assert desk.of(DerogationApproved) == []
    assert (await desk.done("POST", approval, {}, who=SECOND_OFFICER))["status"] == "drafted"


async def test_a_derogation_names_its_reason_and_one_thing_to_apply(desk: Desk):
    await desk.drafted(profile(rating="0"))
    path = f"/offers/{DOSSIER}/derogations"
    assert (await desk.call("POST", path, {"rate_bp": "70"})).status_code == 422
    both = await desk.call("POST", path, {"rate_bp": "70", "step": "CQS3", "reason": "r"})
    assert problem(both) == "derogation-unclear"
    assert (await desk.call("POST", path, {"rate_bp": "70", "reason": "r"}, who=AUDITOR)).status_code == 403


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
    path = f"/offers/{OFFER}/trace"
    for accept in ("*/*", "application/json", "application/json, text/html"):
        answer = await desk.call("GET", path, accept=accept, who=AUDITOR)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["grid_hash"] == GRID.content_hash
    page = await desk.call("GET", path, accept="text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    assert page.headers["content-type"].startswith("text/html")
    assert "Trace de la tarification" in page.text


async def test_the_trace_of_every_offer_of_a_dossier_is_read_by_the_offers_name(desk: Desk):
    await desk.issued()
    await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    found = await desk.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": f"{DOSSIER}-2"})
    for offer_id in (*found["superseded"], found["offer_id"]):
        assert (await desk.done("GET", f"/offers/{offer_id}/trace", who=AUDITOR))["offer_id"] == offer_id
    assert [*found["superseded"], found["offer_id"]] == [OFFER, f"{DOSSIER}-2"]


@pytest.mark.parametrize("unknown", [f"{DOSSIER}-3", DOSSIER, "nobody-1", "-1", "-"])
async def test_the_trace_of_an_unknown_offer_is_not_found(desk: Desk, unknown: str):
    await desk.issued()
    answer = await desk.call("GET", f"/offers/{unknown}/trace", who=AUDITOR)
    assert (answer.status_code, problem(answer)) == (404, "not-found")
    assert unknown in answer.json()["detail"]


async def test_a_landlord_reads_no_trace_not_even_its_own(desk: Desk):
    await desk.issued()
    answer = await desk.call("GET", f"/offers/{OFFER}/trace", who=LANDLORD)
    assert (answer.status_code, problem(answer)) == (403, "forbidden")
    assert GRID.version not in answer.text
