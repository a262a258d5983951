"""A drop in an S3 bucket of the BdT."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.contracting.domain.facts import Channel, Proof
from services.contracting.transmission.port import (
    COMPONENT,
    Acte,
    ActeNameTaken,
    acknowledgement_name,
    manifest_name,
)
from shared.errors import Unavailable
from shared.filing import MAX_PRINTED_BYTES, PDF
from shared.objects import KeyTaken, ObjectMissing, ObjectStore

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class BdtBucket:
    """`objects` is the BdT's bucket, write-once like ours; `destination` names it in the proof.

    The proof is of the bytes read back from the bucket.
    """

    objects: ObjectStore
    destination: str

    async def send(self, acte: Acte, now: datetime) -> Proof:
        try:
            await self._put(acte.name, acte.pdf, PDF)
            await self._put(manifest_name(acte.name), acte.manifest(), JSON)
            kept = await self.objects.read(acte.name)
        except KeyTaken:
            raise ActeNameTaken(acte.name) from None
        except (ObjectMissing, Unavailable) as outage:
            raise Unavailable(COMPONENT) from outage
        # What was stored is hashed again: the sum of what we sent proves nothing about what is there.
        if kept != acte.pdf:
            raise ActeNameTaken(acte.name)
        answer = f"sha256 relu : {hashlib.sha256(kept).hexdigest()}"
        return acte.proof(Channel.S3, self.destination, answer, now)

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in names:
            with suppress(ObjectMissing):
                try:
                    found[name] = await self.objects.read(acknowledgement_name(name))
                except Unavailable as outage:
                    raise Unavailable(COMPONENT) from outage
        return found

    async def _put(self, key: str, content: bytes, content_type: str) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        await self.objects.put(key, chunks(), content_type=content_type, limit_bytes=MAX_PRINTED_BYTES)
