"""Builds the contracting service."""

from fastapi import FastAPI

from services.contracting import store
from services.contracting.api import account as account_api
from services.contracting.api import board as board_api
from services.contracting.api import delivery as delivery_api
from services.contracting.api import engagements as engagements_api
from services.contracting.api import payments as payments_api
from services.contracting.api import screenings as screenings_api
from services.contracting.api import signed_returns as signed_returns_api
from services.contracting.api import statements as statements_api
from services.contracting.domain import account, board, engagement, payment, screening, statement
from services.contracting.domain.board import QuorumRule
from services.contracting.domain.facts import Channel, Payee
from services.contracting.freeze_register import FreezeRegister, RegisterFile, RegisterObject
from services.contracting.handlers import GROUP, handlers
from services.contracting.papers import Papers
from services.contracting.settings import ContractingSettings
from services.contracting.signatures.keys import check_keys, examiner, seal
from services.contracting.transmission import BdtBucket, BdtDirectory, BdtMail, BdtSftp, Transmission, Ways
from services.contracting.usecases.acknowledgements import Acknowledgements
from services.contracting.usecases.board import Board
from services.contracting.usecases.books import Books
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.payments import Payments
from services.contracting.usecases.refunds import Refunds
from services.contracting.usecases.screenings import Screenings
from services.contracting.usecases.signed_returns import SignedReturns
from services.contracting.usecases.statements import Statements
from shared import campaign
from shared.clock import clock
from shared.objects import MinioObjects, ObjectStore
from shared.service import Service
from shared.settings import read_settings

TRANSMISSION_RETRY_SECONDS = 5.0
PAYMENTS_CHECK_SECONDS = 5.0
RETURNS_CHECK_SECONDS = 2.0
BOARD_CHECK_SECONDS = 5.0
ACKNOWLEDGEMENTS_SECONDS = 60.0


def build() -> FastAPI:
    settings = read_settings(ContractingSettings)
    check_keys(settings, clock(settings.clock_file).now())
    return create_app(settings)


def create_app(settings: ContractingSettings) -> FastAPI:
    service = Service("contracting", settings)
    journal = service.journal(engagement.KIND, store.render)
    sessions = service.journal(board.KIND, store.render_session)
    received = service.journal(payment.KIND, store.render_payment)
    view = service.view(engagement.KIND)
    screened = service.journal(screening.KIND, store.render_screening)
    kept, days = freeze_register(settings, service.objects), settings.freeze_register_max_age_days
    screenings = Screenings(journal, screened, service.view(screening.KIND), kept, service.clock, days)
    ways = transmission(settings)
    papers = _papers(settings, service.objects)
    engagements = Engagements(
        engagements=journal,
        campaigns=service.journal(campaign.KIND),
        view=view,
        objects=service.objects,
        ways=ways,
        papers=papers,
        clock=service.clock,
        screenings=screenings,
    )
    sittings = service.view(board.KIND)
    rule, days = _quorum(settings), settings.retention_days
    decisions = Board(journal, sessions, view, sittings, service.objects, rule, service.clock, days)
    returns = SignedReturns(journal, view, service.objects, papers, examiner(settings), service.clock)
    books, entries = Books(journal, received, service.clock), service.view(payment.KIND)
    refunds = Refunds(books, view, entries)
    payments = Payments(books, refunds, view, entries)
    statements = _statements(service, payments, settings)
    acknowledgements = Acknowledgements(journal, view, ways, service.clock)
    service.consume(GROUP, handlers(engagements))
    service.every(TRANSMISSION_RETRY_SECONDS, engagements.transmit_pending)
    service.every(ACKNOWLEDGEMENTS_SECONDS, acknowledgements.collect)
    service.every(PAYMENTS_CHECK_SECONDS, payments.finish_interrupted)
    service.every(PAYMENTS_CHECK_SECONDS, refunds.finish_interrupted)
    service.every(PAYMENTS_CHECK_SECONDS, refunds.note_ends)
    service.every(RETURNS_CHECK_SECONDS, returns.examine_pending)
    service.every(BOARD_CHECK_SECONDS, decisions.announce_pending)
    service.every(PAYMENTS_CHECK_SECONDS, statements.finish_interrupted)
    routers = [
        board_api.router(decisions),
        payments_api.router(payments, refunds),
        statements_api.router(statements),
        account_api.router(statements),
        engagements_api.router(engagements),
        signed_returns_api.router(returns),
        delivery_api.router(engagements, acknowledgements),
        screenings_api.router(screenings),
    ]
    return service.app("Contractualisation", routers)


def _statements(service: Service, payments: Payments, settings: ContractingSettings) -> Statements:
    return Statements(
        imports=service.journal(statement.KIND, store.render_statement),
        accounts=service.journal(account.KIND),
        view=service.view(statement.KIND),
        payments=payments,
        objects=service.objects,
        iban=settings.payee_iban,
        clock=service.clock,
        retention_days=settings.retention_days,
    )


def _papers(settings: ContractingSettings, objects: ObjectStore) -> Papers:
    payee = Payee(name=settings.payee_name, iban=settings.payee_iban)
    return Papers(objects, seal(settings), payee, settings.guarantor, settings.retention_days)


def _quorum(settings: ContractingSettings) -> QuorumRule:
    return QuorumRule(
        version=settings.board_rule,
        members=settings.board_members,
        minimum_present=settings.board_minimum_present,
        casting_vote=settings.board_casting_vote,
    )


def transmission(settings: ContractingSettings) -> Ways:
    """The configured ways to the BdT; settings hold one drop, mail, or both."""
    ways = dict[Channel, Transmission]()
    if settings.bdt_directory is not None:
        ways[Channel.DIRECTORY] = BdtDirectory(settings.bdt_directory)
    if settings.bdt_sftp_host is not None:
        assert settings.bdt_sftp_user
        assert settings.bdt_sftp_key_file
        assert settings.bdt_sftp_host_key
        ways[Channel.SFTP] = BdtSftp(
            settings.bdt_sftp_host,
            settings.bdt_sftp_port,
            settings.bdt_sftp_user,
            settings.bdt_sftp_key_file,
            settings.bdt_sftp_host_key,
            settings.bdt_sftp_directory,
        )
    if settings.bdt_s3_endpoint is not None:
        assert settings.bdt_s3_access_key
        assert settings.bdt_s3_secret_key
        assert settings.bdt_s3_bucket
        keys = settings.bdt_s3_access_key.get_secret_value(), settings.bdt_s3_secret_key.get_secret_value()
        bucket = MinioObjects(settings.bdt_s3_endpoint, *keys, settings.bdt_s3_bucket, secure=settings.bdt_s3_secure)
        ways[Channel.S3] = BdtBucket(bucket, f"s3://{settings.bdt_s3_endpoint}/{settings.bdt_s3_bucket}")
    if settings.bdt_mail_to is not None:
        assert settings.smtp_host
        assert settings.mail_from
        mail = BdtMail(settings.smtp_host, settings.smtp_port, settings.bdt_mail_to, settings.mail_from)
        ways[Channel.MAIL] = mail
    return ways


def freeze_register(settings: ContractingSettings, objects: ObjectStore) -> FreezeRegister | None:
    """Where the register of asset freezes is kept, if anywhere."""
    if settings.freeze_register_file is not None:
        return RegisterFile(settings.freeze_register_file)
    return RegisterObject(objects, settings.freeze_register_object) if settings.freeze_register_object else None
