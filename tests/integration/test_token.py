"""ALS's key in a real PKCS#11 token, SoftHSM's: a convention is signed with it and holds, and outages are named."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.local.authority import Authority
from services.contracting.documents import render_acte
from services.contracting.domain.returned import Outcome, faults_of, outcome_of
from services.contracting.papers import ALS_FIELD, Papers
from services.contracting.settings import ContractingSettings
from services.contracting.signatures.examination import Examiner
from services.contracting.signatures.keys import check_keys, seal
from shared.errors import Unavailable
from shared.objects import DirectoryObjects
from shared.signing import KeyFiles, Seal
from tests.unit.contracting.returned_files import NAME, SIREN, TERMS, engagement
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.stationery import GUARANTOR, PAYEE

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install 'pyhanko[pkcs11]'")
pytestmark = pytest.mark.real

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
TOKEN, LABEL, PIN = "als", "signature", "123456"
COMMAND_SECONDS = 30
RECEIVED = datetime(2024, 6, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def module() -> str:
    found = next((one for one in MODULES if Path(one).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: apt-get install softhsm2")
    return found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def token(module: str, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token that holds the key of ALS's certificate and the certificate; its driver is read once a process."""
    folder = tmp_path_factory.mktemp("token")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        _softhsm("--init-token", "--free", "--label", TOKEN, "--so-pin", "654321", "--pin", PIN)
        _softhsm("--import", str(authority.als.key), "--token", TOKEN, "--label", LABEL, "--id", "01", "--pin", PIN)
        _keep_certificate(module, authority.als)
        yield module


def _softhsm(*arguments: str) -> None:
    done = subprocess.run(
        ["softhsm2-util", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _keep_certificate(module: str, keys: KeyFiles) -> None:
    """SoftHSM's command imports keys only."""
    der = x509.load_pem_x509_certificate(keys.certificate.read_bytes()).public_bytes(Encoding.DER)
    attributes = pkcs11.util.x509.decode_x509_certificate(der)
    attributes |= {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: LABEL, pkcs11.Attribute.ID: b"\x01"}
    with pkcs11.lib(module).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
        session.create_object(attributes)


@pytest.fixture
def settings(token: str, authority: Authority, monkeypatch: pytest.MonkeyPatch):
    """The service's settings from its environment, changed by `given`."""

    def made(**given: str) -> ContractingSettings:
        environment = {
            "environment": "local",
            "http_port": "1",
            "mongo_url": "mongodb://localhost",
            "kafka_bootstrap": "localhost",
            "oidc_issuer": "http://localhost",
            "objects_directory": "/nowhere",
            "bdt_directory": "/nowhere",
            "payee_iban": PAYEE.iban,
            "pkcs11_module": token,
            "pkcs11_token": TOKEN,
            "pkcs11_label": LABEL,
            "pkcs11_pin": PIN,
            "trust_roots": str(authority.root),
        }
        for name, value in (environment | given).items():
            monkeypatch.setenv(f"ALS_{name.upper()}", value)
        return ContractingSettings()  # pyright: ignore[reportCallIssue] (the environment gives what it needs)

    return made


async def test_a_convention_signed_with_the_key_in_the_token_comes_back_conforming(settings, authority, tmp_path):
    known = settings()
    await asyncio.to_thread(check_keys, known, NOW)
    objects = DirectoryObjects(tmp_path)
    papers = Papers(objects, seal(known), PAYEE, GUARANTOR)
    kept, _ = await papers.convention(engagement(), TERMS)
    sent = await objects.read(kept.object_key)
    bailleur = Seal(authority.issue("bailleur", NAME, SIREN))
    returned = await bailleur.sign(sent, at=NOW, field="Bailleur", reason="Signature du bailleur")
    findings = await Examiner(authority.root).examine(sent, returned, RECEIVED)
    submitted = engagement().submitted
    assert submitted is not None
    faults = faults_of(findings, submitted.bailleur)
    assert (findings.seal_intact, faults, outcome_of(findings, faults)) == (True, (), Outcome.CONFORMING)


async def test_what_the_token_signed_names_als_below_the_trust_root(settings, authority):
    paper = await render_acte(engagement(), NOW, GUARANTOR)
    signed = await seal(settings()).sign(paper, at=NOW, field=ALS_FIELD, reason="Essai")
    findings = await Examiner(authority.root).examine(paper, signed, RECEIVED)
    (found,) = findings.signatures
    assert found.intact
    assert found.trusted
    assert found.identifiers == ("NTRFR-900000100",)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"pkcs11_pin": "000000"}, "refuse son code"),
        ({"pkcs11_label": "autre"}, "n'a pas une clé et un certificat « autre »"),
    ],
)
def test_a_setting_that_the_token_refuses_stops_the_service_before_it_locks_the_token(settings, wrong, reason, capsys):
    with pytest.raises(SystemExit) as stopped:
        check_keys(settings(**wrong), NOW)
    assert stopped.value.code == 78
    assert "Réglage ALS_PKCS11_MODULE" in (said := capsys.readouterr().err)
    assert reason in said


def test_a_token_that_is_away_is_awaited(settings):
    known = settings(pkcs11_token="autre")
    check_keys(known, NOW)
    with pytest.raises(Unavailable) as said:
        seal(known).check(NOW)
    assert said.value.component == "signature"


async def test_signatures_asked_for_at_once_all_hold(settings):
    paper, asked = await render_acte(engagement(), NOW, GUARANTOR), seal(settings())
    signed = await asyncio.gather(*(asked.sign(paper, at=NOW, field=ALS_FIELD, reason="Essai") for _ in range(8)))
    assert all(one.startswith(paper) and len(one) > len(paper) for one in signed)
