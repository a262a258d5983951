"""What stops a start: it is said in French, by name, with its exit code, and nothing is touched."""

import os
import socket
import subprocess
import sys

import pytest

from deploy.local.authority import Authority
from deploy.local.data import FORMAT
from deploy.local.services import NAMES, PORTS
from shared.main import EX_PORT_TAKEN
from shared.settings import EX_CONFIG

SECONDS = 60
REQUIRED = ("ALS_HTTP_PORT", "ALS_MONGO_URL", "ALS_KAFKA_BOOTSTRAP", "ALS_OIDC_ISSUER")


def run(*arguments, project, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALS_")}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def settings(tmp_path, taken_port):
    authority = Authority(tmp_path / "authority")
    return {
        "ALS_ENVIRONMENT": "local",
        "ALS_HTTP_PORT": str(taken_port),
        "ALS_MONGO_URL": "mongodb://127.0.0.1:1/",
        "ALS_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "ALS_OIDC_ISSUER": "http://127.0.0.1:1",
        "ALS_OBJECTS_DIRECTORY": str(tmp_path / "objects"),
        "ALS_BDT_DIRECTORY": str(tmp_path / "bdt"),
        "ALS_PAYEE_IBAN": "FR7630001007941234567890185",
        "ALS_SIGNING_KEY": str(authority.als.key),
        "ALS_SIGNING_CERTIFICATE": str(authority.als.certificate),
        "ALS_TRUST_ROOTS": str(authority.root),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_service_names_each_missing_setting_and_stops(name, project):
    done = run(f"services.{name}", project=project)
    assert done.returncode == EX_CONFIG
    for setting in REQUIRED:
        assert f"Réglage {setting} : manque" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_service_names_the_port_that_is_taken_and_stops(name, project, settings):
    done = run(f"services.{name}", project=project, **settings)
    assert done.returncode == EX_PORT_TAKEN, done.stderr
    assert settings["ALS_HTTP_PORT"] in done.stderr
    assert "ALS_HTTP_PORT" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [("ALS_CLOCK_FILE", "clock.json"), ("ALS_CRASH_AT", "before-ack"), ("ALS_OBJECTS_DIRECTORY", "objects")],
)
def test_what_is_for_local_stacks_only_stops_a_production_start(project, settings, setting, value):
    production = settings | {"ALS_ENVIRONMENT": "production", "ALS_OBJECTS_DIRECTORY": ""} | {setting: value}
    done = run("services.pricing", project=project, **production)
    assert done.returncode == EX_CONFIG
    assert setting in done.stderr


def test_the_demonstration_names_the_port_that_is_taken(tmp_path, project):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", PORTS["contracting"]))
        taken.listen()
        done = run("deploy.demo", "run", "--data", str(tmp_path / "data"), project=project)
    assert done.returncode == 1
    assert str(PORTS["contracting"]) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("found", ["0", "99", None])
def test_a_data_directory_of_another_version_is_left_as_it_is(tmp_path, project, found):
    (tmp_path / "precious").write_text("kept")
    if found is not None:
        (tmp_path / "FORMAT").write_text(found)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("deploy.demo", "run", "--data", str(tmp_path), project=project)
    assert done.returncode == 1
    assert f"lit le format {FORMAT}" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "precious").read_text() == "kept"
