"""Contracting starts with one way to the BdT and a payee that exists, or says what is wrong."""

import pytest
from pydantic import ValidationError

from services.contracting.main import transmission
from services.contracting.settings import ContractingSettings
from services.contracting.transmission import BdtDirectory, BdtMail

IBAN = "FR7630006000011234567890189"
MAIL = {"bdt_mail_to": "actes@bdt.example", "mail_from": "garantie@als.example", "smtp_host": "mail"}


def settings(**given) -> ContractingSettings:
    base = {
        "environment": "local",
        "http_port": 1,
        "mongo_url": "mongodb://localhost",
        "kafka_bootstrap": "localhost",
        "oidc_issuer": "http://localhost",
        "objects_directory": "/nowhere",
        "payee_iban": IBAN,
        "signing_key": "key.pem",
        "signing_certificate": "certificate.pem",
        "trust_roots": "roots.pem",
    }
    return ContractingSettings(**(base | given))


def test_a_directory_or_mail_leads_to_the_bdt(tmp_path):
    assert transmission(settings(bdt_directory=tmp_path)) == BdtDirectory(tmp_path)
    assert transmission(settings(**MAIL)) == BdtMail("mail", 25, "actes@bdt.example", "garantie@als.example")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "ALS_BDT_DIRECTORY ou ALS_BDT_MAIL_TO"),
        (MAIL | {"bdt_directory": "/bdt"}, "l'un des deux"),
        (MAIL | {"smtp_host": None}, "ALS_SMTP_HOST"),
        (MAIL | {"bdt_mail_to": "nobody"}, "bdt_mail_to"),
        ({"bdt_directory": "/bdt", "payee_iban": "FR7630006000011234567890188"}, "IBAN invalide"),
    ],
)
def test_a_wrong_setting_is_named(given, said):
    with pytest.raises(ValidationError, match=said):
        settings(**given)


def test_an_iban_may_be_typed_with_spaces():
    assert settings(bdt_directory="/bdt", payee_iban="FR76 3000 6000 0112 3456 7890 189").payee_iban == IBAN
