"""A time-stamping authority of the tests' own, behind HTTP as the real ones are."""

from datetime import UTC, datetime, timedelta

import httpx
from asn1crypto import keys, tsp, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from shared.journal.stamps import HttpAuthority

URL = "http://timestamps.example.org/tsa"


class OwnAuthority:
    """A root, a stamping certificate it signed, and an HTTP transport that answers with its stamps."""

    def __init__(self) -> None:
        root_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        self.root = _certificate("Racine", root_key, "Racine", root_key, authority=True)
        stamping = _certificate("Horodatage", key, "Racine", root_key, authority=False)
        self._stamper = DummyTimeStamper(
            x509.Certificate.load(stamping.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
            fixed_dt=datetime.now(UTC).replace(microsecond=0),
        )

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def over_http(self) -> HttpAuthority:
        return HttpAuthority(URL, httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/timestamp-query"
        asked = tsp.TimeStampReq.load(request.content)
        return httpx.Response(200, content=self._stamper.request_tsa_response(asked).dump())


def answering(status: int, content: bytes = b"") -> HttpAuthority:
    """An authority that says something else."""
    return HttpAuthority(URL, httpx.MockTransport(lambda _: httpx.Response(status, content=content)))


def unreachable() -> HttpAuthority:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    return HttpAuthority(URL, httpx.MockTransport(refuse))


def _certificate(subject: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, *, authority: bool):
    def name(common: str) -> pyca.Name:
        return pyca.Name([pyca.NameAttribute(NameOID.COMMON_NAME, common)])

    now = datetime.now(UTC)
    builder = (
        pyca.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(pyca.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(pyca.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(pyca.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(pyca.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        purpose = pyca.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
