"""Looking for malware: a verdict, or nothing at all, never a guess."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.errors import Unavailable
from shared.scanner import EICAR, ClamdScanner, EmbeddedScanner, ScanState, ScanVerdict

SAFE = ScanVerdict(ScanState.SAFE)
INFECTED = ScanVerdict(ScanState.INFECTED, "Eicar-Test-Signature")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


# -- the embedded scanner ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, len(EICAR) - 1, len(EICAR), 1_000])
@pytest.mark.parametrize("before", [b"", b"%PDF-1.7 " * 20])
async def test_the_test_file_is_found_wherever_the_chunks_are_cut(size, before):
    data = before + EICAR + b"%%EOF"
    cut = [data[start : start + size] for start in range(0, len(data), size)]
    assert await EmbeddedScanner().scan(chunks(*cut)) == INFECTED


@pytest.mark.parametrize("parts", [(), (b"",), (b"%PDF-1.7", b"%%EOF"), (EICAR[:-1],), (EICAR[:30], b" ", EICAR[30:])])
async def test_anything_else_is_safe_to_the_embedded_scanner(parts):
    assert await EmbeddedScanner().scan(chunks(*parts)) == SAFE


# -- ClamAV ------------------------------------------------------------------------------------------------------


class FakeClamd:
    """Speaks INSTREAM on loopback; `answer` overrides what it would say, `b""` closes without a word."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.streamed = b""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"nINSTREAM\n"
        self.streamed = b""
        while size := struct.unpack("!L", await reader.readexactly(4))[0]:
            self.streamed += await reader.readexactly(size)
        found = b"stream: Eicar-Test-Signature FOUND\n" if EICAR in self.streamed else b"stream: OK\n"
        writer.write(found if self.answer is None else self.answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def clamd(answer: bytes | None = None) -> AsyncIterator[tuple[ClamdScanner, FakeClamd]]:
    fake = FakeClamd(answer)
    server = await asyncio.start_server(fake.converse, "127.0.0.1", 0)
    async with server:
        yield ClamdScanner(*server.sockets[0].getsockname()), fake


async def test_the_daemon_is_given_every_byte_and_its_verdict_counts():
    async with clamd() as (scanner, fake):
        assert await scanner.scan(chunks(b"%PDF-1.7", b"x" * 5_000)) == SAFE
        assert fake.streamed == b"%PDF-1.7" + b"x" * 5_000
        assert await scanner.scan(chunks(EICAR[:10], EICAR[10:])) == INFECTED


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"INSTREAM size limit exceeded. ERROR\n",
        b"stream: Can't allocate memory ERROR\n",
        b"UNKNOWN COMMAND\n",
        b"other: OK\n",
    ],
)
async def test_an_answer_that_is_no_verdict_leaves_the_file_unscanned(answer):
    async with clamd(answer) as (scanner, _):
        with pytest.raises(Unavailable, match="scanner"):
            await scanner.scan(chunks(b"%PDF-1.7"))


async def test_a_daemon_that_is_down_leaves_the_file_unscanned():
    async with clamd() as (scanner, _):
        pass
    with pytest.raises(Unavailable, match="scanner"):
        await scanner.scan(chunks(b"%PDF-1.7"))


async def test_a_daemon_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr("shared.scanner.CLAMD_SECONDS", 0.01)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        with pytest.raises(Unavailable, match="scanner"):
            await ClamdScanner(*server.sockets[0].getsockname()).scan(chunks(b"%PDF-1.7"))
