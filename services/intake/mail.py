"""Sends mail, where a server is configured, and words what landlords are told by it."""

from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum

import aiosmtplib
import structlog

from services.intake.domain.facts import Notice
from shared.contracts.intake import DossierSubmitted
from shared.contracts.pricing import OfferIssued
from shared.errors import Unavailable
from shared.typeset import french_second

log = structlog.get_logger(__name__)

SMTP_SECONDS = 10.0
FIRST_PERMANENT_CODE = 500  # RFC 5321, 4.2.1


class Posting(StrEnum):
    """`refused`: the same message to the same address will never be taken."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Without a host nothing is sent."""

    host: str | None
    port: int
    sender: str

    def message(self, name: str, to: str, subject: str, text: str) -> EmailMessage:
        """The same `name` is the same Message-ID, so that a repeated mail can be told."""
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = f"[AMI garantie] {subject}"
        message["Message-ID"] = f"<{name}@{self.sender.rsplit('@', 1)[1]}>"
        message.set_content(text)
        return message

    async def send(self, message: EmailMessage) -> Posting:
        """A refusal concerns this message; those behind it may pass. Raises: Unavailable when no server answers."""
        assert self.host is not None, "asked only where there is a server"
        try:
            await aiosmtplib.send(message, hostname=self.host, port=self.port, timeout=SMTP_SECONDS)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused, ValueError) as refusal:
            log.error("mail_refused", message=message["Message-ID"], error=type(refusal).__name__)
            return Posting.REFUSED if _permanent(refusal) else Posting.LATER
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable("mail") from error
        return Posting.TAKEN


def _permanent(refusal: Exception) -> bool:
    """What the server says of the address or the content; what it says of us, an operator can mend."""
    match refusal:
        case aiosmtplib.SMTPRecipientsRefused(recipients=recipients):
            return all(one.code >= FIRST_PERMANENT_CODE for one in recipients)
        case aiosmtplib.SMTPDataError(code=code):
            return code >= FIRST_PERMANENT_CODE
        case _:
            return isinstance(refusal, ValueError)


def notice_subject(notice: Notice, submitted: DossierSubmitted) -> str:
    said = {
        Notice.ISSUED: "une proposition de tarification vous attend",
        Notice.REMINDER: "votre proposition de tarification arrive à son terme",
    }
    return f"Dossier n° {submitted.deposit_number} : {said[notice]}"


def notice_text(notice: Notice, submitted: DossierSubmitted, offer: OfferIssued) -> str:
    """Never a rating, a step, a rate or an amount (DOMAIN rule 11): the offer is read on the platform."""
    operation = f"« {submitted.operation.name} », {submitted.operation.commune_name}"
    said = {
        Notice.ISSUED: "est à votre disposition sur la plateforme",
        Notice.REMINDER: "n'a pas encore reçu de réponse",
    }
    return (
        "Bonjour,\n\n"
        f"La proposition de tarification du dossier n° {submitted.deposit_number} ({operation}) {said[notice]}. "
        f"Elle est valable jusqu'au {french_second(offer.valid_until)} inclus (heure de Paris).\n\n"
        "Un représentant habilité de votre organisme peut l'accepter ou la refuser sur la plateforme. Passé ce terme, "
        "elle est caduque et le montant réservé dans l'enveloppe est libéré.\n\n"
        "Action Logement Services\n"
    )
