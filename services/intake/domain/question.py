"""A bailleur's question: stored, then mailed once (cahier des charges 7)."""

from dataclasses import dataclass, replace

from shared.contracts.intake import QUESTION_TOPIC, QuestionAsked
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind


class QuestionWritten(Event):
    """The text and who asks: private, personal data stays in intake."""

    question_id: str
    siren: str
    asked_by: str
    reply_to: str
    subject: str
    text: str
    asked_at: UtcDatetime


class QuestionMailed(Event):
    question_id: str
    mailed_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Question:
    written: QuestionWritten | None = None
    dossier_id: str | None = None
    mailed: bool = False

    def fold(self, event: Event) -> "Question":
        match event:
            case QuestionWritten():
                return replace(self, written=event)
            case QuestionAsked(dossier_id=dossier_id):
                return replace(self, dossier_id=dossier_id)
            case QuestionMailed():
                return replace(self, mailed=True)
            case _:
                return self


KIND = StreamKind("question", Question(), frozenset({QUESTION_TOPIC}))


def ask(question: Question, written: QuestionWritten, dossier_id: str | None) -> list[Event]:
    if question.written is not None:
        return []
    asked = QuestionAsked(
        question_id=written.question_id,
        siren=written.siren,
        subject=written.subject,
        dossier_id=dossier_id,
        asked_at=written.asked_at,
    )
    return [written, asked]


def mailed(question: Question, done: QuestionMailed) -> list[Event]:
    return [] if question.mailed else [done]
