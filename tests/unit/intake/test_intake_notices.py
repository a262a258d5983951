"""A bailleur is told by mail of its offer and reminded of its end, each once, whatever befalls the mail server."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from structlog.testing import capture_logs

from deploy.local.process import free_port
from services.intake import store
from services.intake.domain import bailleur, dossier, notice
from services.intake.domain.bailleur import ContactRecorded
from services.intake.domain.facts import Notice, OfferNoticeMailed
from services.intake.mail import Mailbox
from services.intake.usecases.notices import Notices
from shared.contracts.contracting import BoardConfirmed
from shared.contracts.intake import DossierWithdrawn
from shared.contracts.pricing import OfferReminderSent
from shared.documents import MemoryDocuments
from shared.events import Event
from shared.journal import Commit, Journal
from shared.views import View
from tests import facts
from tests.announced import announced
from tests.counter import FixedClock, cause
from tests.facts import DOSSIER
from tests.unit.intake.samples import LAST_MOMENT, NOW, OFFER, SECOND, acceptance, decline, issued, opened, seen

FACTS = announced()
NEXT = f"{DOSSIER}-2"
ADDRESS = "garantie@bailleur.example"


def reminder(offer_id: str = OFFER) -> OfferReminderSent:
    return OfferReminderSent(dossier_id=DOSSIER, offer_id=offer_id, valid_until=LAST_MOMENT, sent_at=NOW)


def told(about: Notice, offer_id: str = OFFER) -> OfferNoticeMailed:
    return OfferNoticeMailed(dossier_id=DOSSIER, offer_id=offer_id, notice=about, taken=True, mailed_at=NOW)


@pytest.mark.parametrize(
    ("events", "due"),
    [
        ([], None),
        ([issued()], Notice.ISSUED),
        ([issued(), told(Notice.ISSUED)], None),
        ([issued(), told(Notice.ISSUED), reminder()], Notice.REMINDER),
        ([issued(), reminder()], Notice.REMINDER),
        ([issued(), reminder(), told(Notice.REMINDER)], None),
        ([issued(), acceptance()], None),
        ([issued(), reminder(), decline()], None),
        ([issued(), FACTS[BoardConfirmed]], Notice.ISSUED),
        ([issued(), reminder(), told(Notice.REMINDER), issued(NEXT)], Notice.ISSUED),
        ([issued(), FACTS[DossierWithdrawn]], None),
    ],
)
def test_the_open_offer_is_told_of_once_and_reminded_of_once(events: list[Event], due: Notice | None):
    assert notice.due(seen(facts.submitted(), *events)) is due


def test_a_notice_is_recorded_once():
    assert notice.mailed(seen(issued()), told(Notice.ISSUED)) == [told(Notice.ISSUED)]
    assert notice.mailed(seen(issued(), told(Notice.ISSUED)), told(Notice.ISSUED)) == []


class Post:
    """An SMTP server's handler; `answers` come first, then it takes everything."""

    def __init__(self) -> None:
        self.port = free_port()
        self.answers: list[str] = []
        self.received: list[EmailMessage] = []

    async def handle_RCPT(self, _, __, envelope, address: str, ___) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _, __, envelope) -> str:
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.received.append(mail)
        return "250 OK"

    def server(self) -> Controller:
        return Controller(self, hostname="127.0.0.1", port=self.port)


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    server = made.server()
    server.start()
    yield made
    server.stop()


class Office:
    """Intake's dossiers and accounts on memory, and what mails of them."""

    def __init__(self, host: str | None, port: int) -> None:
        self.clock = FixedClock(NOW)
        commits, self.rows = MemoryDocuments(), View(MemoryDocuments(), store.render_dossier)

        async def project(commit: Commit, state: dossier.Dossier) -> None:
            key = commit.stream.split(":", 1)[1]
            await self.rows.put(self.dossiers, commits, key, state, commit.version)

        async def kept(_: Commit, __: bailleur.Account) -> None:
            pass

        self.dossiers = Journal(dossier.KIND, commits, self.clock, project)
        self.accounts = Journal(bailleur.KIND, commits, self.clock, kept)
        mailbox = Mailbox(host, port, "ami@als.example")
        self.notices = Notices(self.dossiers, self.accounts, self.rows.documents, mailbox, self.clock)

    async def hear(self, *events: Event, dossier_id: str = DOSSIER) -> None:
        for event in events:
            await self.dossiers.append(dossier_id, lambda state, event=event: dossier.note(state, event), cause())

    async def offered(self) -> None:
        contact = ContactRecorded(
            siren=opened().siren, legal_category="5546", address="1 rue", contact_email=ADDRESS, recorded_at=NOW
        )
        await self.accounts.append(opened().siren, lambda _: [contact], cause())
        await self.hear(opened(), facts.submitted(), issued())

    async def recorded(self) -> list[OfferNoticeMailed]:
        return [event async for event in self.dossiers.events(DOSSIER) if isinstance(event, OfferNoticeMailed)]


def office(post: Post) -> Office:
    return Office("127.0.0.1", post.port)


def text_of(mail: EmailMessage) -> str:
    return " ".join(mail.get_content().replace("\u00a0", " ").split())


async def test_the_issue_of_an_offer_is_mailed_once_although_it_is_announced_again(post: Post):
    made = office(post)
    await made.offered()
    await made.notices.mail_due()
    await made.hear(issued())
    await made.notices.mail_due()
    (mail,) = post.received
    assert (mail["To"], mail["Message-ID"]) == (ADDRESS, f"<issued-{OFFER}@als.example>")
    assert mail["Subject"] == "[AMI garantie] Dossier n° 1 : une proposition de tarification vous attend"
    assert "est à votre disposition sur la plateforme" in text_of(mail)
    assert "valable jusqu'au 30 mai 2024 à 23 h 59 min 59 s inclus" in text_of(mail)


async def test_the_reminder_is_mailed_once_although_it_is_announced_again(post: Post):
    made = office(post)
    await made.offered()
    await made.notices.mail_due()
    for _ in range(2):
        await made.hear(reminder())
        await made.notices.mail_due()
    _, mail = post.received
    assert "arrive à son terme" in mail["Subject"]
    assert "n'a pas encore reçu de réponse" in text_of(mail)
    assert [one.notice for one in await made.recorded()] == [Notice.ISSUED, Notice.REMINDER]


async def test_a_notice_says_nothing_of_the_price(post: Post):
    made = office(post)
    await made.offered()
    await made.hear(reminder())
    await made.notices.mail_due()
    (mail,) = post.received
    assert not [word for word in ("€", "100 488", "taux", "cotation") if word in text_of(mail)]


async def test_while_the_server_is_away_notices_wait_and_no_log_names_the_address():
    post = Post()
    made = office(post)
    await made.offered()
    with capture_logs() as logs:
        await made.notices.mail_due()
    assert [one["event"] for one in logs] == ["notices_postponed"]
    assert ADDRESS not in str(logs)
    server = post.server()
    server.start()
    try:
        await made.notices.mail_due()
    finally:
        server.stop()
    assert len(post.received) == 1


async def test_a_notice_that_is_put_off_is_sent_again(post: Post):
    post.answers = ["450 4.2.0 greylisted"]
    made = office(post)
    await made.offered()
    await made.notices.mail_due()
    assert (post.received, await made.recorded()) == ([], [])
    await made.notices.mail_due()
    assert [one.taken for one in await made.recorded()] == [True]


async def test_a_notice_that_is_refused_for_good_is_not_sent_again_and_no_log_names_the_address(post: Post):
    post.answers = ["550 5.1.1 unknown"]
    made = office(post)
    await made.offered()
    with capture_logs() as logs:
        await made.notices.mail_due()
        await made.notices.mail_due()
    assert post.received == []
    assert [one.taken for one in await made.recorded()] == [False]
    assert [one["event"] for one in logs] == ["mail_refused"]
    assert ADDRESS not in str(logs)


async def test_nobody_is_told_of_an_offer_that_has_ended(post: Post):
    made = office(post)
    await made.offered()
    made.clock.moment = LAST_MOMENT + SECOND
    await made.notices.mail_due()
    assert post.received == []
    made.clock.moment = LAST_MOMENT
    await made.notices.mail_due()
    assert len(post.received) == 1


async def test_an_answer_that_came_before_the_mail_makes_it_needless(post: Post):
    made = office(post)
    await made.offered()
    await made.hear(acceptance())
    await made.notices.mail_due()
    assert post.received == []


async def test_the_deposit_is_waited_for(post: Post):
    made = office(post)
    await made.hear(opened(), issued())
    await made.notices.mail_due()
    assert (post.received, await made.recorded()) == ([], [])


async def test_without_a_mail_server_nothing_is_said():
    made = Office(None, 25)
    await made.offered()
    with capture_logs() as logs:
        await made.notices.mail_due()
    assert (logs, await made.recorded()) == ([], [])


async def test_a_row_that_lags_behind_its_dossier_tells_nothing_twice(post: Post):
    made = office(post)
    await made.offered()
    row = await made.rows.documents.get(DOSSIER)
    assert row is not None
    await made.notices.mail_due()
    await made.rows.documents.put(row)
    made.clock.advance(days=1)
    await made.notices.mail_due()
    assert len(post.received) == 1
