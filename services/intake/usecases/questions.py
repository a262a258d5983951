"""Questions: stored with the request, mailed until sent, once."""

from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib
import structlog

from services.intake import store
from services.intake.domain import question as domain
from services.intake.domain.question import Question, QuestionMailed, QuestionWritten
from shared.clock import Clock
from shared.documents import Document, Documents
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal

log = structlog.get_logger(__name__)

SMTP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where questions go; without a host they stay queued."""

    host: str | None
    port: int
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Questions:
    questions: Journal[Question]
    view: Documents
    mailbox: Mailbox
    clock: Clock

    async def ask(
        self, siren: str, subject: str, text: str, reply_to: str, dossier_id: str | None, cause: Cause
    ) -> QuestionWritten:
        written = QuestionWritten(
            question_id=new_id(),
            siren=siren,
            asked_by=cause.actor,
            reply_to=reply_to,
            subject=subject,
            text=text,
            asked_at=self.clock.now(),
        )
        await self.questions.append(written.question_id, lambda state: domain.ask(state, written, dossier_id), cause)
        return written

    async def listed(self, sirens: list[str]) -> list[Document]:
        query = {"siren": {"$in": sirens}}
        return [row async for row in self.view.find(query, sort=[("asked_at", -1)], limit=200)]

    async def mail_pending(self) -> None:
        """Send what was not sent; the message id is the question's, so that a repeated mail can be told."""
        if self.mailbox.host is None:
            return
        async for row in store.unmailed(self.view):
            question = (await self.questions.load(row["question_id"])).state
            if question.written is None or question.mailed:
                continue
            try:
                await self._send(question.written)
            except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused, ValueError) as refusal:
                # This one is refused; those behind it are not.
                log.error("mail_refused", question=row["question_id"], error=type(refusal).__name__)
                continue
            except (aiosmtplib.SMTPException, OSError) as error:
                log.warning("mail_postponed", error=type(error).__name__)
                return
            done = QuestionMailed(question_id=row["question_id"], mailed_at=self.clock.now())
            cause = Cause("service:intake", correlation=row["question_id"])
            await self.questions.append(row["question_id"], lambda state, done=done: domain.mailed(state, done), cause)

    async def _send(self, written: QuestionWritten) -> None:
        message = EmailMessage()
        message["From"] = self.mailbox.sender
        message["To"] = self.mailbox.recipient
        message["Reply-To"] = written.reply_to
        message["Subject"] = f"[AMI garantie] {written.subject}"
        message["Message-ID"] = f"<{written.question_id}@{self.mailbox.sender.rsplit('@', 1)[1]}>"
        message.set_content(f"SIREN {written.siren}\n\n{written.text}\n")
        await aiosmtplib.send(message, hostname=self.mailbox.host, port=self.mailbox.port, timeout=SMTP_SECONDS)
