"""A question: written once, mailed once, without the person on the bus."""

from services.intake.domain import question as domain
from services.intake.domain.question import Question, QuestionMailed, QuestionWritten
from shared.contracts.intake import QuestionAsked
from tests.unit.intake.samples import NOW, opened


def written() -> QuestionWritten:
    return QuestionWritten(
        question_id="q1",
        siren="732829320",
        asked_by="user:ada",
        reply_to="ada@habitat.example",
        subject="Zonage",
        text="Quel zonage compte ?",
        asked_at=NOW,
    )


def asked(dossier_id: str | None = "d1") -> Question:
    question = Question()
    for event in domain.ask(question, written(), dossier_id):
        question = question.fold(event)
    return question


def test_a_question_is_written_and_announced_without_the_person():
    private, public = domain.ask(Question(), written(), "d1")
    assert private == written()
    assert isinstance(public, QuestionAsked)
    assert public.model_dump() == {
        "question_id": "q1",
        "siren": "732829320",
        "subject": "Zonage",
        "dossier_id": "d1",
        "asked_at": NOW,
    }
    assert (asked().written, asked().dossier_id, asked(None).dossier_id) == (written(), "d1", None)


def test_the_same_question_again_changes_nothing():
    assert domain.ask(asked(), written(), "d1") == []


def test_a_question_is_mailed_once():
    done = QuestionMailed(question_id="q1", mailed_at=NOW)
    assert domain.mailed(asked(), done) == [done]
    assert asked().fold(done).mailed
    assert domain.mailed(asked().fold(done), done) == []


def test_a_fact_of_another_stream_changes_nothing():
    assert asked().fold(opened()) == asked()
