"""What is deployed is what the code asks for: settings, roles, topics, metrics, runbooks."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import Counter, Histogram, MetricWrapperBase

from deploy.docs import settings_class
from deploy.local.services import NAMES
from shared.auth import Role
from shared.settings import ServiceSettings
from shared.telemetry import Metrics
from tests.compose import DEPLOY, PROCESSES, SERVICES, VARIABLE, environment_of, filled_in

ROOT = Path(__file__).parents[2]
PROMETHEUS_OWN = {"job", "instance", "le"}


def load(path: str) -> Any:
    text = (DEPLOY / path).read_text()
    return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)


DASHBOARDS = sorted(path.name for path in (DEPLOY / "grafana" / "dashboards").glob("*.json"))
ALERTS = [rule for group in load("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def given_variables() -> set[str]:
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    return {line.removesuffix("=") for line in lines if line and not line.startswith("#")}


def queries_of(dashboard: str) -> Iterator[str]:
    found = load(f"grafana/dashboards/{dashboard}")
    for panel in found["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (variable["query"] for variable in found["templating"]["list"])


def series() -> dict[str, set[str]]:
    """Every series the services expose → its labels."""
    found = dict[str, set[str]]()
    for metric in vars(Metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            suffixes = ("",)
            if isinstance(metric, Counter):
                suffixes = ("_total",)
            elif isinstance(metric, Histogram):
                suffixes = ("_bucket", "_sum", "_count")
            found |= {family.name + suffix: set(metric._labelnames) | PROMETHEUS_OWN for suffix in suffixes}
    return found


def test_every_service_runs_and_only_envelope_twice():
    assert sorted(PROCESSES.values()) == sorted([*NAMES, "envelope"])


@pytest.mark.parametrize("process", PROCESSES)
def test_a_service_starts_on_the_settings_compose_gives(process, monkeypatch):
    cls = settings_class(PROCESSES[process])
    environment = environment_of(process)
    assert set(environment) <= {f"ALS_{field.upper()}" for field in cls.model_fields}
    for name in [name for name in os.environ if name.startswith("ALS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings: ServiceSettings = cls()  # pyright: ignore[reportCallIssue] (values come from the environment)
    assert settings.environment == "production"
    assert settings.objects_directory is None


@pytest.mark.parametrize("process", PROCESSES)
def test_a_service_waits_for_the_topics_and_is_watched_by_its_readiness(process):
    definition = SERVICES[process]
    assert SERVICES["topics"]["command"] == ["python", "-m", "shared.topics"]
    assert definition["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert f":{definition['environment']['ALS_HTTP_PORT']}/health/ready" in definition["healthcheck"]["test"][-1]


def test_compose_names_each_missing_variable_and_the_example_lists_them_all_without_values():
    used = list(VARIABLE.finditer((DEPLOY / "compose.yaml").read_text()))
    assert {found["name"] for found in used} == given_variables()
    assert all(found["rest"] for found in used)
    assert {found["name"] for found in used if found["kind"] == ":-"} == {"AMI_VERSION"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_and_ports_open_on_loopback_only(name):
    assert re.fullmatch(r"[\w./-]+:(v?\d[\w.-]*|RELEASE\.[\w-]+|\$\{AMI_VERSION:-local\})", SERVICES[name]["image"])
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_the_realm_holds_the_roles_and_tokens_carry_what_services_check():
    realm = load("keycloak/realm.json")
    assert {role["name"] for role in realm["roles"]["realm"]} == set(Role)
    (client,) = realm["clients"]
    mappers = {mapper["protocolMapper"]: mapper["config"] for mapper in client["protocolMappers"]}
    audience = ServiceSettings.model_fields["oidc_audience"].default
    assert mappers["oidc-audience-mapper"]["included.custom.audience"] == audience
    roles = mappers["oidc-usermodel-realm-role-mapper"]
    assert (roles["claim.name"], roles["multivalued"], roles["access.token.claim"]) == ("roles", "true", "true")
    issuer = environment_of("intake")["ALS_OIDC_ISSUER"]
    assert issuer == f"{filled_in(SERVICES['keycloak']['environment']['KC_HOSTNAME'])}/realms/{realm['realm']}"


def test_every_database_account_reaches_its_own_database():
    for process, name in PROCESSES.items():
        url = SERVICES[process]["environment"]["ALS_MONGO_URL"]
        assert url.startswith(f"mongodb://{name}:")
        assert f"authSource={name}&" in url


def test_prometheus_asks_every_process():
    scraped = {
        (job["job_name"], target)
        for job in load("prometheus/prometheus.yml")["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    assert scraped == {(name, f"{process}:8000") for process, name in PROCESSES.items()}


@pytest.mark.parametrize(
    "query",
    [pytest.param(rule["expr"], id=rule["alert"]) for rule in ALERTS]
    + [pytest.param(query, id=f"{name}-{n}") for name in DASHBOARDS for n, query in enumerate(queries_of(name))],
)
def test_alerts_and_dashboards_ask_for_series_and_labels_that_exist(query):
    known = series()
    for name, selector in re.findall(r"\b(als_\w+)(?:\{([^}]*)\})?", query):
        assert name in known
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) <= known[name]


def test_every_alert_has_a_heading_in_the_runbooks():
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{rule['alert'].lower()}"


@pytest.mark.parametrize("page", ["operations.md", "runbooks.md"])
def test_the_manuals_name_settings_and_metrics_that_exist(page):
    text = (ROOT / "docs" / page).read_text()
    settings = {field.upper() for name in NAMES for field in settings_class(name).model_fields}
    # Read by the topics step, which has no settings class.
    settings |= {"KAFKA_REPLICATION"}
    for name in re.findall(r"`ALS_(\w+)`", text):
        assert name in settings
    for name in re.findall(r"\bals_\w+", text):
        assert any(known.startswith(name) for known in series())


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda page: page.stem)
def test_every_decision_says_why_what_and_what_else(page):
    parts = re.findall(r"^\*\*(\w+)\.\*\*", page.read_text(), re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]


def test_the_readme_lists_every_decision_in_order():
    listed = re.findall(r"\]\(docs/adr/([^)]+)\)", (ROOT / "README.md").read_text())
    written = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert listed == written


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Prometheus) is not on this machine")
@pytest.mark.parametrize("check", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]])
def test_prometheus_accepts_its_files_and_alerts_fire_when_they_must(check):
    done = subprocess.run(
        ["promtool", *check], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
