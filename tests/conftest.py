"""Stacks for the tests that need servers: started once a session, stopped by their own process ids."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.embedded import EmbeddedStack
from deploy.local.real import RealStack
from deploy.local.stack import Stack


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
