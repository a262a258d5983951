"""How an acte reaches the Banque des Territoires: a directory it collects from, or mail."""

import asyncio
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib

from shared.errors import Refusal, Unavailable
from shared.ids import new_id

COMPONENT = "bdt"
SMTP_TIMEOUT_SECONDS = 10.0


class TransmissionRefused(Refusal):
    """What repeating cannot mend: a person has to look."""


class ActeNameTaken(TransmissionRefused):
    type = "acte-name-taken"
    title = "Un autre document porte déjà le nom de cet acte"


class ActeAltered(TransmissionRefused):
    type = "acte-altered"
    title = "Le document conservé n'est plus l'acte qui a été établi"


@dataclass(frozen=True, slots=True)
class Acte:
    """What is transmitted; sending the same again changes nothing at the BdT."""

    dossier_id: str
    deposit_number: int
    pdf: bytes
    prepared_at: datetime

    @property
    def name(self) -> str:
        return f"{self.deposit_number:06d}-{self.dossier_id}.pdf"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()

    def manifest(self) -> bytes:
        """JSON: file, sha256, size_bytes, dossier_id, deposit_number, prepared_at."""
        described = {
            "file": self.name,
            "sha256": self.sha256,
            "size_bytes": len(self.pdf),
            "dossier_id": self.dossier_id,
            "deposit_number": self.deposit_number,
            "prepared_at": self.prepared_at.isoformat(),
        }
        return json.dumps(described, sort_keys=True, indent=2).encode() + b"\n"


class Transmission(Protocol):
    async def send(self, acte: Acte) -> None:
        """Return once the BdT has the acte. Raises: Unavailable("bdt") (repeat later), ActeNameTaken."""
        ...


@dataclass(frozen=True, slots=True)
class BdtDirectory:
    """Puts the PDF, then its manifest: a manifest says that its PDF is whole."""

    path: Path

    async def send(self, acte: Acte) -> None:
        try:
            await asyncio.to_thread(self._write_both, acte)
        except OSError as error:
            raise Unavailable(COMPONENT) from error

    def _write_both(self, acte: Acte) -> None:
        target = self.path / acte.name
        _write_once(target, acte.pdf)
        _write_once(target.with_suffix(".json"), acte.manifest())


def _write_once(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; the same content again is fine.

    Raises: ActeNameTaken when the file holds something else, OSError.
    """
    with suppress(FileNotFoundError):
        if target.read_bytes() != content:
            raise ActeNameTaken(f"Le fichier {target.name} existe déjà avec un autre contenu.")
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


@dataclass(frozen=True, slots=True)
class BdtMail:
    """Sends the acte as an attachment; the same acte is always the same message, Message-ID included."""

    host: str
    port: int
    to: str
    sender: str

    async def send(self, acte: Acte) -> None:
        try:
            await aiosmtplib.send(self.message(acte), hostname=self.host, port=self.port, timeout=SMTP_TIMEOUT_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(COMPONENT) from error

    def message(self, acte: Acte) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = self.to
        message["Subject"] = f"Acte de cautionnement n° {acte.deposit_number}"
        message["Date"] = format_datetime(acte.prepared_at)
        message["Message-ID"] = f"<acte-{acte.dossier_id}-{acte.sha256[:16]}@{self.sender.rpartition('@')[2]}>"
        message.set_content(
            f"Veuillez trouver ci-joint l'acte de cautionnement du dossier n° {acte.deposit_number}.\n\n"
            f"Empreinte SHA-256 : {acte.sha256}\n"
        )
        message.add_attachment(acte.pdf, maintype="application", subtype="pdf", filename=acte.name)
        message.set_boundary(f"acte-{acte.sha256[:32]}")
        return message
