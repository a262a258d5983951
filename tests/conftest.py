"""Stacks for the tests that need servers: started once a session, stopped by their own process ids."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from deploy.local.embedded import EmbeddedStack
from deploy.local.real import RealStack
from deploy.local.services import Services
from deploy.local.stack import Stack
from tests.platform import Platform, Visit

# A busy machine is no failure: examples are bounded in number, never in time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def lines_of_json() -> None:
    """Logs as the services write them: the library's default draws each traceback with its variables, for seconds."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )


@pytest.fixture(scope="session")
def embedded_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with EmbeddedStack(tmp_path_factory.mktemp("embedded")) as stack:
        yield stack


@pytest.fixture(scope="session")
def real_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    with RealStack(tmp_path_factory.mktemp("real")) as stack:
        yield stack


@pytest.fixture(scope="session", params=[pytest.param("embedded"), pytest.param("real", marks=pytest.mark.real)])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """The same test on both stacks."""
    return request.getfixturevalue(f"{request.param}_stack")


@pytest.fixture
def project() -> Path:
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def platform(any_stack: Stack) -> Iterator[Platform]:
    """The five services on a stack, with an open campaign."""
    with Services(any_stack) as services:
        running = Platform(any_stack, services)
        running.open_campaign()
        yield running


@pytest.fixture
async def visit(platform: Platform) -> AsyncIterator[Visit]:
    made = platform.visit()
    yield made
    await made.client.close()
