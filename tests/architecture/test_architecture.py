"""The shape of the product: layers, sizes, roles, generated documents."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.docs import DOCS, app_of, pages, roles_of, routes_of
from deploy.local.services import NAMES
from shared.auth import Role
from shared.service import Service
from shared.topics import CONSUMERS
from tests.guards import GUARDS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("services", "shared", "deploy") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_FILE_LINES = 320
MAX_FUNCTION_LINES = 50
OPEN_ROUTES = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/docs/oauth2-redirect",
    "/asyncapi",
    "/asyncapi.json",
    "/library",
    "/campaign",
}
FRAMEWORKS = {
    "fastapi",
    "faststream",
    "starlette",
    "motor",
    "pymongo",
    "bson",
    "minio",
    "aiokafka",
    "httpx",
    "pydantic",
}
# Module → what it may not import within its own service (ARCHITECTURE, Layout).
LOWER_LAYERS = {
    "domain": {"store", "usecases", "handlers", "api", "main", "settings", "documents"},
    "store": {"usecases", "handlers", "api", "main"},
    "usecases": {"handlers", "api", "main"},
    "handlers": {"api", "main"},
    "api": {"handlers", "main"},
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=relative)
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        # A router function only holds its routes, each a function of its own.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "rout" not in node.name:
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if "domain" in path.parts or path.name == "domain.py"], ids=relative
)
def test_domains_import_no_framework_and_no_driver(path):
    assert not {name.split(".")[0] for name in imported(path)} & FRAMEWORKS


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.parts[-3:-2] == ("services",) or "services" in path.parts], ids=relative
)
def test_layers_look_downwards_only(path):
    parts = path.relative_to(ROOT / "services").with_suffix("").parts
    if len(parts) < 2:
        return
    service, layer = parts[0], parts[1]
    forbidden = {f"services.{service}.{name}" for name in LOWER_LAYERS.get(layer, set())}
    for name in imported(path):
        assert not any(name == one or name.startswith(one + ".") for one in forbidden), name


def test_motor_is_imported_in_one_module():
    users = [relative(path) for path in SOURCES if any(name.split(".")[0] == "motor" for name in imported(path))]
    assert users == ["shared/documents.py"]


def test_imports_keep_the_contracts():
    script = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_route_names_its_roles(name):
    for route in routes_of(app_of(name)):
        assert route.methods
        if route.path not in OPEN_ROUTES and not route.path.startswith("/library/"):
            assert roles_of(route), f"{sorted(route.methods)} {route.path}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "intake"])
def test_no_landlord_has_a_role_on_a_staff_service(name):
    for route in routes_of(app_of(name)):
        assert Role.BAILLEUR not in roles_of(route), route.path


@pytest.mark.parametrize("name", NAMES)
def test_handlers_read_the_topics_that_are_declared(name):
    service: Service = app_of(name).state.service
    assert service.inbox is not None
    assert service.inbox.topics == tuple(sorted(CONSUMERS[service.inbox.group]))


@pytest.mark.parametrize("path", sorted(pages()))
def test_generated_documents_have_not_drifted(path):
    assert (DOCS / path).read_text() == pages()[path], "run `make docs`"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_the_mutants_take_away_is_where_they_look_for_it(guard):
    assert (ROOT / guard.file).read_text().count(guard.text) == 1
