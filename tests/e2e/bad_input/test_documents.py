"""Files that are not what is asked, infected or cut leave nothing."""

import io
import socket

import pikepdf
import pytest

from deploy.demo import people
from shared.scanner import EICAR
from tests.e2e.bad_input.given import PRESENTATION
from tests.platform import problem


def encrypted_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PRESENTATION)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    return out.getvalue()


def scripted_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PRESENTATION)) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"", "application/pdf", "file-empty"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "application/pdf", "file-mislabelled"),
        (b"MZ" + b"0" * 100, "application/pdf", "file-mislabelled"),
        (PRESENTATION, "image/png", "file-type-not-allowed"),
        (PRESENTATION, "", "file-type-not-allowed"),
        (PRESENTATION[: len(PRESENTATION) // 2], "application/pdf", "file-damaged"),
        (encrypted_pdf(), "application/pdf", "file-encrypted"),
        (scripted_pdf(), "application/pdf", "file-active-content"),
        (b"%PDF-1.7" + b"0" * (25 * 1024 * 1024), "application/pdf", "file-too-large"),
    ],
    ids=["empty", "png", "exe", "declared-png", "undeclared", "cut", "encrypted", "scripted", "oversized"],
)
async def test_a_file_that_is_not_what_is_asked_is_refused_and_leaves_nothing(visit, content, declared, expected):
    dossier = await visit.draft()
    url = f"/dossiers/{dossier.dossier_id}/documents"
    answer = await visit.call(
        "POST",
        "intake",
        f"{url}/presentation",
        who=dossier.who,
        params={"filename": "presentation.pdf"},
        content=content,
        headers={"Content-Type": declared},
    )
    assert problem(answer) == expected
    assert await visit.client.ok("GET", "intake", url, who=dossier.who) == []


async def test_an_infected_file_neither_counts_nor_is_served_and_a_clean_version_does(visit):
    dossier = await visit.draft()
    infected = PRESENTATION + b"\n% " + EICAR + b"\n"
    made = await visit.portal.upload(dossier, "documents/presentation", "présentation « v1 ».pdf", infected)
    assert made["scan"] == "infected"
    url = f"/dossiers/{dossier.dossier_id}"
    read = await visit.call("GET", "intake", f"{url}/documents/presentation/1", who=dossier.who)
    assert problem(read) == "document-infected"
    missing = (await visit.client.ok("GET", "intake", f"{url}/checklist", who=dossier.who))["missing"]
    assert "presentation-missing" in {one["code"] for one in missing}
    clean = await visit.portal.upload(dossier, "documents/presentation", "presentation.pdf", PRESENTATION)
    assert (clean["version"], clean["scan"]) == (2, "safe")
    assert await visit.client.ok("GET", "intake", f"{url}/documents/presentation/2", who=dossier.who) == PRESENTATION
    kept = await visit.client.ok("GET", "intake", f"{url}/documents", who=people.INSTRUCTOR)
    assert [one["version"] for one in kept] == [1, 2]


async def test_a_truncated_upload_leaves_nothing(visit):
    dossier = await visit.draft()
    token = await visit.client.token(*dossier.who)
    path = f"/dossiers/{dossier.dossier_id}/documents"
    head = (
        f"POST {path}/presentation?filename=p.pdf HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/pdf\r\nContent-Length: {len(PRESENTATION)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", visit.platform.services.ports["intake"])) as raw:
        raw.sendall(head.encode() + PRESENTATION[:1000])
    assert await visit.client.ok("GET", "intake", path, who=dossier.who) == []
