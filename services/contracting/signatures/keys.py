"""ALS's signing key, the trust roots and the revocation lists, as settings give them."""

from datetime import datetime

import structlog

from services.contracting.settings import ContractingSettings
from services.contracting.signatures.examination import Examiner
from shared.errors import Unavailable
from shared.settings import refuse_setting
from shared.signing import (
    BadKeyMaterial,
    Evidence,
    EvidenceMissing,
    KeyFiles,
    Keys,
    Seal,
    Token,
    certificates,
    revocation_lists,
)

log = structlog.get_logger(__name__)


def seal(settings: ContractingSettings) -> Seal:
    """How ALS signs; settings hold exactly one key."""
    lists = settings.evidence_lists
    return Seal(_keys(settings), settings.timestamp_url, Evidence(settings.trust_roots, lists) if lists else None)


def examiner(settings: ContractingSettings) -> Examiner:
    """How a return's signatures are read."""
    return Examiner(settings.trust_roots, settings.revocation, settings.revocation_lists)


def check_keys(settings: ContractingSettings, now: datetime) -> None:
    """A key, trust roots or lists that lead to nothing stop the service at once, and so does a certificate that is out
    of date, another key's, or that the lists of the evidence do not show to hold; a token that is away is awaited.
    """
    try:
        certificates(settings.trust_roots)
    except BadKeyMaterial as problem:
        refuse_setting("ALS_TRUST_ROOTS", str(problem))
    for name in ("revocation_lists", "evidence_lists"):
        try:
            if (lists := getattr(settings, name)) is not None:
                revocation_lists(lists)
        except BadKeyMaterial as problem:
            refuse_setting(f"ALS_{name.upper()}", str(problem))
    try:
        seal(settings).check(now)
    except EvidenceMissing as problem:
        refuse_setting("ALS_EVIDENCE_LISTS", str(problem))
    except BadKeyMaterial as problem:
        refuse_setting("ALS_SIGNING_KEY" if settings.signing_key else "ALS_PKCS11_MODULE", str(problem))
    except Unavailable as outage:
        log.warning("signature_waits", component=outage.component)


def _keys(settings: ContractingSettings) -> Keys:
    if settings.signing_key is not None:
        assert settings.signing_certificate is not None
        passphrase = settings.signing_passphrase
        return KeyFiles(
            settings.signing_key,
            settings.signing_certificate,
            settings.signing_chain,
            passphrase.get_secret_value().encode() if passphrase else None,
        )
    assert settings.pkcs11_module
    assert settings.pkcs11_token
    assert settings.pkcs11_label
    pin = settings.pkcs11_pin.get_secret_value() if settings.pkcs11_pin else None
    return Token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_label, pin)
