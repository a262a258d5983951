"""Intake's settings."""

from pathlib import Path

from pydantic import model_validator

from shared.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """Without `clamd_host` the embedded scanner serves, which only local environments may use."""

    database: str = "intake"
    max_upload_bytes: int = 25 * 1024 * 1024
    clamd_host: str | None = None
    clamd_port: int = 3310
    smtp_host: str | None = None
    smtp_port: int = 25
    mail_from: str = "ami.garantie@actionlogement.fr"
    questions_to: str = "ami.garantie@actionlogement.fr"
    directive_file: Path | None = None

    @model_validator(mode="after")
    def _scanned(self) -> "IntakeSettings":
        if self.clamd_host is None and self.environment != "local":
            raise ValueError("ALS_CLAMD_HOST : l'analyse antivirus embarquée n'existe qu'avec ALS_ENVIRONMENT=local")
        return self
