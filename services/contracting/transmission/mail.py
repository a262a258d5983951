"""Mail to the BdT."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from services.contracting.domain.facts import Channel, Proof
from services.contracting.transmission.port import COMPONENT, Acte
from shared.errors import Unavailable

SMTP_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class BdtMail:
    """Sends the acte as an attachment; the same acte is always the same message, Message-ID included.

    At least once: a crash between the server's answer and its recording sends the message again, and the reader
    tells it by its Message-ID. The proof is that our mail server took it, not that the BdT read it.
    """

    host: str
    port: int
    to: str
    sender: str

    async def send(self, acte: Acte, now: datetime) -> Proof:
        message = self.message(acte)
        try:
            _, answer = await aiosmtplib.send(message, hostname=self.host, port=self.port, timeout=SMTP_TIMEOUT_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(COMPONENT) from error
        return acte.proof(Channel.MAIL, self.to, f"{message['Message-ID']} {answer}", now)

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        """None: an answer by mail is recorded by a person."""
        return {}

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
