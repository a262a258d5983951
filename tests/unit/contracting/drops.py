"""Where the BdT gets its actes: a folder, a bucket or an SFTP server, as the BdT sees them."""

import asyncssh

from services.contracting.domain.facts import Channel
from services.contracting.transmission import Acte, BdtBucket, BdtSftp, Transmission
from tests.unit.contracting.samples import NOW

ACTE = Acte("d1", 12, b"%PDF-1.7 an acte", NOW)


class SftpDrop:
    """An SFTP server of the BdT below a directory, and what a client needs to know of it."""

    def __init__(self, root) -> None:
        self.root = root / "drop"
        self.root.mkdir()
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.key_file = root / "id_ed25519"
        self.key_file.write_bytes(self.client_key.export_private_key())
        self.port = 0
        self.server: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        allowed = asyncssh.import_authorized_keys(self.client_key.export_public_key().decode())
        self.server = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            authorized_client_keys=allowed,
            sftp_factory=self.serve,
        )
        self.port = self.server.get_port()

    def serve(self, channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(self.root).encode())

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()

    def client(self, host_key: asyncssh.SSHKey | None = None, directory: str = "actes") -> BdtSftp:
        shown = (host_key or self.host_key).export_public_key().decode()
        return BdtSftp("127.0.0.1", self.port, "als", self.key_file, shown, directory)


class Drop:
    """One way to the BdT, and the files as the BdT sees them."""

    def __init__(self, way: Transmission, channel: Channel, read, write) -> None:
        self.way, self.channel, self.read, self.write = way, channel, read, write


def folder(way: Transmission, channel: Channel, root) -> Drop:
    async def read(name: str) -> bytes:
        return (root / name).read_bytes()

    async def write(name: str, content: bytes) -> None:
        (root / name).write_bytes(content)

    return Drop(way, channel, read, write)


def bucket(objects) -> Drop:
    async def write(name: str, content: bytes) -> None:
        async def chunks():
            yield content

        await objects.put(name, chunks(), content_type="application/json", limit_bytes=10_000)

    return Drop(BdtBucket(objects, "s3://bdt/actes"), Channel.S3, objects.read, write)
