"""A landlord's side, as cheap as can be: a kept connection, so that the client does not bound the server."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        assert self.status < 300, f"{self.status} {self.body[:300]!r}"
        return json.loads(self.body)


class Connection:
    """One connection, one request at a time; answers carry their length, as FastAPI's do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    @classmethod
    async def open(cls, port: int, token: str) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, token)

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """`headers` are written with underscores for hyphens."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self._token}"]
        given = {"Content_Length": str(len(body)), "Content_Type": "application/json"} | headers
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        named = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:] if line)}
        return Answer(int(head[0].split()[1]), named, await self._reader.readexactly(int(named["content-length"])))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
