"""What every service is told by its environment. Read in main only; a missing or wrong setting stops the service."""

import sys
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.crash import Step

EX_CONFIG = 78


class ServiceSettings(BaseSettings):
    """Environment variables, prefix `ALS_`. Each service adds its own."""

    model_config = SettingsConfigDict(env_prefix="ALS_", extra="ignore")

    environment: Literal["local", "production"] = "production"
    http_host: str = "127.0.0.1"
    http_port: int
    mongo_url: SecretStr
    database: str
    kafka_bootstrap: str
    session_timeout_ms: int = Field(10_000, ge=1_000, le=300_000)
    oidc_issuer: str
    oidc_audience: str = "ami-garantie"
    campaign_id: str = "lli-2024"
    clock_file: Path | None = None
    crash_at: Step | None = None
    objects_directory: Path | None = None
    s3_endpoint: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str = "ami-garantie"
    s3_secure: bool = True
    otlp_endpoint: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "ServiceSettings":
        if self.clock_file and self.environment != "local":
            raise ValueError("ALS_CLOCK_FILE : l'horloge pas à pas n'existe qu'avec ALS_ENVIRONMENT=local")
        if self.crash_at and self.environment != "local":
            raise ValueError("ALS_CRASH_AT : les pannes provoquées n'existent qu'avec ALS_ENVIRONMENT=local")
        if self.objects_directory and self.environment != "local":
            raise ValueError("ALS_OBJECTS_DIRECTORY : le dépôt en répertoire n'existe qu'avec ALS_ENVIRONMENT=local")
        if not self.objects_directory and not (self.s3_endpoint and self.s3_access_key and self.s3_secret_key):
            raise ValueError("ALS_S3_ENDPOINT, ALS_S3_ACCESS_KEY et ALS_S3_SECRET_KEY (ou ALS_OBJECTS_DIRECTORY)")
        return self


Settings = TypeVar("Settings", bound=ServiceSettings)


def read_settings(cls: type[Settings]) -> Settings:
    """The settings, or a message that names each missing or wrong one and exit code 78 (EX_CONFIG)."""
    try:
        return cls()  # pyright: ignore[reportCallIssue] (values come from the environment)
    except ValidationError as error:
        for problem in error.errors():
            name = "ALS_" + "_".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else ""
            reason = "manque" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            print(f"Réglage {name} : {reason}".replace("  ", " "), file=sys.stderr)
        raise SystemExit(EX_CONFIG) from None


def refuse_setting(name: str, reason: str) -> NoReturn:
    """Stop as read_settings does, for a setting whose value reads well and leads to nothing."""
    print(f"Réglage {name} : {reason}", file=sys.stderr)
    raise SystemExit(EX_CONFIG)
