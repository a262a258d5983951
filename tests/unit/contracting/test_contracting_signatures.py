"""What a returned file is found to hold, on real files: sound ones, and each way they can be wrong."""

import asyncio
import io
from datetime import UTC, datetime, timedelta

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from deploy.demo.letters import scanned_convention_pdf
from deploy.local.authority import Authority
from services.contracting.domain.returned import Fault, Findings, Outcome, PageState, faults_of, outcome_of
from services.contracting.signatures.examination import Examiner
from shared.signing import Box, Seal
from shared.uploads import PDF, inspect
from tests.stamping import stamping
from tests.unit.contracting.returned_files import (
    NAME,
    SIREN,
    Files,
    annotated,
    drawn_upon,
    field_moved,
    files_below,
    last_signature_broken,
    page_rewritten,
    saved_anew,
    scanned_with_text,
    signed_over,
    with_page_of,
    with_picture,
    within_a_form,
    without_page,
)
from tests.unit.contracting.samples import NOW, submitted

RECEIVED = NOW + timedelta(hours=2)
SAME = (PageState.SAME, PageState.SAME)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return asyncio.run(files_below(tmp_path_factory.mktemp("authority")))


async def examine(files: Files, returned: bytes, at: datetime = RECEIVED) -> Findings:
    return await Examiner(files.authority.root).examine(files.sent, returned, at)


async def concluded(files: Files, returned: bytes, at: datetime = RECEIVED) -> tuple[Outcome, tuple[Fault, ...]]:
    findings = await examine(files, returned, at)
    faults = faults_of(findings, submitted().bailleur)
    return outcome_of(findings, faults), faults


def states(findings: Findings) -> tuple[PageState, ...]:
    return tuple(page.state for page in findings.pages)


async def test_a_convention_signed_on_the_file_that_was_sent_conforms(files):
    returned = await files.signed()
    findings = await examine(files, returned)
    assert (findings.incremental, findings.seal_intact, states(findings)) == (True, True, SAME)
    (signature,) = findings.signatures
    assert (signature.organisation, signature.identifiers) == (NAME, (f"NTRFR-{SIREN}",))
    assert (signature.signed_at, signature.timestamped) == (NOW, False)
    assert await concluded(files, returned) == (Outcome.CONFORMING, ())


async def test_the_bailleur_signs_in_the_field_that_waits_on_the_last_page(files):
    before, after = (PdfFileReader(io.BytesIO(pdf)) for pdf in (files.sent, await files.signed()))
    assert [one.field_name for one in before.embedded_signatures] == ["Caution"]
    assert [one.field_name for one in after.embedded_signatures] == ["Caution", "Bailleur"]


async def test_two_representatives_may_sign(files):
    returned = await files.signed(await files.signed(), field="Seconde")
    assert len((await examine(files, returned)).signatures) == 2
    assert await concluded(files, returned) == (Outcome.CONFORMING, ())


async def test_a_scan_is_for_a_person(files):
    returned = scanned_convention_pdf(files.sent)
    findings = await examine(files, returned)
    assert states(findings) == (PageState.MARKED, PageState.MARKED)
    assert await concluded(files, returned) == (Outcome.FOR_A_PERSON, ())


async def test_an_electronic_signature_on_a_file_saved_anew_is_for_a_person(files):
    assert await concluded(files, await files.signed(saved_anew(files.unsigned))) == (Outcome.FOR_A_PERSON, ())


async def test_one_broken_signature_of_two_refuses_the_return(files):
    returned = last_signature_broken(await files.signed(await files.signed(), field="Seconde"))
    findings = await examine(files, returned)
    assert [one.intact for one in findings.signatures] == [True, False]
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.SIGNATURE_BROKEN,))


async def test_content_added_after_the_signature_refuses_the_return(files):
    outcome, faults = await concluded(files, drawn_upon(await files.signed()))
    assert outcome is Outcome.REFUSED
    assert faults == (Fault.CONVENTION_ALTERED, Fault.CHANGED_AFTER_SIGNATURE)


async def test_content_added_before_the_bailleur_signs_refuses_the_return(files):
    returned = await files.signed(drawn_upon(files.sent, page=1))
    findings = await examine(files, returned)
    assert not findings.seal_intact
    assert findings.numbers(PageState.CHANGED) == (2,)
    assert (await concluded(files, returned))[0] is Outcome.REFUSED


@pytest.mark.parametrize("anew", [False, True], ids=["as-sent", "saved-anew"])
async def test_the_right_text_without_a_signature_is_signed_by_nobody(files, anew):
    returned = saved_anew(files.unsigned) if anew else files.sent
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.SIGNATURE_MISSING,))


async def test_a_signature_field_drawn_over_the_text_refuses_the_return(files):
    returned = await asyncio.to_thread(signed_over, files, Box(60, 300, 540, 420), field="Autre")
    findings = await examine(files, returned)
    assert (findings.incremental, findings.seal_intact) == (True, True)
    assert findings.numbers(PageState.CHANGED) == (1,)
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.CONVENTION_ALTERED,))


async def test_the_bailleurs_field_stays_where_it_was_sent(files):
    stretched = field_moved(files.sent, Box(28, 75, 523, 700))
    assert states(await examine(files, stretched)) == (PageState.SAME, PageState.CHANGED)


@pytest.mark.parametrize("rectangle", [(), ("left", "bottom", "right", "top"), (1,)], ids=["empty", "words", "short"])
async def test_a_field_without_a_readable_place_is_no_field_of_the_convention(files, rectangle):
    findings = await examine(files, field_moved(files.sent, rectangle))
    assert findings.numbers(PageState.CHANGED) == (1,)


async def test_an_expired_certificate_refuses_the_return(files):
    keys = files.keys(not_after=datetime(2024, 6, 3, 9, tzinfo=UTC))
    returned = await files.signed(keys=keys)
    assert await concluded(files, returned, NOW + timedelta(minutes=30)) == (Outcome.CONFORMING, ())
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.CERTIFICATE_EXPIRED,))


@pytest.mark.parametrize(
    ("stamped_at", "expected"),
    [
        (NOW, (Outcome.CONFORMING, ())),
        (RECEIVED - timedelta(seconds=1), (Outcome.REFUSED, (Fault.CERTIFICATE_EXPIRED,))),
        (RECEIVED + timedelta(seconds=1), (Outcome.REFUSED, (Fault.CERTIFICATE_EXPIRED,))),
    ],
    ids=["while-valid", "once-expired", "after-the-receipt"],
)
async def test_a_stamp_before_the_receipt_says_when_the_certificate_is_judged(files, stamped_at, expected):
    keys = files.keys(not_after=NOW + timedelta(hours=1))
    with stamping(files.authority, stamped_at) as url:
        returned = await Seal(keys, url).sign(files.sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    assert await concluded(files, returned) == expected
    (found,) = (await examine(files, returned)).signatures
    assert (found.timestamped, found.judged_at_stamp) == (True, stamped_at <= RECEIVED)


async def test_a_stamp_later_than_the_receipt_does_not_make_a_certificate_valid(files):
    keys = files.authority.issue("later", NAME, SIREN, not_before=RECEIVED, not_after=RECEIVED + timedelta(hours=9))
    with stamping(files.authority, RECEIVED + timedelta(hours=1)) as url:
        seal = Seal(keys, url)
        returned = await seal.sign(files.sent, at=RECEIVED + timedelta(hours=1), field="Bailleur", reason="Signature")
    before = RECEIVED - timedelta(hours=1)
    assert await concluded(files, returned, before) == (Outcome.REFUSED, (Fault.CERTIFICATE_EXPIRED,))


async def test_a_stamp_of_an_authority_nobody_trusts_proves_no_moment(files, tmp_path):
    keys = files.keys(not_after=NOW + timedelta(hours=1))
    with stamping(Authority(tmp_path), NOW) as url:
        returned = await Seal(keys, url).sign(files.sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.CERTIFICATE_EXPIRED,))


async def test_a_certificate_of_another_name_refuses_the_return(files):
    returned = await files.signed(keys=files.keys("Un autre bailleur", "900000100"))
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.CERTIFICATE_OF_ANOTHER_NAME,))


async def test_a_certificate_of_another_authority_refuses_the_return(files, tmp_path):
    returned = await files.signed(keys=Authority(tmp_path).issue("unknown", NAME, SIREN))
    assert await concluded(files, returned) == (Outcome.REFUSED, (Fault.CERTIFICATE_UNTRUSTED,))


@pytest.mark.parametrize("number", [1, 2])
async def test_a_changed_page_is_named(files, number):
    returned = page_rewritten(files.unsigned, number)
    findings = await examine(files, await files.signed(returned))
    assert findings.numbers(PageState.CHANGED) == (number,)
    assert Fault.CONVENTION_ALTERED in (await concluded(files, returned))[1]


async def test_a_missing_and_an_added_page_are_named(files):
    assert states(await examine(files, without_page(files.unsigned, 2))) == (PageState.SAME, PageState.MISSING)
    added = with_page_of(files.unsigned, files.unsigned)
    assert states(await examine(files, added)) == (*SAME, PageState.ADDED)
    annexed = with_page_of(files.unsigned, scanned_convention_pdf(files.sent))
    assert states(await examine(files, annexed)) == (*SAME, PageState.ADDED)
    assert await concluded(files, await files.signed(annexed)) == (Outcome.REFUSED, (Fault.CONVENTION_ALTERED,))


@pytest.mark.parametrize("inside", [False, True], ids=["on-the-page", "within-a-form"])
async def test_a_picture_of_a_signature_is_for_a_person(files, inside):
    returned = with_picture(files.unsigned, inside=inside)
    assert states(await examine(files, returned)) == (PageState.SAME, PageState.MARKED)
    assert await concluded(files, returned) == (Outcome.FOR_A_PERSON, ())


@pytest.mark.parametrize("framed", [False, True], ids=["on-the-page", "within-a-form"])
async def test_a_picture_does_not_hide_a_changed_text(files, framed):
    changed = page_rewritten(files.unsigned, 2)
    returned = with_picture(within_a_form(changed, 2) if framed else changed, inside=False)
    assert states(await examine(files, returned)) == (PageState.SAME, PageState.CHANGED)
    assert (await concluded(files, returned))[0] is Outcome.REFUSED


async def test_the_same_text_from_within_a_form_and_a_picture_are_for_a_person(files):
    returned = with_picture(within_a_form(files.unsigned, 2), inside=False)
    assert await concluded(files, returned) == (Outcome.FOR_A_PERSON, ())


async def test_the_recognised_text_of_a_scan_is_not_compared(files):
    returned = scanned_with_text(scanned_convention_pdf(files.sent))
    assert await concluded(files, returned) == (Outcome.FOR_A_PERSON, ())


async def test_a_stamp_is_a_mark_and_a_link_is_none(files):
    assert states(await examine(files, annotated(files.unsigned, "/Stamp"))) == (PageState.SAME, PageState.MARKED)
    assert states(await examine(files, annotated(files.unsigned, "/Link"))) == SAME


async def test_a_signature_of_a_kind_that_cannot_be_judged_is_a_broken_one(files):
    judged = b"/SubFilter /ETSI.CAdES.detached"
    before, _, after = (await files.signed()).rpartition(judged)
    unjudged = before + b"/SubFilter /ETSI.RFC3161       " + after
    assert (await concluded(files, unjudged))[1][0] is Fault.SIGNATURE_BROKEN


async def test_a_file_that_is_no_pdf_is_no_convention(files):
    findings = await examine(files, b"%PDF-1.7 and nothing else")
    assert findings.numbers(PageState.CHANGED) == (1,)
    assert not findings.incremental


async def test_a_signature_that_cannot_be_read_is_a_broken_one(files):
    signed = await files.signed()
    start = signed.rindex(b"/Contents <") + len(b"/Contents <")
    unreadable = signed[:start] + b"00" * 40 + signed[start + 80 :]
    assert (await concluded(files, unreadable))[1][0] is Fault.SIGNATURE_BROKEN


async def test_the_seal_of_als_is_not_a_signature_of_the_bailleur(files):
    returned = await files.signed(keys=files.authority.als)
    assert (await examine(files, returned)).signatures == ()


async def test_a_signed_pdf_passes_the_inspection_of_uploads(files, tmp_path):
    upload = tmp_path / "signed.pdf"
    upload.write_bytes(await files.signed())
    assert inspect(upload, PDF).pages == 2
