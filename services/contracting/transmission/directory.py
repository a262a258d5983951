"""A directory the BdT collects from."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.contracting.domain.facts import Channel, Proof
from services.contracting.transmission.port import (
    COMPONENT,
    Acte,
    ActeNameTaken,
    acknowledgement_name,
    manifest_name,
)
from shared.errors import Unavailable
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class BdtDirectory:
    """Puts the PDF, then its manifest: a manifest says that its PDF is whole."""

    path: Path

    async def send(self, acte: Acte, now: datetime) -> Proof:
        try:
            written = await asyncio.to_thread(self._write_both, acte)
        except OSError as error:
            raise Unavailable(COMPONENT) from error
        return acte.proof(Channel.DIRECTORY, str(self.path), f"sha256 relu : {written}", now)

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        try:
            return await asyncio.to_thread(self._read_acknowledgements, names)
        except OSError as error:
            raise Unavailable(COMPONENT) from error

    def _write_both(self, acte: Acte) -> str:
        target = self.path / acte.name
        _write_once(target, acte.pdf)
        _write_once(self.path / manifest_name(acte.name), acte.manifest())
        return hashlib.sha256(target.read_bytes()).hexdigest()

    def _read_acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        files = {name: self.path / acknowledgement_name(name) for name in names}
        return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def _write_once(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; the same content again is fine.

    Raises: ActeNameTaken when the file holds something else, OSError.
    """
    with suppress(FileNotFoundError):
        if target.read_bytes() != content:
            raise ActeNameTaken(target.name)
        return
    part = target.with_name(f".{target.name}.{new_id()}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Between the look and the name no other content can come: an acte's bytes are settled in its journal.
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
