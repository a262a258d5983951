"""What the tests of the relay share."""

import pytest


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("shared.journal.relay.RETRY_SECONDS", 0)
    monkeypatch.setattr("shared.journal.relay.SWEEP_SECONDS", 0.01)
