"""Answers to offers: only the one that was read, and in time; and no word of a rating."""

import io
from datetime import datetime, timedelta

from pypdf import PdfReader

from deploy.demo import people
from deploy.demo.client import awaited
from tests.platform import problem


async def test_an_answer_must_name_the_offer_that_was_read(visit):
    dossier = await visit.brought_to("offer_issued")
    offer = await visit.portal.offer(dossier)
    path = f"/dossiers/{dossier.dossier_id}/offer/acceptance"
    good = {"offer_id": offer["offer_id"], "document_sha256": offer["document_sha256"]}

    async def accept(**change):
        return await visit.call("POST", "intake", path, who=dossier.who, json=good | change)

    assert problem(await accept(document_sha256="0" * 64)) == "offer-document-differs"
    assert problem(await accept(offer_id="another")) == "offer-superseded"
    await visit.client.ok("POST", "pricing", f"/offers/{dossier.dossier_id}/redraft", who=people.PRICING)
    await visit.offices.issue_offer(dossier)
    await visit.until(dossier, status="offer_issued")

    async def superseded():
        return True if (await visit.portal.offer(dossier))["offer_id"] != offer["offer_id"] else None

    await awaited(superseded, "the newer offer")
    assert problem(await accept()) == "offer-superseded"
    await visit.portal.accept(dossier)
    await visit.until(dossier, status="offer_accepted")
    newest = (await visit.portal.offer(dossier))["offer_id"]
    decline = f"/dossiers/{dossier.dossier_id}/offer/decline"
    refused = await visit.call("POST", "intake", decline, who=dossier.who, json={"offer_id": newest})
    assert problem(refused) == "offer-already-answered"


async def test_an_acceptance_after_the_last_moment_is_refused_with_the_deadline_and_the_amount_returns(visit):
    dossier = await visit.brought_to("offer_issued")
    offer = await visit.portal.offer(dossier)
    path = f"/dossiers/{dossier.dossier_id}/offer/acceptance"
    body = {"offer_id": offer["offer_id"], "document_sha256": offer["document_sha256"]}
    visit.platform.step_to(datetime.fromisoformat(offer["valid_until"]) + timedelta(seconds=1))
    late = await visit.call("POST", "intake", path, who=dossier.who, json=body)
    assert problem(late) == "offer-expired"
    assert datetime.fromisoformat(late.json()["valid_until"]) == datetime.fromisoformat(offer["valid_until"])
    visit.platform.step(hours=1)
    await visit.until(dossier, status="offer_expired", envelope="released")


async def test_what_a_landlord_reads_never_speaks_of_a_rating(visit):
    dossier = await visit.brought_to("convention_sent")
    for path in ("", "/timeline", "/offer", "/documents", "/checklist"):
        answer = await visit.call("GET", "intake", f"/dossiers/{dossier.dossier_id}{path}", who=dossier.who)
        text = answer.text.lower()
        assert not any(word in text for word in ("rating", "cotation", "cqs", "credit_quality", "rate_bp"))
    for path in ("receipt", "offer/document", "convention", "premium-call"):
        pdf = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/{path}", who=dossier.who)
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).lower()
        assert "logement" in text
        assert not any(word in text for word in ("cotation", "cqs", "point de base"))
