"""Questions are mailed over SMTP, each once; one that is refused holds up nobody."""

from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from pydantic import ValidationError

from deploy.local.process import free_port
from services.intake import store
from services.intake.api.public import QuestionRequest
from services.intake.domain import question
from services.intake.mail import Mailbox
from services.intake.usecases.questions import Questions
from shared.documents import MemoryDocuments
from shared.journal import Journal
from shared.views import View
from tests.counter import FixedClock, cause

ANSWER_TO = "contact@essai.example"
REFUSED = "550 5.7.1 refused"


class Office:
    """An SMTP server's handler that refuses subjects with a word in them."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[str] = []

    async def handle_DATA(self, _, __, envelope) -> str:
        mail = message_from_bytes(envelope.content, policy=default)
        if "refus" in mail["Subject"]:
            return REFUSED
        assert mail["Reply-To"] == ANSWER_TO
        self.received.append(mail["Subject"].removeprefix("[AMI garantie] "))
        return "250 OK"


@pytest.fixture
def office():
    made = Office()
    server = Controller(made, hostname="127.0.0.1", port=free_port())
    server.start()
    made.port = server.port
    yield made
    server.stop()


def questions(port: int) -> Questions:
    commits, rows = MemoryDocuments(), View(MemoryDocuments(), store.render_question)

    async def project(commit, state) -> None:
        await rows.put(journal, commits, commit.stream.split(":", 1)[1], state, commit.version)

    journal = Journal(question.KIND, commits, FixedClock(), project)
    mailbox = Mailbox("127.0.0.1", port, "ami@als.example")
    return Questions(journal, rows.documents, mailbox, "ami.garantie@als.example", FixedClock())


async def asked(made: Questions, *subjects: str) -> None:
    for subject in subjects:
        await made.ask("732829320", subject, "Bonjour.", ANSWER_TO, None, cause())


async def test_a_question_is_mailed_once(office):
    made = questions(office.port)
    await asked(made, "Délai d'instruction")
    await made.mail_pending()
    await made.mail_pending()
    assert office.received == ["Délai d'instruction"]


async def test_a_question_that_is_refused_holds_up_nobody(office):
    made = questions(office.port)
    await asked(made, "un refus", "Pièces à joindre")
    await made.mail_pending()
    assert office.received == ["Pièces à joindre"]


async def test_while_the_server_is_away_questions_wait(office):
    away = questions(free_port())
    await asked(away, "Pièces à joindre")
    await away.mail_pending()
    assert [row["mailed"] async for row in away.view.find({})] == [False]


@pytest.mark.parametrize("ending", ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_subject_is_one_line_whatever_ends_a_line(ending):
    with pytest.raises(ValidationError):
        QuestionRequest(siren="732829320", subject=f"a{ending}b", text="t", reply_to=ANSWER_TO)
