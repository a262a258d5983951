"""Contracting's settings."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import asyncssh
from pydantic import AfterValidator, Field, SecretStr, model_validator
from stdnum import iban
from stdnum.exceptions import ValidationError

from services.contracting.domain.board import MAX_BOARD_MEMBERS
from services.contracting.domain.facts import Guarantor
from services.contracting.domain.returned import RevocationPolicy
from shared.settings import ServiceSettings


def _checked_iban(given: str) -> str:
    try:
        return iban.validate(given)
    except ValidationError as error:
        raise ValueError("IBAN invalide (clé ou longueur)") from error


Stated = Annotated[str, Field(min_length=1, max_length=200)]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


def _checked_host_key(given: str) -> str:
    try:
        asyncssh.import_public_key(given)
    except asyncssh.KeyImportError as error:
        raise ValueError("clé publique illisible (forme OpenSSH attendue)") from error
    return given


# The ways to the BdT: what chooses each, and what it needs beside.
MAIL = "bdt_mail_to"
WAYS = {
    "bdt_directory": (),
    MAIL: ("smtp_host", "mail_from"),
    "bdt_sftp_host": ("bdt_sftp_user", "bdt_sftp_key_file", "bdt_sftp_host_key"),
    "bdt_s3_endpoint": ("bdt_s3_access_key", "bdt_s3_secret_key", "bdt_s3_bucket"),
}


def _variables(names: Iterable[str], last: str) -> str:
    *first, end = [f"ALS_{name.upper()}" for name in names]
    return f"{', '.join(first)} {last} {end}" if first else end


# How local stacks identify the guarantor: nobody's, and clearly so. A production states ALS's own.
DEMONSTRATION_GUARANTOR = {
    "guarantor_legal_form": "société de démonstration",
    "guarantor_capital_cents": 100_000,
    "guarantor_seat": "1 rue de la Démonstration, 75000 Paris",
    "guarantor_registration": "900 000 100 RCS Démonstration",
    "guarantor_representative": "son représentant légal (démonstration)",
    "guarantor_capacity": "mandataire social (démonstration)",
}


class ContractingSettings(ServiceSettings):
    """`payee_*`: where the premium is paid, printed on its call. `bdt_*`: where actes go, a directory, SFTP or S3
    drop, mail, or mail beside a drop.

    `guarantor_*`: how ALS is identified in what it signs; `guarantor_capacity` is the function its representative signs
    in. A production states them all, a local stack has demonstration values.
    `signing_*`: ALS's key, in files or in a PKCS#11 token, and its certificate. `timestamp_url`: an RFC 3161 authority.
    `trust_roots`: the certificates below which bailleurs' signatures are trusted, a file or a directory.
    `revocation`: whether their revocation is asked for, and whether an unknown one needs a person; `revocation_lists`:
    their authorities' lists, a file or a directory that is kept up to date.
    `evidence_lists`: the lists of the authorities of ALS's certificate and of the stamps, likewise, that go into what
    ALS signs with the certificates (PAdES B-LT); `trust_roots` hold those authorities too.
    `retention_days`: how long papers are locked in the object store; what guarantees, from the longest loan's end on.
    `board_*`: the quorum rule new sessions are held under, with its version, and whether the chair's vote decides a
    tie, as the law has it unless the statutes say otherwise; ALS's own is not public, the default is a demonstration.
    `freeze_register_*`: the register of asset freezes, a file or a key of the object store, that clears nobody once
    its publication is older than so many days. A production has one.
    """

    database: str = "contracting"
    payee_name: str = "Action Logement Services"
    payee_iban: Annotated[str, AfterValidator(_checked_iban)]
    guarantor_legal_form: Stated | None = None
    guarantor_capital_cents: Annotated[int, Field(ge=1)] | None = None
    guarantor_seat: Stated | None = None
    guarantor_registration: Stated | None = None
    guarantor_representative: Stated | None = None
    guarantor_capacity: Stated | None = None
    bdt_directory: Path | None = None
    bdt_mail_to: MailAddress | None = None
    mail_from: MailAddress | None = None
    smtp_host: str | None = None
    smtp_port: int = 25
    signing_key: Path | None = None
    signing_certificate: Path | None = None
    signing_chain: Path | None = None
    signing_passphrase: SecretStr | None = None
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = None
    pkcs11_label: str | None = None
    pkcs11_pin: SecretStr | None = None
    timestamp_url: str | None = None
    trust_roots: Path
    revocation: RevocationPolicy = RevocationPolicy.OFF
    revocation_lists: Path | None = None
    evidence_lists: Path | None = None
    retention_days: Annotated[int, Field(ge=1)] | None = None
    board_rule: Annotated[str, Field(min_length=1, max_length=64)] = "demonstration-2"
    board_members: Annotated[int, Field(ge=1, le=MAX_BOARD_MEMBERS)] = 10
    board_minimum_present: Annotated[int, Field(ge=1)] = 5
    board_casting_vote: bool = True
    bdt_sftp_host: str | None = None
    bdt_sftp_port: int = 22
    bdt_sftp_user: str | None = None
    bdt_sftp_key_file: Path | None = None
    bdt_sftp_host_key: Annotated[str, AfterValidator(_checked_host_key)] | None = None
    bdt_sftp_directory: str = "."
    bdt_s3_endpoint: str | None = None
    bdt_s3_access_key: SecretStr | None = None
    bdt_s3_secret_key: SecretStr | None = None
    bdt_s3_bucket: str | None = None
    bdt_s3_secure: bool = True
    freeze_register_file: Path | None = None
    freeze_register_object: str | None = None
    freeze_register_max_age_days: Annotated[int, Field(ge=1)] = 30

    @model_validator(mode="after")
    def _an_identified_guarantor(self) -> "ContractingSettings":
        missing = [name for name in DEMONSTRATION_GUARANTOR if getattr(self, name) is None]
        if missing and self.environment == "production":
            raise ValueError(f"{_variables(missing, 'et')} : l'identité d'Action Logement Services dans ses actes")
        for name in missing:
            setattr(self, name, DEMONSTRATION_GUARANTOR[name])
        return self

    @property
    def guarantor(self) -> Guarantor:
        return Guarantor.model_validate(
            {name.removeprefix("guarantor_"): getattr(self, name) for name in DEMONSTRATION_GUARANTOR}
        )

    @model_validator(mode="after")
    def _a_way_to_the_bdt(self) -> "ContractingSettings":
        chosen = [way for way in WAYS if getattr(self, way)]
        drops = [way for way in chosen if way != MAIL]
        if not chosen or len(drops) > 1:
            raise ValueError(f"{_variables(WAYS, 'ou')} : l'un d'eux, ou le courriel et un seul des autres")
        for way in chosen:
            if not all(getattr(self, name) for name in WAYS[way]):
                raise ValueError(f"{_variables(WAYS[way], 'et')} sont nécessaires avec ALS_{way.upper()}")
        return self

    @model_validator(mode="after")
    def _one_register(self) -> "ContractingSettings":
        if self.freeze_register_file and self.freeze_register_object:
            raise ValueError("ALS_FREEZE_REGISTER_FILE ou ALS_FREEZE_REGISTER_OBJECT, pas les deux")
        if self.environment == "production" and not (self.freeze_register_file or self.freeze_register_object):
            raise ValueError("ALS_FREEZE_REGISTER_FILE ou ALS_FREEZE_REGISTER_OBJECT : le registre national des gels")
        return self

    @model_validator(mode="after")
    def _lists_to_ask(self) -> "ContractingSettings":
        if self.revocation is not RevocationPolicy.OFF and self.revocation_lists is None:
            raise ValueError(f"ALS_REVOCATION_LISTS est nécessaire avec ALS_REVOCATION={self.revocation.value}")
        return self

    @model_validator(mode="after")
    def _stamps_to_show(self) -> "ContractingSettings":
        if self.evidence_lists is not None and self.timestamp_url is None:
            raise ValueError("ALS_TIMESTAMP_URL est nécessaire avec ALS_EVIDENCE_LISTS")
        return self

    @model_validator(mode="after")
    def _a_quorum_that_can_be_met(self) -> "ContractingSettings":
        if not self.board_members <= 2 * self.board_minimum_present <= 2 * self.board_members:
            raise ValueError(
                "ALS_BOARD_MINIMUM_PRESENT : entre la moitié de ALS_BOARD_MEMBERS et leur nombre (C. com. L.225-37)"
            )
        return self

    @model_validator(mode="after")
    def _one_signing_key(self) -> "ContractingSettings":
        files = self.signing_key is not None and self.signing_certificate is not None
        token = self.pkcs11_module is not None and self.pkcs11_token is not None and self.pkcs11_label is not None
        if files == token:
            raise ValueError(
                "ALS_SIGNING_KEY et ALS_SIGNING_CERTIFICATE, ou ALS_PKCS11_MODULE, ALS_PKCS11_TOKEN et "
                "ALS_PKCS11_LABEL : la clé de signature d'Action Logement Services, l'une des deux façons"
            )
        return self
