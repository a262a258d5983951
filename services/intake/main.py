"""Builds the intake service."""

from fastapi import FastAPI

from services.intake import store
from services.intake.api import bailleurs, documents, offers, public
from services.intake.api import dossiers as dossiers_api
from services.intake.domain import bailleur, campaign, dossier, question, register
from services.intake.handlers import GROUP, handlers
from services.intake.library import Library
from services.intake.mail import Mailbox
from services.intake.settings import IntakeSettings
from services.intake.store import Deposits, Drafts, Scans
from services.intake.usecases.accounts import Accounts
from services.intake.usecases.answers import Answers
from services.intake.usecases.dossiers import Dossiers
from services.intake.usecases.notices import Notices
from services.intake.usecases.questions import Questions
from services.intake.usecases.uploads import Depositing
from shared.scanner import ClamdScanner, EmbeddedScanner, Scanner
from shared.service import Service
from shared.settings import read_settings

SCAN_CHECK_SECONDS = 2.0
MAIL_CHECK_SECONDS = 5.0
HEARD_AT_ONCE = 100


def build() -> FastAPI:
    return create_app(read_settings(IntakeSettings))


def create_app(settings: IntakeSettings) -> FastAPI:
    service = Service("intake", settings)
    accounts = Accounts(
        service.journal(bailleur.KIND, store.render_account), service.view(bailleur.KIND), service.clock
    )
    journal = service.journal(dossier.KIND, store.render_dossier)
    dossiers = Dossiers(
        accounts=accounts,
        dossiers=journal,
        registers=service.journal(register.KIND, snapshots=True),
        campaigns=service.journal(campaign.KIND),
        drafts=Drafts(service.collection("drafts")),
        deposits=Deposits(service.commits),
        view=service.view(dossier.KIND),
        campaign_id=settings.campaign_id,
        clock=service.clock,
    )
    scans = Scans(service.collection("scans"))
    depositing = Depositing(
        scans, journal, dossiers.known, service.objects, scanner(settings), service.clock, settings.max_upload_bytes
    )
    mailbox = Mailbox(settings.smtp_host, settings.smtp_port, settings.mail_from)
    asked = service.journal(question.KIND, store.render_question)
    questions = Questions(asked, service.view(question.KIND), mailbox, settings.questions_to, service.clock)
    notices = Notices(journal, accounts.accounts, service.view(dossier.KIND), mailbox, service.clock)
    answers = Answers(dossiers, journal, service.objects, service.clock)
    # A landlord waits for a number; that others hear of it, nobody waits for: few at a time are written before the
    # next deposit has its turn, and a rush passes first.
    inbox = service.consume(GROUP, handlers(dossiers), in_batches=True, batch=dossiers.heard, max_records=HEARD_AT_ONCE)
    service.relay.give_way = inbox.give_way = dossiers.rush.passed
    service.every(SCAN_CHECK_SECONDS, depositing.scan_pending)
    service.every(MAIL_CHECK_SECONDS, questions.mail_pending)
    service.every(MAIL_CHECK_SECONDS, notices.mail_due)
    routers = [
        dossiers_api.router(dossiers),  # first, as the deposit is in it: routes are tried one after the other
        bailleurs.router(accounts),
        documents.router(dossiers, depositing),
        offers.router(dossiers, answers),
        public.router(dossiers, questions, Library(settings.directive_file)),
    ]
    return service.app("Dépôt des demandes de garantie", routers)


def scanner(settings: IntakeSettings) -> Scanner:
    return ClamdScanner(settings.clamd_host, settings.clamd_port) if settings.clamd_host else EmbeddedScanner()
