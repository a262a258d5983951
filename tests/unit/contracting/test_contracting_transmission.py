"""The BdT gets each acte whole, once, and never two contents under one name."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import asyncssh
import pytest
from aiosmtpd.smtp import SMTP

from services.contracting.domain.facts import Channel
from services.contracting.transmission import (
    Acte,
    ActeNameTaken,
    BdtBucket,
    BdtDirectory,
    BdtHostUnknown,
    BdtMail,
    BdtSftp,
    Transmission,
    acknowledgement_name,
)
from shared.errors import Unavailable
from shared.objects import DirectoryObjects, MinioObjects, ObjectMissing
from tests.unit.contracting.samples import NOW

ACTE = Acte("d1", 12, b"%PDF-1.7 an acte", NOW)


class Mailbox:
    """An SMTP server's handler that keeps what it accepts; `answer` is what it says to the data."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.contents: list[bytes] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:
        if self.answer.startswith("250"):
            self.contents.append(envelope.content)
        return self.answer


@pytest.fixture
async def smtp():
    """Start a mail server that answers as told; gives its mailbox and a BdtMail that sends there."""
    servers = []

    async def start(answer: str = "250 OK") -> tuple[Mailbox, BdtMail]:
        mailbox = Mailbox(answer)
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return mailbox, BdtMail("127.0.0.1", port, "actes@bdt.example", "garantie@als.example")

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_a_directory_gets_the_acte_and_a_manifest_with_its_hash(tmp_path):
    await BdtDirectory(tmp_path).send(ACTE, NOW)
    assert (tmp_path / "000012-d1.pdf").read_bytes() == ACTE.pdf
    manifest = json.loads((tmp_path / "000012-d1.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(ACTE.pdf).hexdigest()
    assert (manifest["file"], manifest["size_bytes"]) == ("000012-d1.pdf", len(ACTE.pdf))
    assert len(list(tmp_path.iterdir())) == 2


async def test_the_same_acte_again_changes_nothing(tmp_path):
    directory = BdtDirectory(tmp_path)
    await directory.send(ACTE, NOW)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    await directory.send(ACTE, NOW)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


async def test_an_interrupted_transmission_is_completed(tmp_path):
    (tmp_path / "000012-d1.pdf").write_bytes(ACTE.pdf)
    await BdtDirectory(tmp_path).send(ACTE, NOW)
    assert (tmp_path / "000012-d1.json").exists()


async def test_another_content_under_the_name_is_refused_and_left_alone(tmp_path):
    directory = BdtDirectory(tmp_path)
    await directory.send(ACTE, NOW)
    with pytest.raises(ActeNameTaken, match=r"000012-d1\.pdf"):
        await directory.send(replace(ACTE, pdf=b"%PDF-1.7 another"), NOW)
    assert (tmp_path / "000012-d1.pdf").read_bytes() == ACTE.pdf


async def test_a_directory_that_is_away_is_waited_for(tmp_path):
    with pytest.raises(Unavailable, match="bdt"):
        await BdtDirectory(tmp_path / "unmounted").send(ACTE, NOW)


async def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("services.contracting.transmission.directory.os.fsync", full)
    with pytest.raises(Unavailable):
        await BdtDirectory(tmp_path).send(ACTE, NOW)
    assert list(tmp_path.iterdir()) == []


async def test_mail_carries_the_acte_and_the_same_acte_is_the_same_message(smtp):
    mailbox, mail = await smtp()
    proof = await mail.send(ACTE, NOW)
    await mail.send(ACTE, NOW)
    first, second = mailbox.contents
    assert first == second
    message = message_from_bytes(first, policy=default)
    (attachment,) = list(message.iter_attachments())
    assert attachment.get_content() == ACTE.pdf
    assert attachment.get_filename() == "000012-d1.pdf"
    assert message["Message-ID"].endswith("@als.example>")
    assert (proof.channel, proof.destination) == (Channel.MAIL, "actes@bdt.example")
    assert proof.answer == f"{message['Message-ID']} OK"
    assert await mail.acknowledgements([ACTE.name]) == {}
    body = message.get_body()
    assert body is not None
    assert ACTE.sha256 in body.get_content()


async def test_mail_that_is_refused_or_unanswered_is_tried_again_later(smtp):
    _, refused = await smtp("451 Try later")
    with pytest.raises(Unavailable, match="bdt"):
        await refused.send(ACTE, NOW)
    with pytest.raises(Unavailable, match="bdt"):
        await BdtMail("127.0.0.1", 1, "actes@bdt.example", "garantie@als.example").send(ACTE, NOW)


# -- drops: the same promises on every kind ----------------------------------------------------------------------------


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


@pytest.fixture
async def sftp(tmp_path) -> AsyncIterator[SftpDrop]:
    drop = SftpDrop(tmp_path)
    (drop.root / "actes").mkdir()
    await drop.start()
    yield drop
    await drop.stop()


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


@pytest.fixture(params=["directory", "sftp", "bucket", pytest.param("minio", marks=pytest.mark.real)])
def drop(request: pytest.FixtureRequest, tmp_path) -> Drop:
    match request.param:
        case "directory":
            return folder(BdtDirectory(tmp_path), Channel.DIRECTORY, tmp_path)
        case "sftp":
            served = request.getfixturevalue("sftp")
            return folder(served.client(), Channel.SFTP, served.root / "actes")
        case "bucket":
            return bucket(DirectoryObjects(tmp_path))
    settings = request.getfixturevalue("real_stack").environment()
    endpoint, access, secret = (settings[f"ALS_S3_{name}"] for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"))
    return bucket(MinioObjects(endpoint, access, secret, "bdt-drop", secure=False))


async def test_a_drop_gets_acte_and_manifest_and_the_proof_says_what_where_and_when(drop):
    proof = await drop.way.send(ACTE, NOW)
    assert await drop.read(ACTE.name) == ACTE.pdf
    assert await drop.read("000012-d1.json") == ACTE.manifest()
    assert (proof.channel, proof.name, proof.sha256, proof.sent_at) == (drop.channel, ACTE.name, ACTE.sha256, NOW)
    assert proof.size_bytes == len(ACTE.pdf)
    assert ACTE.sha256 in proof.answer
    assert proof.destination


async def test_a_drop_has_one_acte_however_often_it_is_sent_and_refuses_another_content(drop):
    await drop.way.send(ACTE, NOW)
    await drop.way.send(ACTE, NOW)
    with pytest.raises(ActeNameTaken):
        await drop.way.send(replace(ACTE, pdf=b"%PDF-1.7 another"), NOW)
    assert await drop.read(ACTE.name) == ACTE.pdf


async def test_an_acknowledgement_is_read_where_it_lies(drop):
    assert await drop.way.acknowledgements([]) == {}
    assert await drop.way.acknowledgements([ACTE.name]) == {}
    await drop.write(acknowledgement_name(ACTE.name), b"{}")
    assert await drop.way.acknowledgements([ACTE.name, "000013-d2.pdf"]) == {ACTE.name: b"{}"}


async def test_a_directory_or_a_bucket_that_is_away_says_so_for_acknowledgements_too(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    away = BdtBucket(DirectoryObjects(tmp_path / "file"), "s3://bdt")
    with pytest.raises(Unavailable, match="bdt"):
        await away.send(ACTE, NOW)
    with pytest.raises(Unavailable, match="bdt"):
        await away.acknowledgements([ACTE.name])
    (tmp_path / acknowledgement_name(ACTE.name)).mkdir()
    with pytest.raises(Unavailable, match="bdt"):
        await BdtDirectory(tmp_path).acknowledgements([ACTE.name])


class Forgetful(DirectoryObjects):
    """A bucket that says it stored what it was given."""

    kept: bytes | None = b"%PDF-1.7 cut"

    async def read(self, key: str) -> bytes:
        if self.kept is None:
            raise ObjectMissing("Il n'y est pas.")
        return self.kept


async def test_a_bucket_that_holds_other_bytes_than_it_was_given_proves_nothing(tmp_path):
    objects = Forgetful(tmp_path)
    with pytest.raises(ActeNameTaken):
        await BdtBucket(objects, "s3://bdt").send(ACTE, NOW)
    objects.kept = None
    with pytest.raises(Unavailable, match="bdt"):
        await BdtBucket(objects, "s3://bdt").send(ACTE, NOW)


# -- SFTP --------------------------------------------------------------------------------------------------------------


async def test_a_server_with_another_key_gets_nothing(sftp):
    impostor = sftp.client(asyncssh.generate_private_key("ssh-ed25519"))
    with pytest.raises(BdtHostUnknown):
        await impostor.send(ACTE, NOW)
    with pytest.raises(BdtHostUnknown):
        await impostor.acknowledgements([ACTE.name])
    assert list((sftp.root / "actes").iterdir()) == []


async def test_a_server_that_is_away_knows_us_not_or_lost_its_folder_is_tried_again_later(sftp):
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    client = sftp.client()
    with pytest.raises(Unavailable, match="bdt"):
        await sftp.client(directory="elsewhere").send(ACTE, NOW)
    sftp.key_file.write_bytes(stranger.export_private_key())
    with pytest.raises(Unavailable, match="bdt"):
        await client.send(ACTE, NOW)
    await sftp.stop()
    with pytest.raises(Unavailable, match="bdt"):
        await client.send(ACTE, NOW)


async def test_what_bears_the_name_of_an_acte_on_the_server_is_whole(sftp, monkeypatch):
    class Cut(asyncssh.SFTPServer):
        async def rename(self, oldpath: bytes, newpath: bytes) -> None:
            raise asyncssh.SFTPFailure("disk trouble")

    monkeypatch.setattr(sftp, "serve", lambda channel: Cut(channel, chroot=str(sftp.root).encode()))
    await sftp.stop()
    await sftp.start()
    with pytest.raises(Unavailable, match="bdt"):
        await sftp.client().send(ACTE, NOW)
    assert list((sftp.root / "actes").iterdir()) == []


async def test_a_server_that_keeps_other_bytes_than_it_got_has_no_acte(sftp, monkeypatch):
    class Lossy(asyncssh.SFTPServer):
        def write(self, file_obj: object, offset: int, data: bytes) -> int:
            return len(data)

    monkeypatch.setattr(sftp, "serve", lambda channel: Lossy(channel, chroot=str(sftp.root).encode()))
    await sftp.stop()
    await sftp.start()
    with pytest.raises(ActeNameTaken):
        await sftp.client().send(ACTE, NOW)


async def test_an_interrupted_sftp_transmission_is_completed(sftp):
    (sftp.root / "actes" / ACTE.name).write_bytes(ACTE.pdf)
    await sftp.client().send(ACTE, NOW)
    assert sorted(path.name for path in (sftp.root / "actes").iterdir()) == ["000012-d1.json", "000012-d1.pdf"]
