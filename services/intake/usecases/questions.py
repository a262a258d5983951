"""Questions: stored with the request, mailed until sent, once."""

from dataclasses import dataclass

import structlog

from services.intake import store
from services.intake.domain import question as domain
from services.intake.domain.question import Question, QuestionMailed, QuestionWritten
from services.intake.mail import Mailbox, Posting
from shared.clock import Clock
from shared.documents import Document, Documents
from shared.errors import Unavailable
from shared.events import Cause
from shared.ids import new_id
from shared.journal import Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Questions:
    """`recipient` is where questions go; without a mail server they stay queued."""

    questions: Journal[Question]
    view: Documents
    mailbox: Mailbox
    recipient: str
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
        """Send what was not sent; a question that is refused holds up nobody."""
        if self.mailbox.host is None:
            return
        async for row in store.unmailed(self.view):
            question = (await self.questions.load(row["question_id"])).state
            if question.written is None or question.mailed:
                continue
            try:
                posting = await self._send(question.written)
            except Unavailable:
                log.warning("questions_postponed")
                return
            if posting is not Posting.TAKEN:
                continue
            done = QuestionMailed(question_id=row["question_id"], mailed_at=self.clock.now())
            cause = Cause("service:intake", correlation=row["question_id"])
            await self.questions.append(row["question_id"], lambda state, done=done: domain.mailed(state, done), cause)

    async def _send(self, written: QuestionWritten) -> Posting:
        text = f"SIREN {written.siren}\n\n{written.text}\n"
        message = self.mailbox.message(written.question_id, self.recipient, written.subject, text)
        message["Reply-To"] = written.reply_to
        return await self.mailbox.send(message)
