"""RFC 3161 time stamps: somebody else's word for when the journal's heads were what they are.

A stamp covers the streams that grew since the stamp before, and that stamp: stamps are a chain too.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Protocol

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from shared.documents import Documents
from shared.errors import Unavailable
from shared.journal.commit import GENESIS_HASH, canonical_json
from shared.journal.faults import Fault
from shared.journal.verify import in_order

REQUEST_SECONDS = 30


class StampRefused(Exception):
    """The authority answered, and gave no stamp that can be read."""


class Authority(Protocol):
    """Somebody who stamps: a name to be stored, and a DER TimeStampResp for a DER TimeStampReq."""

    name: str

    async def answer(self, request: bytes) -> bytes:
        """Raises: Unavailable, StampRefused."""
        ...


class HttpAuthority:
    """A time-stamping authority over HTTP (RFC 3161, 3.4)."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = url
        self._transport = transport

    async def answer(self, request: bytes) -> bytes:
        content_type = {"content-type": "application/timestamp-query"}
        async with httpx.AsyncClient(transport=self._transport, timeout=REQUEST_SECONDS) as client:
            try:
                answer = await client.post(self.name, content=request, headers=content_type)
            except httpx.TransportError as error:
                raise Unavailable("timestamp authority") from error
        if answer.status_code >= 500:
            raise Unavailable("timestamp authority")
        if answer.status_code != 200:
            raise StampRefused(f"{self.name} répond {answer.status_code}")
        return answer.content


async def stamp(commits: Documents, stamps: Documents, authority: Authority) -> int:
    """Have what is new since the last stamp stamped, and keep the stamp. Returns how many streams it covers.

    Raises: Unavailable, StampRefused, shared.documents.Duplicate (somebody else is stamping).
    """
    before = [one async for one in stamps.find({}, sort=[("_id", 1)])]
    known: dict[str, list[Any]] = {}
    for one in before:
        known |= json.loads(one["covered"])["heads"]
    heads: dict[str, list[Any]] = {}
    async for document in in_order(commits):
        heads[document["stream"]] = [document["version"], document["hash"]]
    grown = {stream: head for stream, head in heads.items() if known.get(stream) != head}
    if not grown:
        return 0
    covered = canonical_json({"previous": before[-1]["digest"] if before else GENESIS_HASH, "heads": grown})
    builder = TimestampRequestBuilder(data=covered.encode(), hash_algorithm=HashAlgorithm.SHA256)
    token = await authority.answer(builder.build().as_bytes())
    try:
        decode_timestamp_response(token)
    except ValueError as error:
        raise StampRefused(f"{authority.name} : réponse illisible") from error
    await stamps.insert(
        {
            "_id": f"{len(before) + 1:08d}",
            "covered": covered,
            "digest": digest_of(covered),
            "token": base64.b64encode(token).decode(),
            "authority": authority.name,
        }
    )
    return len(grown)


def digest_of(covered: str) -> str:
    return hashlib.sha256(covered.encode()).hexdigest()


def trusted(pem: bytes) -> list[Certificate]:
    """The roots somebody decided to trust. Raises: ValueError."""
    return load_pem_x509_certificates(pem)


def faults(stamps: Sequence[dict[str, Any]], roots: list[Certificate]) -> list[Fault]:
    """What is wrong with a chain of stamps; tokens are checked against `roots` when there are any."""
    found = list[Fault]()
    previous = GENESIS_HASH
    for place, one in enumerate(stamps, start=1):
        name = f"horodatage {one['_id']}"
        covered = json.loads(one["covered"])
        checks = (
            ("rang", f"{place:08d}", one["_id"]),
            ("chaînage", previous, covered["previous"]),
            ("empreinte", digest_of(one["covered"]), one["digest"]),
        )
        found += [Fault(name, check, expected, there) for check, expected, there in checks if expected != there]
        refusal = _token_refusal(one, roots)
        if refusal:
            found.append(Fault(name, "jeton", "signé par une autorité de confiance, sur cette empreinte", refusal))
        previous = one["digest"]
    return found


def heads(stamp: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """What a stamp says of each stream it covers: version and hash."""
    covered = json.loads(stamp["covered"])["heads"]
    return {stream: (version, hash_) for stream, (version, hash_) in covered.items()}


def _token_refusal(stamp: dict[str, Any], roots: list[Certificate]) -> str:
    try:
        response = decode_timestamp_response(base64.b64decode(stamp["token"]))
        imprint = response.tst_info.message_imprint.message
        if imprint.hex() != digest_of(stamp["covered"]):
            return f"empreinte {imprint.hex()}"
        if roots:
            VerifierBuilder(roots=list(roots)).build().verify_message(response, stamp["covered"].encode())
    except (VerificationError, ValueError) as error:
        return str(error)
    return ""
