"""Looking for malware: a port, ClamAV behind it, and an embedded scanner that knows the EICAR test file."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aioclamd import ClamdAsyncClient, ClamdError

from shared.errors import Unavailable
from shared.objects import collect

CLAMD_SECONDS = 30.0
# In two pieces, so that this file is not taken for the test file.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}" + r"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()


class ScanState(StrEnum):
    """Nothing but `safe` is served or counts."""

    PENDING = "pending"
    SAFE = "safe"
    INFECTED = "infected"


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    state: ScanState
    signature: str | None = None


class Scanner(Protocol):
    async def scan(self, chunks: AsyncIterator[bytes]) -> ScanVerdict:
        """Safe or infected. Raises: Unavailable("scanner") when nothing can be said; the file stays pending."""
        ...


class EmbeddedScanner:
    """Knows the EICAR test file, also inside another file. For local stacks."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> ScanVerdict:
        tail = b""
        async for chunk in chunks:
            window = tail + chunk
            if EICAR in window:
                return ScanVerdict(ScanState.INFECTED, "Eicar-Test-Signature")
            tail = window[-len(EICAR) + 1 :]
        return ScanVerdict(ScanState.SAFE)


class ClamdScanner:
    """ClamAV's daemon over INSTREAM."""

    def __init__(self, host: str, port: int) -> None:
        self._client = ClamdAsyncClient(host, port, timeout=CLAMD_SECONDS)

    async def scan(self, chunks: AsyncIterator[bytes]) -> ScanVerdict:
        data = await collect(chunks)
        try:
            answer = await self._client.instream(io.BytesIO(data))
        except (ClamdError, OSError, TimeoutError) as error:
            raise Unavailable("scanner") from error
        match answer:
            case {"stream": ("OK", _)}:
                return ScanVerdict(ScanState.SAFE)
            case {"stream": ("FOUND", signature)}:
                return ScanVerdict(ScanState.INFECTED, signature)
            case _:  # an error, or a connection closed without a word
                raise Unavailable("scanner")
