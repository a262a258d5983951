"""The BdT gets each acte whole, once, and never two contents under one name: in a directory and by mail."""

import asyncio
import hashlib
import json
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP

from services.contracting.domain.facts import Channel
from services.contracting.transmission import ActeNameTaken, BdtDirectory, BdtMail
from shared.errors import Unavailable
from tests.unit.contracting.drops import ACTE
from tests.unit.contracting.samples import NOW


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
