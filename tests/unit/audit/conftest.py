"""What was played, anew for each test."""

import copy

import pytest

from tests.simulation.world import Stored
from tests.unit.audit.played import PLAYED


@pytest.fixture
def stored() -> Stored:
    return Stored({name: copy.deepcopy(dict(one)) for name, one in PLAYED.collections.items()}, PLAYED.started_at)
