"""A drop on the BdT's SFTP server, whose host key is pinned."""

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncssh

from services.contracting.domain.facts import Channel, Proof
from services.contracting.transmission.port import (
    COMPONENT,
    Acte,
    ActeNameTaken,
    BdtHostUnknown,
    acknowledgement_name,
    manifest_name,
)
from shared.errors import Unavailable
from shared.ids import new_id

CONNECT_SECONDS = 10.0
SESSION_SECONDS = 60.0
MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BdtSftp:
    """`host_key` is the one public key (OpenSSH form) the server may show; `key_file` is our private key.

    Each file is written under a temporary name and renamed: what bears its name is whole.
    """

    host: str
    port: int
    user: str
    key_file: Path
    host_key: str
    directory: str = "."

    async def send(self, acte: Acte, now: datetime) -> Proof:
        target = self._path(acte.name)
        async with self._session() as sftp:
            await _write_once(sftp, target, acte.pdf)
            await _write_once(sftp, self._path(manifest_name(acte.name)), acte.manifest())
            kept = await _read(sftp, target)
        if kept is None or kept != acte.pdf:
            raise ActeNameTaken(acte.name)
        answer = f"sha256 relu : {hashlib.sha256(kept).hexdigest()}"
        destination = f"sftp://{self.user}@{self.host}:{self.port}/{self.directory}"
        return acte.proof(Channel.SFTP, destination, answer, now)

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        if not names:
            return {}
        async with self._session() as sftp:
            read = {name: await _read(sftp, self._path(acknowledgement_name(name))) for name in names}
        return {name: content for name, content in read.items() if content is not None}

    def _path(self, name: str) -> str:
        return posixpath.join(self.directory, name)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Raises: Unavailable("bdt"); BdtHostUnknown when the server shows another key than the pinned one."""
        pinned = asyncssh.import_public_key(self.host_key)
        try:
            async with (
                asyncio.timeout(SESSION_SECONDS),
                asyncssh.connect(
                    self.host,
                    self.port,
                    username=self.user,
                    client_keys=[str(self.key_file)],
                    known_hosts=([pinned], [], []),
                    config=None,
                    agent_path=None,
                    connect_timeout=CONNECT_SECONDS,
                    login_timeout=CONNECT_SECONDS,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                yield sftp
        except asyncssh.HostKeyNotVerifiable as error:
            raise BdtHostUnknown("La clé présentée par le serveur n'est pas celle qui est enregistrée.") from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise Unavailable(COMPONENT) from error


async def _write_once(sftp: asyncssh.SFTPClient, target: str, content: bytes) -> None:
    """Raises: ActeNameTaken when the file holds something else, asyncssh.SFTPError."""
    found = await _read(sftp, target)
    if found is not None:
        if found != content:
            raise ActeNameTaken(posixpath.basename(target))
        return
    folder, name = posixpath.split(target)
    part = posixpath.join(folder, f".{name}.{new_id()}.part")
    try:
        async with sftp.open(part, "xb") as file:
            await file.write(content)
        # Version 3's rename never replaces: a file that came meanwhile stays, and the next try compares it.
        await sftp.rename(part, target)
    except (asyncssh.Error, OSError):
        with suppress(asyncssh.Error, OSError):
            await sftp.remove(part)
        raise


async def _read(sftp: asyncssh.SFTPClient, path: str) -> bytes | None:
    """A file's bytes; None when there is none. What is longer than any acte is cut, and so differs from it."""
    try:
        async with sftp.open(path, "rb") as file:
            return await file.read(MAX_FILE_BYTES)
    except asyncssh.SFTPNoSuchFile:
        return None
