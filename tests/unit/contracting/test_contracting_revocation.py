"""Whether a bailleur's certificate was revoked when its return was received, and what that makes of the return."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.authority import Authority
from services.contracting.domain.returned import (
    Fault,
    Findings,
    Outcome,
    Revocation,
    RevocationPolicy,
    SignedReturnExamined,
    faults_of,
    outcome_of,
)
from services.contracting.report import sentences
from services.contracting.signatures.examination import Examiner
from shared.signing import Evidence, Seal
from tests.stamping import stamping
from tests.unit.contracting.returned_files import NAME, SIREN, Files, files_below
from tests.unit.contracting.samples import DOSSIER, NOW, submitted

RECEIVED = NOW + timedelta(hours=2)
HOUR = timedelta(hours=1)
OFF, SOFT, REQUIRE = RevocationPolicy


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return asyncio.run(files_below(tmp_path_factory.mktemp("authority")))


async def examined(files: Files, policy: RevocationPolicy, lists: Path | None, returned: bytes = b"") -> Findings:
    return await Examiner(files.authority.root, policy, lists).examine(
        files.sent, returned or await files.signed(), RECEIVED
    )


def concluded(findings: Findings) -> tuple[Outcome, tuple[Fault, ...]]:
    faults = faults_of(findings, submitted().bailleur)
    return outcome_of(findings, faults), faults


def told(findings: Findings) -> str:
    outcome, faults = concluded(findings)
    report = SignedReturnExamined(
        dossier_id=DOSSIER,
        document_id="signed-1",
        outcome=outcome,
        faults=faults,
        findings=findings,
        received_at=RECEIVED,
        examined_at=RECEIVED,
    )
    return " ".join(sentences(report))


def revocation(findings: Findings) -> Revocation:
    (signature,) = findings.signatures
    return signature.revocation


async def test_where_it_is_not_asked_for_the_report_says_so(files):
    revoked = files.authority.revocation_list(files.keys(), at=NOW - HOUR)
    findings = await examined(files, OFF, revoked)
    assert (revocation(findings), concluded(findings)) == (Revocation.NOT_ASKED, (Outcome.CONFORMING, ()))
    assert "révocation du certificat non contrôlée" in told(findings)


@pytest.mark.parametrize("policy", [SOFT, REQUIRE])
async def test_a_certificate_that_a_list_in_force_does_not_name_conforms(files, policy):
    findings = await examined(files, policy, files.authority.revocation_list(at=NOW - HOUR))
    assert (revocation(findings), concluded(findings)) == (Revocation.GOOD, (Outcome.CONFORMING, ()))
    assert "certificat non révoqué à la réception" in told(findings)


@pytest.mark.parametrize("policy", [SOFT, REQUIRE])
async def test_a_certificate_revoked_before_the_receipt_refuses_the_return(files, policy):
    findings = await examined(files, policy, files.authority.revocation_list(files.keys(), at=NOW - HOUR))
    assert concluded(findings) == (Outcome.REFUSED, (Fault.CERTIFICATE_REVOKED,))
    assert "Un certificat de signature était révoqué à la réception." in told(findings)


async def test_a_certificate_revoked_after_the_receipt_was_good(files):
    later = files.authority.revocation_list(files.keys(), at=RECEIVED + HOUR)
    findings = await examined(files, REQUIRE, later)
    assert (revocation(findings), concluded(findings)[0]) == (Revocation.GOOD, Outcome.CONFORMING)


@pytest.mark.parametrize("lists", ["none", "out of date", "another authority's"])
async def test_what_no_list_tells_is_unknown_and_only_a_strict_policy_asks_a_person(files, tmp_path, lists):
    path = {
        "none": lambda: tmp_path,
        "out of date": lambda: files.authority.revocation_list(at=NOW - timedelta(days=30)),
        "another authority's": lambda: Authority(tmp_path).revocation_list(at=NOW - HOUR),
    }[lists]()
    for policy, outcome in ((SOFT, Outcome.CONFORMING), (REQUIRE, Outcome.FOR_A_PERSON)):
        findings = await examined(files, policy, path)
        assert (revocation(findings), concluded(findings)) == (Revocation.UNKNOWN, (outcome, ()))
        assert "révocation du certificat INCONNUE" in told(findings)


async def test_the_evidence_a_bailleur_signed_with_is_read_from_the_file(files, tmp_path):
    evidence = Evidence(files.authority.root, files.authority.revocation_list(at=NOW - HOUR))
    with stamping(files.authority, NOW) as url:
        seal = Seal(files.keys(), url, evidence)
        returned = await seal.sign(files.sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    findings = await examined(files, REQUIRE, tmp_path, returned)
    assert (revocation(findings), concluded(findings)[0]) == (Revocation.GOOD, Outcome.CONFORMING)


async def test_evidence_in_the_file_does_not_hide_a_later_revocation(files):
    evidence = Evidence(files.authority.root, files.authority.revocation_list(at=NOW - 2 * HOUR))
    with stamping(files.authority, NOW) as url:
        seal = Seal(files.keys(), url, evidence)
        returned = await seal.sign(files.sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    revoked = files.authority.revocation_list(files.keys(), at=NOW - HOUR)
    assert revocation(await examined(files, SOFT, revoked, returned)) is Revocation.REVOKED


async def test_a_certificate_nobody_trusts_is_not_asked_about(files, tmp_path):
    returned = await files.signed(keys=Authority(tmp_path).issue("unknown", NAME, SIREN))
    findings = await examined(files, REQUIRE, files.authority.revocation_list(at=NOW - HOUR), returned)
    assert revocation(findings) is Revocation.NOT_ASKED
    assert concluded(findings) == (Outcome.REFUSED, (Fault.CERTIFICATE_UNTRUSTED,))


async def test_a_stamp_does_not_hide_that_an_expired_certificate_was_revoked(files):
    keys = files.keys(not_after=NOW + HOUR)
    with stamping(files.authority, NOW) as url:
        returned = await Seal(keys, url).sign(files.sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    listed = files.authority.revocation_list(keys, at=NOW + HOUR / 2)
    assert concluded(await examined(files, SOFT, listed, returned)) == (Outcome.REFUSED, (Fault.CERTIFICATE_REVOKED,))
    good = files.authority.revocation_list(at=NOW - HOUR)
    findings = await examined(files, REQUIRE, good, returned)
    assert concluded(findings) == (Outcome.CONFORMING, ())
    assert "en cours de validité à l'horodatage" in told(findings)
