"""A return from its deposit to the person's check: examined once, refused by name, the dossier untouched."""

import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from deploy.demo.letters import scanned_convention_pdf
from deploy.local.authority import Authority
from services.contracting.domain.engagement import EngagementDocument
from services.contracting.domain.facts import Purpose
from services.contracting.domain.premium import pay
from services.contracting.domain.states import EngagementState
from shared.auth import Role
from shared.errors import Unavailable
from shared.filing import DocumentAltered
from shared.objects import Retained
from shared.signing import Seal
from tests.platform import problem
from tests.unit.contracting.officer import CAUSE, Officer
from tests.unit.contracting.returned_files import drawn_upon, last_signature_broken, page_rewritten
from tests.unit.contracting.samples import DOSSIER, NOW, PREMIUM_CENTS, received, screened


@pytest.fixture
def officer(tmp_path) -> Officer:
    return Officer(tmp_path)


async def broken(officer: Officer, sent: bytes) -> bytes:
    return last_signature_broken(await officer.sign(sent))


async def drawn(officer: Officer, sent: bytes) -> bytes:
    return drawn_upon(await officer.sign(sent))


async def unsigned(_: Officer, sent: bytes) -> bytes:
    return sent


async def rewritten(_: Officer, sent: bytes) -> bytes:
    return page_rewritten(sent, 2)


async def by_another(officer: Officer, sent: bytes) -> bytes:
    keys = officer.authority.issue("another", "Un autre bailleur", "900000100")
    return await Seal(keys).sign(sent, at=NOW, field="Bailleur", reason="Signature")


async def expired(officer: Officer, sent: bytes) -> bytes:
    keys = officer.authority.issue("expired", "Bailleur d'essai", "542065479", not_after=NOW)
    return await Seal(keys).sign(sent, at=NOW, field="Bailleur", reason="Signature")


async def by_nobody_known(officer: Officer, sent: bytes) -> bytes:
    elsewhere = Authority(Path(officer.authority.directory, "elsewhere"))
    keys = elsewhere.issue("bailleur", "Bailleur d'essai", "542065479")
    return await Seal(keys).sign(sent, at=NOW, field="Bailleur", reason="Signature")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (broken, "signature-broken"),
        (drawn, "convention-altered"),
        (unsigned, "signature-missing"),
        (rewritten, "convention-altered"),
        (by_another, "certificate-of-another-name"),
        (expired, "certificate-expired"),
        (by_nobody_known, "certificate-untrusted"),
    ],
    ids=lambda given: given.__name__ if callable(given) else None,
)
async def test_a_wrong_return_is_a_named_error_and_signs_nothing(officer, spoil, named):
    returned = await spoil(officer, await officer.send())
    await officer.lodge(returned)
    assert problem(await officer.check("Vu")) == named
    before = len(await officer.events())
    assert problem(await officer.check("Vu")) == named
    assert len(await officer.events()) == before
    engagement = await officer.engagements.engagement(DOSSIER)
    assert (engagement.state, engagement.signed, engagement.checked) == (EngagementState.CONVENTION_SENT, None, None)
    report = (await officer.call(Role.LEGAL_OFFICER, "GET", "signed-convention-report")).json()
    assert (report["outcome"], report["problem"]) == ("refused", named)


async def test_a_sound_return_is_reported_as_conforming_and_then_accepted(officer):
    await officer.lodge(await officer.sign(await officer.send()))
    await officer.returns.examine_pending()
    report = (await officer.call(Role.LEGAL_OFFICER, "GET", "signed-convention-report")).json()
    assert (report["outcome"], report["outcome_label"], report["problem"]) == ("conforming", "Conforme", None)
    (signature,) = report["signatures"]
    assert signature["organisation"] == "Bailleur d'essai"
    assert "Conclusion\u00a0: conforme." in report["text"]
    assert (await officer.check()).json()["state"] == "convention_signed"


async def test_the_report_reads_as_a_page_too(officer):
    await officer.lodge(page_rewritten(await officer.sign(await officer.send()), 1))
    await officer.returns.examine_pending()
    answer = await officer.call(Role.AUDITOR, "GET", "signed-convention-report/page")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Refusée" in answer.text
    assert "n°&nbsp;c-12" in answer.text
    assert "Bailleur d&#39;essai, SIREN 542065479" in answer.text
    assert "pages modifiées\u00a0: 1" in answer.text


async def test_a_scan_is_accepted_by_a_person_who_says_what_was_compared(officer):
    await officer.lodge(scanned_convention_pdf(await officer.send()))
    assert problem(await officer.check()) == "reason-required"
    assert (await officer.check("Chaque page comparée")).json()["state"] == "convention_signed"


async def test_there_is_no_report_before_a_return(officer):
    await officer.send()
    answer = await officer.call(Role.LEGAL_OFFICER, "GET", "signed-convention-report")
    assert problem(answer) == "not-found"
    assert problem(await officer.check("Vu")) == "signed-convention-unknown"


async def test_an_unknown_dossier_has_nothing_to_check(officer):
    assert problem(await officer.check("Vu")) == "not-found"


async def test_the_report_is_for_the_legal_officer_and_the_auditor(officer):
    for role in set(Role) - {Role.LEGAL_OFFICER, Role.AUDITOR}:
        assert (await officer.call(role, "GET", "signed-convention-report")).status_code == 403


async def test_what_als_signed_and_what_came_back_cannot_be_removed(officer):
    document = await officer.lodge(await officer.sign(await officer.send()))
    await officer.returns.examine_pending()
    engagement = await officer.engagements.engagement(DOSSIER)
    kept = engagement.documents
    for kind in (EngagementDocument.CONVENTION, EngagementDocument.PREMIUM_CALL, EngagementDocument.SIGNED_CONVENTION):
        with pytest.raises(Retained):
            await officer.objects.delete(kept[kind].object_key)
    assert kept[EngagementDocument.SIGNED_CONVENTION] == document


async def test_a_stored_return_that_was_exchanged_is_not_examined(officer, tmp_path):
    document = await officer.lodge(await officer.sign(await officer.send()))
    stored = tmp_path / "objects" / document.object_key
    stored.chmod(0o644)
    stored.write_bytes(b"%PDF-1.7 something else")
    with pytest.raises(DocumentAltered):
        await officer.returns.examine(DOSSIER, CAUSE)
    await officer.returns.examine_pending()
    assert (await officer.engagements.engagement(DOSSIER)).report is None


async def test_a_stored_paper_that_was_exchanged_is_not_served(officer, tmp_path):
    await officer.send()
    engagement = await officer.engagements.engagement(DOSSIER)
    stored = tmp_path / "objects" / engagement.documents[EngagementDocument.CONVENTION].object_key
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes().replace(b"%PDF-1", b"%PDF-2", 1))
    answer = await officer.call(Role.LEGAL_OFFICER, "GET", "documents/convention")
    assert (answer.status_code, problem(answer)) == (409, "document-altered")
    whole = await officer.call(Role.LEGAL_OFFICER, "GET", "documents/premium_call")
    assert whole.content.startswith(b"%PDF-1")


async def test_an_outage_of_the_store_is_awaited(officer, tmp_path):
    document = await officer.lodge(await officer.sign(await officer.send()))
    stored = tmp_path / "objects" / document.object_key
    content = stored.read_bytes()
    stored.unlink()
    stored.mkdir()
    with pytest.raises(Unavailable):
        await officer.returns.examine(DOSSIER, CAUSE)
    await officer.returns.examine_pending()
    stored.rmdir()
    stored.write_bytes(content)
    await officer.returns.examine_pending()
    assert (await officer.check()).is_success


async def test_the_person_who_checked_the_convention_gets_no_acte_out(officer, tmp_path):
    await officer.lodge(await officer.sign(await officer.send()))
    assert (await officer.check()).is_success
    await officer.journal.append(DOSSIER, lambda one: pay(one, received(PREMIUM_CENTS), NOW), CAUSE)
    await officer.record(screened(Purpose.ACTE))
    before = len(await officer.events())
    refused = await officer.call(Role.LEGAL_OFFICER, "POST", "acte")
    assert (refused.status_code, problem(refused)) == (409, "two-people-needed")
    assert len(await officer.events()) == before
    assert list((tmp_path / "bdt").iterdir()) == []


async def test_the_bdt_gets_the_acte_that_als_signed(officer, tmp_path):
    await officer.bring_to_acte()
    (transmitted,) = (tmp_path / "bdt").glob("*.pdf")
    assert transmitted.read_bytes() == await officer.kept(EngagementDocument.ACTE)
    (signature,) = PdfFileReader(io.BytesIO(transmitted.read_bytes())).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert "Action Logement Services" in signature.signer_cert.subject.human_friendly
