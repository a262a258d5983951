"""ALS signs with the key it is given, proves the moment when an authority is set, and says what is missing."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import ValidationContext

from deploy.demo.letters import supplement_pdf
from deploy.demo.operations import OPERATIONS
from deploy.local.authority import Authority
from shared.errors import Unavailable
from shared.signing import (
    REVOCATION_ASKED,
    BadKeyMaterial,
    Evidence,
    EvidenceMissing,
    KeyFiles,
    Seal,
    Token,
    certificates,
    revocation_lists,
)
from tests.stamping import stamping

AT = datetime(2024, 6, 3, 8, tzinfo=UTC)
STAMPED_AT = datetime(2024, 6, 3, 8, 0, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def paper() -> bytes:
    return supplement_pdf(OPERATIONS[0])


@pytest.fixture(scope="module")
def stamp_url(authority: Authority) -> Iterator[str]:
    with stamping(authority, STAMPED_AT) as url:
        yield url


async def signed(seal: Seal, paper: bytes) -> bytes:
    return await seal.sign(paper, at=AT, field="Caution", reason="Essai")


async def test_a_signature_is_appended_to_the_very_bytes_and_holds(authority, paper):
    pdf = await signed(Seal(authority.als), paper)
    assert pdf.startswith(paper)
    (found,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    trust = ValidationContext(trust_roots=certificates(authority.root), moment=AT)
    status = await async_validate_pdf_signature(found, trust)
    assert status.bottom_line
    assert found.self_reported_timestamp == AT
    assert status.timestamp_validity is None


async def test_a_time_stamp_authority_proves_the_moment(authority, paper, stamp_url):
    pdf = await signed(Seal(authority.als, stamp_url), paper)
    (found,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    trust = ValidationContext(trust_roots=certificates(authority.root), moment=AT)
    status = await async_validate_pdf_signature(found, trust)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.timestamp == STAMPED_AT
    assert status.timestamp_validity.trusted
    assert status.bottom_line


async def test_the_evidence_in_the_file_alone_shows_the_signature_to_hold(authority, paper, stamp_url):
    lists = authority.revocation_list(at=AT - timedelta(hours=1))
    pdf = await signed(Seal(authority.als, stamp_url, Evidence(authority.root, lists)), paper)
    assert pdf.startswith(paper)
    assert pdf.count(b"%%EOF") == paper.count(b"%%EOF") + 1, "nothing is appended after the signature"
    reader = PdfFileReader(io.BytesIO(pdf))
    kept = DocumentSecurityStore.read_dss(reader)
    trust = kept.as_validation_context(
        {"trust_roots": certificates(authority.root), "moment": AT, "revinfo_policy": REVOCATION_ASKED}
    )
    status = await async_validate_pdf_signature(reader.embedded_signatures[0], trust)
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert len(kept.crls) == 1


async def test_without_a_time_stamp_there_is_no_evidence_to_keep(authority, paper):
    seal = Seal(authority.als, None, Evidence(authority.root, authority.revocation_list(at=AT)))
    with pytest.raises(NoDSSFoundError):
        DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(await signed(seal, paper))))


def test_a_check_shows_that_the_evidence_holds_without_asking_for_a_stamp(authority):
    away = "http://127.0.0.1:9/"
    Seal(authority.als, away, Evidence(authority.root, authority.revocation_list(at=AT))).check(AT)
    revoked = authority.revocation_list(authority.als, at=AT - timedelta(hours=1))
    with pytest.raises(EvidenceMissing, match="listes de révocation"):
        Seal(authority.als, away, Evidence(authority.root, revoked)).check(AT)


@pytest.mark.parametrize("days", [-30, None], ids=["out of date", "none"])
async def test_evidence_that_shows_nothing_signs_nothing(authority, paper, stamp_url, tmp_path, days):
    lists = tmp_path if days is None else authority.revocation_list(at=AT + timedelta(days=days))
    with pytest.raises(BadKeyMaterial, match="listes de révocation"):
        await signed(Seal(authority.als, stamp_url, Evidence(authority.root, lists)), paper)


async def test_a_revoked_certificate_of_als_signs_nothing(authority, paper, stamp_url):
    lists = authority.revocation_list(authority.als, at=AT - timedelta(hours=1))
    with pytest.raises(BadKeyMaterial, match="listes de révocation"):
        await signed(Seal(authority.als, stamp_url, Evidence(authority.root, lists)), paper)


def test_revocation_lists_are_a_file_or_a_directory_that_may_hold_none_yet(authority, tmp_path):
    der = authority.revocation_list(at=AT)
    assert len(revocation_lists(der)) == 1
    assert revocation_lists(tmp_path) == []
    (tmp_path / "first.crl").write_bytes(der.read_bytes())
    (tmp_path / "second.pem").write_bytes(x509.load_der_x509_crl(der.read_bytes()).public_bytes(Encoding.PEM))
    assert len(revocation_lists(tmp_path)) == 2
    (tmp_path / "third.crl").write_bytes(b"nothing")
    with pytest.raises(BadKeyMaterial, match="illisibles"):
        revocation_lists(tmp_path)


async def test_an_authority_that_is_away_is_awaited(authority, paper):
    with pytest.raises(Unavailable):
        await signed(Seal(authority.als, "http://127.0.0.1:1/"), paper)


async def test_a_key_may_be_protected_by_a_passphrase(authority, paper, tmp_path):
    key = serialization.load_pem_private_key(authority.als.key.read_bytes(), password=None)
    protected = tmp_path / "protected.pem"
    protected.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a secret"),
        )
    )
    opened = KeyFiles(protected, authority.als.certificate, authority.root, b"a secret")
    assert await signed(Seal(opened), paper)
    with pytest.raises(BadKeyMaterial, match="illisible"):
        Seal(KeyFiles(protected, authority.als.certificate, None, b"another")).check(AT)


@pytest.mark.parametrize("other", ["same-kind", "another-kind"])
async def test_a_key_of_another_certificate_signs_nothing(authority, paper, other):
    keys = authority.issue(other, "Un autre", "900000118", time_stamping=other == "another-kind")
    mixed = Seal(KeyFiles(keys.key, authority.als.certificate))
    with pytest.raises(BadKeyMaterial, match="n'est pas celle du certificat"):
        await signed(mixed, paper)
    with pytest.raises(BadKeyMaterial, match="n'est pas celle du certificat"):
        mixed.check(AT)


@dataclass(frozen=True, slots=True)
class Mixed:
    """A token that holds a key and another one's certificate: nothing tells before it signs."""

    key: KeyFiles
    certificate: KeyFiles

    @contextmanager
    def signer(self) -> Iterator[Signer]:
        loaded = SimpleSigner.load(str(self.key.key), str(self.certificate.certificate))
        assert loaded is not None
        yield loaded


async def test_a_signature_that_does_not_hold_is_not_given_out(authority, paper):
    seal = Seal(Mixed(authority.issue("mixed", "Un autre", "900000118"), authority.als))
    with pytest.raises(BadKeyMaterial, match="ne tient pas"):
        await signed(seal, paper)
    with pytest.raises(BadKeyMaterial, match="ne tient pas"):
        await asyncio.to_thread(seal.check, AT)


@pytest.mark.parametrize(("days", "holds"), [(0, True), (-1, False), (31, False)])
async def test_a_certificate_signs_within_its_validity_only(authority, paper, days, holds):
    keys = authority.issue("june", "Juin", "900000118", not_before=AT, not_after=AT + timedelta(days=30))
    seal, at = Seal(keys), AT + timedelta(days=days)
    if holds:
        await asyncio.to_thread(seal.check, at)
        assert await seal.sign(paper, at=at, field="Caution", reason="Essai")
        return
    with pytest.raises(BadKeyMaterial, match="valable que du 03/06/2024 au 03/07/2024"):
        await seal.sign(paper, at=at, field="Caution", reason="Essai")
    with pytest.raises(BadKeyMaterial, match="valable que du"):
        await asyncio.to_thread(seal.check, at)


async def test_the_key_is_checked_without_the_time_stamp_authority(authority):
    await asyncio.to_thread(Seal(authority.als, "http://127.0.0.1:1/").check, AT)


def test_a_missing_file_is_named(authority, tmp_path):
    missing = tmp_path / "missing.pem"
    with pytest.raises(BadKeyMaterial, match=r"introuvable : .*missing\.pem"):
        Seal(KeyFiles(missing, authority.als.certificate)).check(AT)


def test_a_token_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyhanko.sign.pkcs11", None)
    with pytest.raises(BadKeyMaterial, match="python-pkcs11"):
        Seal(Token(Path("/usr/lib/token.so"), "als", "signature")).check(AT)


def test_trust_roots_are_a_file_or_a_directory(authority, tmp_path):
    assert len(certificates(authority.root)) == 1
    (tmp_path / "first.pem").write_bytes(authority.root.read_bytes())
    (tmp_path / "second.crt").write_bytes(authority.als.certificate.read_bytes())
    (tmp_path / "notes.txt").write_text("not a certificate")
    assert len(certificates(tmp_path)) == 2


def test_trust_roots_that_hold_no_certificate_are_named(tmp_path):
    with pytest.raises(BadKeyMaterial, match="aucun certificat"):
        certificates(tmp_path)
    (tmp_path / "wrong.pem").write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    with pytest.raises(BadKeyMaterial, match="illisibles"):
        certificates(tmp_path)


def test_the_log_names_no_signer():
    script = (
        "import logging; from shared.telemetry import configure; configure('contracting', None); "
        "logging.getLogger('pyhanko.sign.validation').warning('Unable to validate Common Name: Durand'); "
        "logging.getLogger('another').warning('heard')"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("heard\n", "")
