"""Contracting's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from stdnum import iban
from stdnum.exceptions import ValidationError

from services.contracting.domain.board import MAX_BOARD_MEMBERS
from shared.settings import ServiceSettings


def _checked_iban(given: str) -> str:
    try:
        return iban.validate(given)
    except ValidationError as error:
        raise ValueError("IBAN invalide (clé ou longueur)") from error


MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class ContractingSettings(ServiceSettings):
    """`payee_*`: where the premium is paid, printed on its call. `bdt_*`: where actes go, one of the two ways.

    `board_*`: the quorum rule new sessions are held under, with its version; ALS's own is not public, the default is
    a demonstration.
    """

    database: str = "contracting"
    payee_name: str = "Action Logement Services"
    payee_iban: Annotated[str, AfterValidator(_checked_iban)]
    bdt_directory: Path | None = None
    bdt_mail_to: MailAddress | None = None
    mail_from: MailAddress | None = None
    smtp_host: str | None = None
    smtp_port: int = 25
    board_rule: Annotated[str, Field(min_length=1, max_length=64)] = "demonstration-1"
    board_members: Annotated[int, Field(ge=1, le=MAX_BOARD_MEMBERS)] = 10
    board_minimum_present: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _one_way_to_the_bdt(self) -> "ContractingSettings":
        if (self.bdt_directory is None) == (self.bdt_mail_to is None):
            raise ValueError("ALS_BDT_DIRECTORY ou ALS_BDT_MAIL_TO : l'un des deux, pas les deux")
        if self.bdt_mail_to and not (self.smtp_host and self.mail_from):
            raise ValueError("ALS_SMTP_HOST et ALS_MAIL_FROM sont nécessaires avec ALS_BDT_MAIL_TO")
        return self

    @model_validator(mode="after")
    def _a_quorum_that_can_be_met(self) -> "ContractingSettings":
        if not self.board_members <= 2 * self.board_minimum_present <= 2 * self.board_members:
            raise ValueError(
                "ALS_BOARD_MINIMUM_PRESENT : entre la moitié de ALS_BOARD_MEMBERS et leur nombre (C. com. L.225-37)"
            )
        return self
