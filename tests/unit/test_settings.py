"""A service starts with settings that hold, or names each one that does not and leaves with EX_CONFIG."""

import os

import pytest

from services.intake.settings import IntakeSettings
from shared.settings import EX_CONFIG, ServiceSettings, read_settings

LOCAL = {
    "ALS_ENVIRONMENT": "local",
    "ALS_HTTP_PORT": "8001",
    "ALS_MONGO_URL": "mongodb://u:hunter2@localhost",
    "ALS_DATABASE": "intake",
    "ALS_KAFKA_BOOTSTRAP": "localhost:9092",
    "ALS_OIDC_ISSUER": "http://localhost",
    "ALS_OBJECTS_DIRECTORY": "/objects",
}
S3 = {"ALS_S3_ENDPOINT": "minio:9000", "ALS_S3_ACCESS_KEY": "key", "ALS_S3_SECRET_KEY": "hunter2"}
LOCAL_ONLY = {"ALS_ENVIRONMENT", "ALS_OBJECTS_DIRECTORY"}
PRODUCTION = {name: value for name, value in LOCAL.items() if name not in LOCAL_ONLY} | S3


@pytest.fixture
def environment(monkeypatch):
    for name in os.environ:
        if name.startswith("ALS_"):
            monkeypatch.delenv(name)

    def put(given: dict[str, str]) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return put


def refused(capsys, cls=ServiceSettings) -> str:
    with pytest.raises(SystemExit) as left:
        read_settings(cls)
    assert left.value.code == EX_CONFIG == 78
    return capsys.readouterr().err


def test_a_local_stack_reads_its_environment(environment):
    environment(LOCAL)
    read = read_settings(ServiceSettings)
    assert (read.http_port, read.database, str(read.objects_directory)) == (8001, "intake", "/objects")
    assert (read.http_host, read.oidc_audience) == ("127.0.0.1", "ami-garantie")


def test_without_a_word_the_environment_is_production(environment):
    environment(PRODUCTION)
    assert read_settings(ServiceSettings).environment == "production"


def test_a_secret_is_not_shown(environment):
    environment(PRODUCTION)
    assert "hunter2" not in repr(read_settings(ServiceSettings))


def test_every_missing_setting_is_named(environment, capsys):
    environment({})
    said = refused(capsys)
    for name in ("HTTP_PORT", "MONGO_URL", "DATABASE", "KAFKA_BOOTSTRAP", "OIDC_ISSUER"):
        assert f"Réglage ALS_{name} : manque\n" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ALS_HTTP_PORT": "many"}, "Réglage ALS_HTTP_PORT : "),
        ({"ALS_ENVIRONMENT": "staging"}, "Réglage ALS_ENVIRONMENT : "),
        ({"ALS_CRASH_AT": "lunch"}, "Réglage ALS_CRASH_AT : "),
        ({"ALS_S3_SECURE": "perhaps"}, "Réglage ALS_S3_SECURE : "),
    ],
)
def test_a_wrong_setting_is_named(environment, capsys, given, said):
    environment(LOCAL | given)
    lines = refused(capsys).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(said)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"ALS_CLOCK_FILE": "/clock"}, "ALS_CLOCK_FILE"),
        ({"ALS_CRASH_AT": "before-ack"}, "ALS_CRASH_AT"),
        ({"ALS_OBJECTS_DIRECTORY": "/objects"}, "ALS_OBJECTS_DIRECTORY"),
    ],
)
def test_what_is_for_local_stacks_stays_there(environment, capsys, given, name):
    environment(PRODUCTION | given)
    assert f"Réglage : {name} : " in refused(capsys)
    environment({"ALS_ENVIRONMENT": "local"})
    assert read_settings(ServiceSettings)


@pytest.mark.parametrize("name", list(S3))
def test_documents_have_a_place_with_its_keys(environment, capsys, monkeypatch, name):
    environment(PRODUCTION)
    monkeypatch.delenv(name)
    assert name in refused(capsys)


def test_production_needs_its_virus_scanner(environment, capsys):
    environment(PRODUCTION)
    assert "ALS_CLAMD_HOST" in refused(capsys, IntakeSettings)
    environment({"ALS_CLAMD_HOST": "clamd"})
    assert read_settings(IntakeSettings).clamd_host == "clamd"
