"""A small certification authority for the local stacks: its own root, ALS's certificate, the bailleurs' certificates.

Keys are made at run time in the stack's data directory and trusted by nobody else.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.signing import KeyFiles, Seal

NOT_BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2044, 1, 1, tzinfo=UTC)
RSA_BITS = 2048
ROOT_NAME = "Autorité de démonstration"
# Fictitious, like the landlords: the number has a right check digit and belongs to nobody.
ALS_NAME, ALS_SIREN = "Action Logement Services (démonstration)", "900000100"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """Issues certificates below a root kept in `directory`; each is made once and found again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def _root(self) -> KeyFiles:
        return self._make("root", self._root_certificate)

    @property
    def root(self) -> Path:
        return self._root.certificate

    @property
    def als(self) -> KeyFiles:
        return self.issue("als", ALS_NAME, ALS_SIREN)

    def signatory(self, siren: str, name: str, holder: str) -> Seal:
        """The seal of `holder`, who signs for a landlord."""
        return Seal(self.issue(f"signatory-{siren}", name, siren, holder=holder))

    def issue(
        self,
        label: str,
        name: str,
        siren: str,
        *,
        holder: str | None = None,
        not_before: datetime = NOT_BEFORE,
        not_after: datetime = NOT_AFTER,
        time_stamping: bool = False,
    ) -> KeyFiles:
        """A certificate that names an organisation, its SIREN and its holder, for signing or for stamping the time."""
        root, held_by = self._root, holder or f"Représentant de {name}"

        def certify(key: PrivateKey) -> x509.Certificate:
            issuer = x509.load_pem_x509_certificate(root.certificate.read_bytes())
            subject = x509.Name(
                [
                    x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                    x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRFR-{siren}"),
                    x509.NameAttribute(NameOID.COMMON_NAME, held_by[:64]),
                ]
            )
            built = _builder(subject, issuer.subject, key, not_before, not_after).add_extension(
                _usage(content_commitment=True), critical=True
            )
            if time_stamping:
                purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
                built = built.add_extension(purposes, critical=True)
            return built.sign(_key(root), hashes.SHA256())

        return self._make(label, certify, with_rsa=time_stamping)

    def revocation_list(self, *revoked: KeyFiles, at: datetime, valid_for: timedelta = timedelta(days=7)) -> Path:
        """The authority's list of `at`; each of `revoked` was so from then on."""
        root = self._root
        issuer = x509.load_pem_x509_certificate(root.certificate.read_bytes())
        built = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        built = built.last_update(at).next_update(at + valid_for)
        for keys in revoked:
            number = x509.load_pem_x509_certificate(keys.certificate.read_bytes()).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at).build()
            built = built.add_revoked_certificate(entry)
        path = self.directory / "lists" / f"{at:%Y%m%dT%H%M%S}-{len(revoked)}.crl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(built.sign(_key(root), hashes.SHA256()).public_bytes(serialization.Encoding.DER))
        return path

    def _make(
        self, label: str, certify: Callable[[PrivateKey], x509.Certificate], *, with_rsa: bool = False
    ) -> KeyFiles:
        files = KeyFiles(self.directory / f"{label}-key.pem", self.directory / f"{label}.pem")
        if not files.certificate.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            key = rsa.generate_private_key(65_537, RSA_BITS) if with_rsa else ec.generate_private_key(ec.SECP256R1())
            files.key.touch(mode=0o600)
            files.key.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            files.certificate.write_bytes(certify(key).public_bytes(serialization.Encoding.PEM))
        return files

    def _root_certificate(self, key: PrivateKey) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ROOT_NAME)])
        built = _builder(name, name, key, NOT_BEFORE, NOT_AFTER)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return built.add_extension(_usage(key_cert_sign=True), critical=True).sign(key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _key(files: KeyFiles) -> PrivateKey:
    loaded = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def _usage(*, content_commitment: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )
