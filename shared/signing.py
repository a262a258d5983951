"""Electronic signatures on what is printed: PAdES by pyHanko, keys from files or from a PKCS#11 token."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

import pikepdf
from asn1crypto import crl
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from cryptography.x509 import load_der_x509_crl, load_pem_x509_crl
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer, SimpleSigner
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, PdfSigningSession, SigDSSPlacementPreference
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy

from shared.errors import Unavailable
from shared.stamp import stamp

DIGEST = "sha256"
TIMESTAMP_SECONDS = 10
LAST_PAGE = -1
PIN_REFUSED = ("PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "PinLocked")
# A token knows one login a process, which the first session to close ends for all: they take turns.
ONE_LOGIN = Lock()
# Certificates for signing documents state either usage, by age and country.
SIGNING_USAGES = {"non_repudiation", "digital_signature"}
# The signature covers the evidence it comes with, and nothing is appended after it.
IN_ONE_REVISION = DSSContentSettings(include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE)
# A list published after the moment that counts says what was revoked by then as well as one before it.
REVOCATION_ASKED = CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True)


class BadKeyMaterial(Exception):
    """The key, its certificate or the token cannot be used; the message says which, never what they hold."""


class EvidenceMissing(BadKeyMaterial):
    """The revocation lists do not show that a certificate holds."""


class Box(NamedTuple):
    """A rectangle on a page, in points from its lower left corner."""

    left: int
    bottom: int
    right: int
    top: int


class Keys(Protocol):
    """Where a signing key is."""

    def signer(self) -> AbstractContextManager[Signer]:
        """A signer while the context is open. Raises: BadKeyMaterial, Unavailable("signature")."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """PEM or DER files. `chain` holds the intermediate certificates that go into each signature."""

    key: Path
    certificate: Path
    chain: Path | None = None
    passphrase: bytes | None = None

    @contextmanager
    def signer(self) -> Iterator[Signer]:
        for path in (self.key, self.certificate, self.chain):
            if path is not None and not path.is_file():
                raise BadKeyMaterial(f"fichier introuvable : {path}")
        chain = (str(self.chain),) if self.chain else None
        loaded = SimpleSigner.load(str(self.key), str(self.certificate), chain, self.passphrase)
        if loaded is None:
            raise BadKeyMaterial(f"clé ou certificat illisible : {self.key}, {self.certificate}")
        certificate = loaded.signing_cert
        public = load_der_private_key(loaded.signing_key.dump(), None).public_key()
        if certificate is None or public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != (
            certificate.public_key.dump()
        ):
            raise BadKeyMaterial(f"la clé n'est pas celle du certificat : {self.key}, {self.certificate}")
        yield loaded


@dataclass(frozen=True, slots=True)
class Token:
    """A key that never leaves its PKCS#11 token; needs the package python-pkcs11 (docs/adr/0011).

    The hash is made outside: some tokens know the bare mechanism of their keys only. A refused PIN is a setting to
    correct, never an outage to wait for: trying it again would lock the token.
    """

    module: Path
    token: str
    label: str
    pin: str | None = None

    @contextmanager
    def signer(self) -> Iterator[Signer]:
        try:
            from pyhanko.config.pkcs11 import TokenCriteria
            from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
        except ImportError as error:
            raise BadKeyMaterial("le paquet python-pkcs11 n'est pas installé") from error
        errors = import_module("pkcs11.exceptions")
        refused = tuple(getattr(errors, name) for name in PIN_REFUSED)
        wanted = TokenCriteria(self.token)
        try:
            with ONE_LOGIN, open_pkcs11_session(str(self.module), token_criteria=wanted, user_pin=self.pin) as session:
                signer = PKCS11Signer(session, cert_label=self.label, key_label=self.label, use_raw_mechanism=True)
                yield self._loaded(signer, errors.PKCS11Error)
        except refused as error:
            raise BadKeyMaterial(f"le jeton « {self.token} » refuse son code") from error
        except errors.PKCS11Error as error:
            raise Unavailable("signature") from error

    def _loaded(self, signer: Signer, error: type[Exception]) -> Signer:
        """The signer with its certificate and a handle of its key."""
        try:
            assert signer.signing_cert is not None
        except error as missing:
            if type(missing) is not error:  # pyHanko says in person that it finds none; the token's own are narrower
                raise
            raise BadKeyMaterial(f"le jeton n'a pas une clé et un certificat « {self.label} »") from missing
        return signer


class _SignerAt(PdfSigner):
    """Signs at a given moment rather than at the machine's."""

    def __init__(self, at: datetime, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._at = at

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._at
        return session


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a certificate held: the roots it leads to and the revocation lists below them, files or
    directories. They are read at each signature, so that renewing them needs no restart.
    """

    trust_roots: Path
    lists: Path

    def at(self, moment: datetime) -> ValidationContext:
        """Raises: BadKeyMaterial."""
        roots, lists = certificates(self.trust_roots), revocation_lists(self.lists)
        return ValidationContext(trust_roots=roots, crls=lists, moment=moment, revinfo_policy=REVOCATION_ASKED)


@dataclass(frozen=True, slots=True)
class Seal:
    """Signs as its certificate's holder. With `timestamp_url` an RFC 3161 authority proves the moment (PAdES B-T).

    With `evidence` too, the certificates and lists that show both to hold go into the file (PAdES B-LT).
    """

    keys: Keys
    timestamp_url: str | None = None
    evidence: Evidence | None = None

    async def sign(
        self, pdf: bytes, *, at: datetime, field: str, reason: str, next_field: tuple[str, Box] | None = None
    ) -> bytes:
        """The PDF with a signature appended, and with `next_field` an empty one for who signs after, on the last page.

        Raises: Unavailable("signature") when the token or the time stamp authority does not answer; BadKeyMaterial,
        also when the certificate is not in validity at `at` or when the signature made does not hold; EvidenceMissing.
        """
        assert at.tzinfo is not None, "an aware moment"
        evidence = self.evidence if self.timestamp_url else None
        return await asyncio.to_thread(
            self._sign, pdf, at.astimezone(UTC), field, reason, next_field, self.timestamp_url, evidence
        )

    def check(self, at: datetime) -> None:
        """Whether a signature made at `at` would hold: one is made, with its evidence, without a time stamp. Blocking.

        Raises: BadKeyMaterial, EvidenceMissing, Unavailable.
        """
        self._sign(_blank(), at.astimezone(UTC), "Essai", "Essai", None, None, self.evidence)

    def _sign(
        self,
        pdf: bytes,
        at: datetime,
        field: str,
        reason: str,
        next_field: tuple[str, Box] | None,
        timestamp_url: str | None,
        evidence: Evidence | None,
    ) -> bytes:
        lasting = evidence.at(at) if evidence else None
        meta = PdfSignatureMetadata(
            field_name=field,
            md_algorithm=DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            embed_validation_info=lasting is not None,
            validation_context=lasting,
            dss_settings=IN_ONE_REVISION,
            signer_key_usage=set(),  # the usage a certificate states is its readers' to judge
        )
        stamper = HTTPTimeStamper(timestamp_url, timeout=TIMESTAMP_SECONDS) if timestamp_url else None
        # An object begins on a line of its own (ISO 19005-2, 6.1.9); what typst prints ends without one.
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf if pdf.endswith(b"\n") else pdf + b"\n"), strict=False)
        if next_field is not None:
            name, box = next_field
            append_signature_field(writer, SigFieldSpec(name, LAST_PAGE, box, empty_field_appearance=True))
        out = io.BytesIO()
        with self.keys.signer() as signer:
            _check_validity(signer, at)
            try:
                with stamp(writer, field, signer.subject_name or "", at) as shown:
                    _SignerAt(at, meta, signer, timestamper=stamper, stamp_style=shown).sign_pdf(writer, output=out)
            except TimestampRequestError as error:
                raise Unavailable("signature") from error
            except (SigningError, ValidationError) as error:
                raise EvidenceMissing("les listes de révocation ne montrent pas que les certificats valent") from error
        signed = out.getvalue()
        _check_signature(signed, at)
        return signed


def _check_validity(signer: Signer, at: datetime) -> None:
    certificate = signer.signing_cert
    if certificate is None:
        raise BadKeyMaterial("le certificat de signature est introuvable")
    first, last = certificate.not_valid_before, certificate.not_valid_after
    if not first <= at <= last:
        raise BadKeyMaterial(f"le certificat de signature n'est valable que du {first:%d/%m/%Y} au {last:%d/%m/%Y}")


def _check_signature(signed: bytes, at: datetime) -> None:
    """The last signature of a file holds; whether it is trusted is for its readers."""
    made = PdfFileReader(io.BytesIO(signed)).embedded_regular_signatures[-1]
    status = validate_pdf_signature(made, ValidationContext(trust_roots=[], moment=at))
    if not (status.intact and status.valid):
        raise BadKeyMaterial("la signature produite ne tient pas : la clé n'est pas celle du certificat")


def _blank() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(out)
    return out.getvalue()


def certificates(path: Path) -> list[Any]:
    """The certificates of a PEM or DER file, or of every .pem, .crt and .cer file of a directory.

    Raises: BadKeyMaterial when there is none.
    """
    try:
        found = list(load_certs_from_pemder([str(one) for one in _files(path, ".pem", ".crt", ".cer")]))
    except (OSError, ValueError) as error:
        raise BadKeyMaterial(f"certificats illisibles : {path}") from error
    if not found:
        raise BadKeyMaterial(f"aucun certificat : {path}")
    return found


def revocation_lists(path: Path) -> list[crl.CertificateList]:
    """The revocation list of a PEM or DER file, or those of every .crl and .pem file of a directory, none included.

    Raises: BadKeyMaterial.
    """
    try:
        return [_list(one.read_bytes()) for one in _files(path, ".crl", ".pem")]
    except (OSError, ValueError) as error:
        raise BadKeyMaterial(f"listes de révocation illisibles : {path}") from error


def _list(content: bytes) -> crl.CertificateList:
    read = load_pem_x509_crl if content.startswith(b"-----BEGIN") else load_der_x509_crl
    return crl.CertificateList.load(read(content).public_bytes(Encoding.DER))


def _files(path: Path, *suffixes: str) -> list[Path]:
    """The file itself, or those of a directory, in order."""
    return [path] if path.is_file() else sorted(one for one in path.glob("*") if one.suffix in suffixes)
