"""Contracting's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator
from stdnum import iban
from stdnum.exceptions import ValidationError

from shared.settings import ServiceSettings


def _checked_iban(given: str) -> str:
    try:
        return iban.validate(given)
    except ValidationError as error:
        raise ValueError("IBAN invalide (clé ou longueur)") from error


MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class ContractingSettings(ServiceSettings):
    """`payee_*`: where the premium is paid, printed on its call. `bdt_*`: where actes go, one of the two ways.

    `signing_*`: ALS's key, in files or in a PKCS#11 token, and its certificate. `timestamp_url`: an RFC 3161 authority.
    `trust_roots`: the certificates below which bailleurs' signatures are trusted, a file or a directory.
    `retention_days`: how long papers are locked in the object store.
    """

    database: str = "contracting"
    payee_name: str = "Action Logement Services"
    payee_iban: Annotated[str, AfterValidator(_checked_iban)]
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
    retention_days: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_way_to_the_bdt(self) -> "ContractingSettings":
        if (self.bdt_directory is None) == (self.bdt_mail_to is None):
            raise ValueError("ALS_BDT_DIRECTORY ou ALS_BDT_MAIL_TO : l'un des deux, pas les deux")
        if self.bdt_mail_to and not (self.smtp_host and self.mail_from):
            raise ValueError("ALS_SMTP_HOST et ALS_MAIL_FROM sont nécessaires avec ALS_BDT_MAIL_TO")
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
