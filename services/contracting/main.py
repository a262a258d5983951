"""Builds the contracting service."""

import structlog
from fastapi import FastAPI

from services.contracting import store
from services.contracting.api import board as board_api
from services.contracting.api import engagements as engagements_api
from services.contracting.api import payments as payments_api
from services.contracting.api import returns as returns_api
from services.contracting.domain import board, campaign, engagement, payment
from services.contracting.domain.facts import Payee
from services.contracting.handlers import GROUP, handlers
from services.contracting.papers import Papers
from services.contracting.settings import ContractingSettings
from services.contracting.signatures.examination import Examiner
from services.contracting.transmission import BdtDirectory, BdtMail, Transmission
from services.contracting.usecases.board import Board
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.payments import Payments
from services.contracting.usecases.returns import Returns
from shared.errors import Unavailable
from shared.service import Service
from shared.settings import read_settings, refuse_setting
from shared.signing import BadKeyMaterial, KeyFiles, Keys, Seal, Token, certificates

log = structlog.get_logger(__name__)

TRANSMISSION_RETRY_SECONDS = 5.0
PAYMENTS_CHECK_SECONDS = 5.0
RETURNS_CHECK_SECONDS = 2.0


def build() -> FastAPI:
    settings = read_settings(ContractingSettings)
    check_keys(settings)
    return create_app(settings)


def check_keys(settings: ContractingSettings) -> None:
    """A key or trust roots that lead to nothing stop the service at once; a token that is away is awaited."""
    try:
        certificates(settings.trust_roots)
    except BadKeyMaterial as problem:
        refuse_setting("ALS_TRUST_ROOTS", str(problem))
    try:
        seal(settings).check()
    except BadKeyMaterial as problem:
        refuse_setting("ALS_SIGNING_KEY" if settings.signing_key else "ALS_PKCS11_MODULE", str(problem))
    except Unavailable as outage:
        log.warning("signature_waits", component=outage.component)


def create_app(settings: ContractingSettings) -> FastAPI:
    service = Service("contracting", settings)
    journal = service.journal(engagement.KIND, store.render)
    sessions = service.journal(board.KIND, store.render_session)
    received = service.journal(payment.KIND, store.render_payment)
    view = service.view(engagement.KIND)
    payee = Payee(name=settings.payee_name, iban=settings.payee_iban)
    papers = Papers(service.objects, seal(settings), payee, settings.retention_days)
    engagements = Engagements(
        engagements=journal,
        campaigns=service.journal(campaign.KIND),
        view=view,
        objects=service.objects,
        transmission=transmission(settings),
        papers=papers,
        clock=service.clock,
    )
    decisions = Board(journal, sessions, view, service.view(board.KIND), service.clock)
    returns = Returns(journal, view, service.objects, papers, Examiner(settings.trust_roots), service.clock)
    payments = Payments(journal, received, view, service.view(payment.KIND), service.clock)
    service.consume(GROUP, handlers(engagements))
    service.every(TRANSMISSION_RETRY_SECONDS, engagements.transmit_pending)
    service.every(PAYMENTS_CHECK_SECONDS, payments.finish_interrupted)
    service.every(RETURNS_CHECK_SECONDS, returns.examine_pending)
    routers = [
        board_api.router(decisions),
        payments_api.router(payments),
        engagements_api.router(engagements),
        returns_api.router(returns),
    ]
    return service.app("Contractualisation", routers)


def transmission(settings: ContractingSettings) -> Transmission:
    """The configured way to the BdT; settings hold exactly one."""
    if settings.bdt_directory is not None:
        return BdtDirectory(settings.bdt_directory)
    assert settings.bdt_mail_to
    assert settings.smtp_host
    assert settings.mail_from
    return BdtMail(settings.smtp_host, settings.smtp_port, settings.bdt_mail_to, settings.mail_from)


def seal(settings: ContractingSettings) -> Seal:
    """How ALS signs; settings hold exactly one key."""
    return Seal(_keys(settings), settings.timestamp_url)


def _keys(settings: ContractingSettings) -> Keys:
    if settings.signing_key is not None:
        assert settings.signing_certificate is not None
        passphrase = settings.signing_passphrase
        return KeyFiles(
            settings.signing_key,
            settings.signing_certificate,
            settings.signing_chain,
            passphrase.get_secret_value().encode() if passphrase else None,
        )
    assert settings.pkcs11_module
    assert settings.pkcs11_token
    assert settings.pkcs11_label
    pin = settings.pkcs11_pin.get_secret_value() if settings.pkcs11_pin else None
    return Token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_label, pin)
