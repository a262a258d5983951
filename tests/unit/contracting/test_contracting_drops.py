"""The same promises on every kind of drop, and what SFTP adds to them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncssh
import pytest

from services.contracting.domain.facts import Channel
from services.contracting.transmission import (
    ActeNameTaken,
    BdtBucket,
    BdtDirectory,
    BdtHostUnknown,
    acknowledgement_name,
)
from shared.errors import Unavailable
from shared.objects import DirectoryObjects, MinioObjects, ObjectMissing
from tests.unit.contracting.drops import ACTE, Drop, SftpDrop, bucket, folder
from tests.unit.contracting.samples import NOW


@pytest.fixture
async def sftp(tmp_path) -> AsyncIterator[SftpDrop]:
    drop = SftpDrop(tmp_path)
    (drop.root / "actes").mkdir()
    await drop.start()
    yield drop
    await drop.stop()


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
