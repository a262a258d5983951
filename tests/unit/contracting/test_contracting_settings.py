"""Contracting starts with a way to the BdT and a payee that exists, or says what is wrong."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.local.authority import Authority
from services.contracting.domain.facts import Channel
from services.contracting.domain.returned import RevocationPolicy
from services.contracting.freeze_register import RegisterFile, RegisterObject
from services.contracting.main import freeze_register, transmission
from services.contracting.settings import ContractingSettings
from services.contracting.signatures.examination import Examiner
from services.contracting.signatures.keys import check_keys, examiner, seal
from services.contracting.transmission import BdtBucket, BdtDirectory, BdtMail, BdtSftp
from shared.objects import DirectoryObjects
from shared.signing import Evidence, KeyFiles, Seal, Token
from tests.unit.contracting.samples import NOW

IBAN = "FR7630006000011234567890189"
MAIL = {"bdt_mail_to": "actes@bdt.example", "mail_from": "garantie@als.example", "smtp_host": "mail"}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
SFTP = {
    "bdt_sftp_host": "sftp.bdt.example",
    "bdt_sftp_user": "als",
    "bdt_sftp_key_file": "/keys/bdt",
    "bdt_sftp_host_key": HOST_KEY,
}
S3 = {
    "bdt_s3_endpoint": "s3.bdt.example",
    "bdt_s3_access_key": "access",
    "bdt_s3_secret_key": "secret",
    "bdt_s3_bucket": "actes",
}

STATED = {
    "guarantor_legal_form": "société d'essai",
    "guarantor_capital_cents": 100,
    "guarantor_seat": "1 rue de l'Essai",
    "guarantor_registration": "900 000 100 RCS Essai",
    "guarantor_representative": "son représentant",
    "guarantor_capacity": "mandataire social",
}
TOKEN = {"pkcs11_module": "/usr/lib/token.so", "pkcs11_token": "als", "pkcs11_label": "signature"}


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


def test_a_directory_mail_sftp_or_s3_leads_to_the_bdt(tmp_path):
    sftp = BdtSftp("sftp.bdt.example", 22, "als", Path("/keys/bdt"), HOST_KEY, ".")
    assert transmission(settings(**SFTP)) == {Channel.SFTP: sftp}
    (bucket,) = transmission(settings(**S3)).values()
    assert isinstance(bucket, BdtBucket)
    assert bucket.destination == "s3://s3.bdt.example/actes"
    assert transmission(settings(bdt_directory=tmp_path)) == {Channel.DIRECTORY: BdtDirectory(tmp_path)}
    mail = BdtMail("mail", 25, "actes@bdt.example", "garantie@als.example")
    assert transmission(settings(**MAIL)) == {Channel.MAIL: mail}


@pytest.mark.parametrize("drop", [SFTP, S3, {"bdt_directory": "/bdt"}], ids=["sftp", "s3", "directory"])
def test_mail_goes_beside_a_drop_and_after_it(drop):
    assert list(transmission(settings(**MAIL, **drop)))[1:] == [Channel.MAIL]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "ALS_BDT_DIRECTORY, ALS_BDT_MAIL_TO, ALS_BDT_SFTP_HOST ou ALS_BDT_S3_ENDPOINT"),
        (SFTP | {"bdt_directory": "/bdt"}, "un seul des autres"),
        (MAIL | SFTP | S3, "un seul des autres"),
        (MAIL | {"bdt_directory": "/bdt", "mail_from": None}, "ALS_MAIL_FROM sont nécessaires avec ALS_BDT_MAIL_TO"),
        (SFTP | {"bdt_sftp_host_key": None}, "ALS_BDT_SFTP_HOST_KEY sont nécessaires avec ALS_BDT_SFTP_HOST"),
        (SFTP | {"bdt_sftp_host_key": "ssh-ed25519 none"}, "clé publique illisible"),
        (S3 | {"bdt_s3_bucket": None}, "ALS_BDT_S3_BUCKET sont nécessaires avec ALS_BDT_S3_ENDPOINT"),
        (MAIL | {"freeze_register_file": "/r", "freeze_register_object": "r"}, "pas les deux"),
        (MAIL | {"smtp_host": None}, "ALS_SMTP_HOST"),
        (MAIL | {"bdt_mail_to": "nobody"}, "bdt_mail_to"),
        ({"bdt_directory": "/bdt", "payee_iban": "FR7630006000011234567890188"}, "IBAN invalide"),
        ({"bdt_directory": "/bdt", "signing_key": None}, "ALS_SIGNING_KEY et ALS_SIGNING_CERTIFICATE"),
        ({"bdt_directory": "/bdt"} | TOKEN, "l'une des deux"),
        ({"bdt_directory": "/bdt", "trust_roots": None}, "trust_roots"),
        (
            {"bdt_directory": "/bdt", "revocation": "soft"},
            "ALS_REVOCATION_LISTS est nécessaire avec",
        ),
        ({"bdt_directory": "/bdt", "evidence_lists": "/lists"}, "ALS_TIMESTAMP_URL est nécessaire avec"),
        ({"bdt_directory": "/bdt", "board_members": 11, "board_minimum_present": 5}, "ALS_BOARD_MINIMUM_PRESENT"),
        ({"bdt_directory": "/bdt", "board_members": 10, "board_minimum_present": 11}, "ALS_BOARD_MINIMUM_PRESENT"),
    ],
)
def test_a_wrong_setting_is_named(given, said):
    with pytest.raises(ValidationError, match=said):
        settings(**given)


def test_the_register_of_asset_freezes_is_a_file_an_object_or_none(tmp_path):
    objects = DirectoryObjects(tmp_path)
    assert freeze_register(settings(**MAIL), objects) is None
    file = settings(**MAIL, freeze_register_file=tmp_path / "gels.json")
    assert freeze_register(file, objects) == RegisterFile(tmp_path / "gels.json")
    key = settings(**MAIL, freeze_register_object="registers/gels.json")
    assert freeze_register(key, objects) == RegisterObject(objects, "registers/gels.json")


PRODUCTION = {
    "environment": "production",
    "objects_directory": None,
    "s3_endpoint": "s3.example",
    "s3_access_key": "access",
    "s3_secret_key": "secret",
    "freeze_register_file": "/registers/gels.json",
}


def test_a_production_has_a_register_of_asset_freezes_and_names_the_settings_when_it_has_none():
    without = {name: value for name, value in PRODUCTION.items() if name != "freeze_register_file"}
    with pytest.raises(ValidationError, match="ALS_FREEZE_REGISTER_FILE ou ALS_FREEZE_REGISTER_OBJECT : le registre"):
        settings(**MAIL, **without, **STATED)
    assert settings(**MAIL, **without, **STATED, freeze_register_object="registers/gels.json").freeze_register_object


def test_a_production_states_who_the_guarantor_is_and_names_what_is_missing():
    with pytest.raises(ValidationError, match=r"ALS_GUARANTOR_LEGAL_FORM, .* et ALS_GUARANTOR_CAPACITY"):
        settings(**MAIL, **PRODUCTION)
    with pytest.raises(ValidationError, match="ALS_GUARANTOR_SEAT : l'identité"):
        settings(**MAIL, **PRODUCTION, **{name: value for name, value in STATED.items() if name != "guarantor_seat"})
    assert settings(**MAIL, **PRODUCTION, **STATED).guarantor.seat == "1 rue de l'Essai"


def test_a_local_stack_marks_its_guarantor_as_a_demonstration():
    assert "démonstration" in settings(**MAIL).guarantor.legal_form
    assert settings(**MAIL, guarantor_seat="1 rue de l'Essai").guarantor.seat == "1 rue de l'Essai"


def test_an_iban_may_be_typed_with_spaces():
    assert settings(bdt_directory="/bdt", payee_iban="FR76 3000 6000 0112 3456 7890 189").payee_iban == IBAN


def test_the_key_is_in_files_or_in_a_token(tmp_path):
    files = settings(bdt_directory=tmp_path, signing_passphrase="secret", timestamp_url="https://tsa.example")
    assert seal(files) == Seal(
        KeyFiles(Path("key.pem"), Path("certificate.pem"), None, b"secret"), "https://tsa.example"
    )
    token = settings(bdt_directory=tmp_path, signing_key=None, pkcs11_pin="1234", **TOKEN)
    assert seal(token) == Seal(Token(Path("/usr/lib/token.so"), "als", "signature", "1234"))


@pytest.mark.parametrize("missing", ["ALS_SIGNING_KEY", "ALS_TRUST_ROOTS"])
def test_a_key_that_leads_to_nothing_is_named_and_stops_the_service(tmp_path, capsys, missing):
    authority = Authority(tmp_path)
    given = {
        "bdt_directory": tmp_path,
        "signing_key": authority.als.key,
        "signing_certificate": authority.als.certificate,
        "trust_roots": authority.root,
    }
    check_keys(settings(**given), NOW)
    with pytest.raises(SystemExit) as stopped:
        check_keys(settings(**given | {missing.removeprefix("ALS_").lower(): tmp_path / "nothing.pem"}), NOW)
    assert stopped.value.code == 78
    assert f"Réglage {missing} :" in capsys.readouterr().err


def test_revocation_lists_that_cannot_be_read_stop_the_service(tmp_path, capsys):
    authority = Authority(tmp_path)
    given = {
        "bdt_directory": tmp_path,
        "signing_key": authority.als.key,
        "signing_certificate": authority.als.certificate,
        "trust_roots": authority.root,
    }
    lists = authority.revocation_list(at=NOW)
    told = settings(**given, revocation="require", revocation_lists=lists)
    check_keys(told, NOW)
    assert examiner(told) == Examiner(authority.root, RevocationPolicy.REQUIRE, lists)
    assert seal(told).evidence is None
    lists.write_bytes(b"nothing")
    with pytest.raises(SystemExit):
        check_keys(told, NOW)
    assert "Réglage ALS_REVOCATION_LISTS : listes de révocation illisibles" in capsys.readouterr().err


def test_the_lists_of_the_evidence_stop_the_service_when_they_do_not_show_that_als_may_sign(tmp_path, capsys):
    authority = Authority(tmp_path)
    lists = authority.revocation_list(at=NOW)
    given = {
        "bdt_directory": tmp_path,
        "signing_key": authority.als.key,
        "signing_certificate": authority.als.certificate,
        "trust_roots": authority.root,
        "timestamp_url": "https://tsa.example",
        "evidence_lists": lists,
    }
    told = settings(**given)
    check_keys(told, NOW)
    assert seal(told).evidence == Evidence(authority.root, lists)
    lists.write_bytes(authority.revocation_list(at=NOW - timedelta(days=30)).read_bytes())
    with pytest.raises(SystemExit) as stopped:
        check_keys(told, NOW)
    assert stopped.value.code == 78
    assert "Réglage ALS_EVIDENCE_LISTS : les listes de révocation ne montrent pas" in capsys.readouterr().err
    lists.write_bytes(b"nothing")
    with pytest.raises(SystemExit):
        check_keys(told, NOW)
    assert "Réglage ALS_EVIDENCE_LISTS : listes de révocation illisibles" in capsys.readouterr().err


def test_lists_for_bailleurs_that_are_out_of_date_do_not_stop_als_from_signing(tmp_path):
    authority = Authority(tmp_path)
    current, stale = (authority.revocation_list(at=NOW - timedelta(days=days)) for days in (0, 30))
    check_keys(
        settings(
            bdt_directory=tmp_path,
            signing_key=authority.als.key,
            signing_certificate=authority.als.certificate,
            trust_roots=authority.root,
            timestamp_url="https://tsa.example",
            revocation="require",
            revocation_lists=stale,
            evidence_lists=current,
        ),
        NOW,
    )


def test_a_certificate_out_of_date_stops_the_service(tmp_path, capsys):
    authority = Authority(tmp_path)
    keys = authority.issue("old", "Périmé", "900000118", not_after=NOW - timedelta(days=1))
    given = settings(
        bdt_directory=tmp_path,
        signing_key=keys.key,
        signing_certificate=keys.certificate,
        trust_roots=authority.root,
    )
    with pytest.raises(SystemExit) as stopped:
        check_keys(given, NOW)
    assert stopped.value.code == 78
    assert "Réglage ALS_SIGNING_KEY : le certificat de signature n'est valable que du" in capsys.readouterr().err


def test_a_token_that_is_not_installed_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyhanko.sign.pkcs11", None)
    roots = Authority(tmp_path).root
    with pytest.raises(SystemExit):
        check_keys(settings(bdt_directory=tmp_path, signing_key=None, trust_roots=roots, **TOKEN), NOW)
    assert "Réglage ALS_PKCS11_MODULE : le paquet python-pkcs11" in capsys.readouterr().err
