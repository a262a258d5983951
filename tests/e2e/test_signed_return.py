"""A signed convention on its way back, through the public APIs on both stacks."""

import io

import pypdf
import pytest

from deploy.demo import people
from deploy.demo.client import awaited
from tests.platform import Visit, problem
from tests.unit.contracting.returned_files import page_rewritten


async def report_on(visit: Visit, dossier: people.Dossier) -> dict:
    path = f"/engagements/{dossier.dossier_id}/signed-convention-report"

    async def examined():
        answer = await visit.call("GET", "contracting", path, who=people.LEGAL)
        return answer.json() if answer.is_success else None

    return await awaited(examined, f"report on the return of {dossier.operation.name}")


async def test_a_changed_return_is_refused_with_its_pages_and_a_sound_one_takes_its_place(visit):
    dossier = await visit.brought_to("convention_sent")
    path = f"/dossiers/{dossier.dossier_id}/convention"
    convention = await visit.client.ok("GET", "intake", path, who=dossier.who)
    said = " ".join(pypdf.PdfReader(io.BytesIO(convention)).pages[0].extract_text().split())
    assert "représenté par Madame Dominique Démonstration, en qualité de directrice générale" in said
    signed = await visit.portal.signed_by(dossier, convention)
    await visit.portal.upload(dossier, "signed-convention", "convention.pdf", page_rewritten(convention, 2))
    report = await report_on(visit, dossier)
    assert (report["outcome"], report["problem"]) == ("refused", "convention-altered")
    assert [page["number"] for page in report["pages"] if page["state"] == "changed"] == [2]
    body = {"document_id": report["document_id"], "decision": "accept", "reason": "Vu"}
    check = f"/engagements/{dossier.dossier_id}/signed-convention-check"
    refused = await visit.call("POST", "contracting", check, who=people.LEGAL, json=body)
    assert problem(refused) == "convention-altered"
    assert refused.json()["pages"] == [2]
    assert (await visit.offices.engagement(dossier))["state"] == "convention_sent"

    async def told():
        labels = [entry["label"] for entry in (await visit.portal.timeline(dossier))["entries"]]
        return True if "Convention signée non conforme" in labels else None

    await awaited(told, "refusal known to the landlord")
    await visit.portal.upload(dossier, "signed-convention", "convention.pdf", signed)
    await visit.offices.check_convention(dossier)
    await visit.until(dossier, status="convention_signed")
    assert (await report_on(visit, dossier))["outcome"] == "conforming"


@pytest.mark.parametrize("who", [people.ACCOUNTANT, people.BOARD, people.representative("900000019")])
async def test_a_report_names_people_and_is_for_the_legal_officer(visit, who):
    answer = await visit.call("GET", "contracting", f"/engagements/{'0' * 32}/signed-convention-report", who=who)
    assert problem(answer) == "forbidden"
