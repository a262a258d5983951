"""Reads the electronic signatures of a returned convention: integrity, signer, moment, chain to the trust roots."""

import asyncio
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import ValueErrorWithMessage
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from services.contracting.domain.returned import (
    Findings,
    PageFound,
    PageState,
    Revocation,
    RevocationPolicy,
    SignatureFound,
)
from services.contracting.signatures.pages import compare
from shared.signing import REVOCATION_ASKED, SIGNING_USAGES, certificates, revocation_lists

USAGES = KeyUsageConstraints(key_usage=SIGNING_USAGES)
# What pyHanko and asn1crypto raise on bytes that are not a signature they can read.
UNREADABLE = (PdfError, ValueErrorWithMessage, ValueError, TypeError, KeyError, IndexError)
# What pikepdf raises on a file, or on objects that are not what a page holds.
NO_PAGES = (pikepdf.PdfError, ValueError, TypeError, AttributeError, IndexError)
NOBODY = SignatureFound(
    signer="illisible",
    organisation=None,
    issuer="illisible",
    signed_at=None,
    timestamped=False,
    intact=False,
    extended=False,
    trusted=False,
    in_validity=False,
)


@dataclass(frozen=True, slots=True)
class Examiner:
    """`trust_roots`: the certificates below which a bailleur's signature is trusted, a file or a directory.

    `lists`: their authorities' revocation lists, likewise. Both are read at each examination, so that renewing them
    needs no restart. Nothing is asked for online: a certificate names the addresses to ask, and anyone can make one.
    """

    trust_roots: Path
    policy: RevocationPolicy = RevocationPolicy.OFF
    lists: Path | None = None

    async def examine(self, sent: bytes, returned: bytes, received_at: datetime) -> Findings:
        """What `returned` holds, certificates judged at `received_at` or at the moment a stamp before it proves."""
        return await asyncio.to_thread(lambda: asyncio.run(self._examine(sent, returned, received_at)))

    async def _examine(self, sent: bytes, returned: bytes, received_at: datetime) -> Findings:
        roots = certificates(self.trust_roots)
        asked = self.policy is not RevocationPolicy.OFF
        crls = revocation_lists(self.lists) if asked and self.lists else []
        incremental = returned.startswith(sent)
        seals = {one.signer_cert.dump() for one in PdfFileReader(io.BytesIO(sent)).embedded_regular_signatures}
        own, signatures = list[SignatureFound](), list[SignatureFound]()
        for embedded in _embedded(returned):
            found = NOBODY if embedded is None else await _signature(embedded, roots, received_at)
            sealed = embedded is not None and embedded.signer_cert.dump() in seals
            if embedded is not None and asked and found.trusted and not sealed:
                told = await _revocation(embedded, roots, crls, received_at)
                found = found.model_copy(update={"revocation": told})
            (own if sealed else signatures).append(found)
        return Findings(
            incremental=incremental,
            seal_intact=bool(own) and all(one.intact and not one.extended for one in own),
            pages=_pages(sent, returned),
            signatures=tuple(signatures),
            revocation_required=self.policy is RevocationPolicy.REQUIRE,
        )


async def _signature(embedded: EmbeddedPdfSignature, roots: list[Any], received_at: datetime) -> SignatureFound:
    """A certificate is judged at the moment a trusted stamp proves, where it is no later than the receipt."""
    certificate, received = embedded.signer_cert, _trust(embedded, roots, received_at)
    try:
        status = await async_validate_pdf_signature(embedded, received, key_usage_settings=USAGES)
        proven = _proven(status)
        judged_at = proven if proven is not None and proven <= received_at else received_at
        stamped = judged_at is proven
        if stamped:
            status = await async_validate_pdf_signature(
                embedded, _trust(embedded, roots, judged_at), received, key_usage_settings=USAGES
            )
    except UNREADABLE:
        return NOBODY.model_copy(update=_holder(certificate))
    return SignatureFound(
        **_holder(certificate),
        signed_at=proven or _aware(status.signer_reported_dt),
        timestamped=proven is not None,
        judged_at_stamp=stamped,
        intact=status.intact and status.valid,
        extended=not _only_signed_after(status),
        trusted=status.trusted,
        in_validity=certificate.not_valid_before <= judged_at <= certificate.not_valid_after,
    )


def _trust(embedded: EmbeddedPdfSignature, roots: list[Any], moment: datetime) -> ValidationContext:
    return ValidationContext(trust_roots=roots, other_certs=embedded.other_embedded_certs, moment=moment)


def _proven(status: PdfSignatureStatus) -> datetime | None:
    """The moment of a sound stamp of a trusted authority."""
    stamp = status.timestamp_validity
    return stamp.timestamp if stamp is not None and stamp.valid and stamp.intact and stamp.trusted else None


async def _revocation(
    embedded: EmbeddedPdfSignature, roots: list[Any], lists: list[Any], received_at: datetime
) -> Revocation:
    """What the lists, and the lists and answers that came in the file, say of the signer and its authorities.

    Asked at the receipt, or at the certificate's end when that came before: a stamp hides no revocation.
    """
    given = {
        "trust_roots": roots,
        "other_certs": list(embedded.other_embedded_certs),
        "crls": lists,
        "moment": min(received_at, embedded.signer_cert.not_valid_after),
        "revinfo_policy": REVOCATION_ASKED,
    }
    try:
        trust = _with_evidence(embedded.reader, given)
        status = await async_validate_pdf_signature(embedded, trust, key_usage_settings=USAGES)
    except UNREADABLE:
        return Revocation.UNKNOWN
    if status.revocation_details is not None:
        return Revocation.REVOKED
    return Revocation.GOOD if status.trusted else Revocation.UNKNOWN


def _with_evidence(reader: PdfFileReader, given: dict[str, Any]) -> ValidationContext:
    """With the evidence a file holds, where it holds some (PAdES B-LT)."""
    try:
        return DocumentSecurityStore.read_dss(reader).as_validation_context(given)
    except NoDSSFoundError:
        return ValidationContext(**given)


def _only_signed_after(status: PdfSignatureStatus) -> bool:
    """Nothing was appended but other signatures. A broken signature says nothing of what came after it."""
    return not (status.intact and status.valid) or bool(status.docmdp_ok)


def _aware(claimed: datetime | None) -> datetime | None:
    """A claimed moment that states its zone; without one it tells nothing."""
    return claimed if claimed is not None and claimed.tzinfo is not None else None


def _embedded(returned: bytes) -> Iterable[EmbeddedPdfSignature | None]:
    """The signatures of a file, in order; None for those that cannot even be read."""
    try:
        found = PdfFileReader(io.BytesIO(returned), strict=False).embedded_regular_signatures
        for one in found:
            one.signer_cert.dump()
    except UNREADABLE:
        return [None]
    return found


def _pages(sent: bytes, returned: bytes) -> tuple[PageFound, ...]:
    try:
        return compare(sent, returned)
    except NO_PAGES:
        return (PageFound(number=1, state=PageState.CHANGED),)


def _holder(certificate: x509.Certificate) -> dict[str, Any]:
    """Whom a certificate names. The units of an organisation may hold its SIREN (RGS)."""
    subject, issuer = certificate.subject.native, certificate.issuer
    stated = [subject.get("organization_identifier"), subject.get("organizational_unit_name")]
    return {
        "signer": subject.get("common_name") or certificate.subject.human_friendly,
        "organisation": subject.get("organization_name"),
        "identifiers": tuple(text for one in stated for text in _texts(one)),
        "issuer": issuer.native.get("common_name") or issuer.human_friendly,
    }


def _texts(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value
