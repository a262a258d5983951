"""How a service comes up."""

from deploy.docs import app_of
from shared.errors import Unavailable
from shared.service import Service


class Broker:
    """One that is started once."""

    def __init__(self) -> None:
        self.started = False

    async def start(self) -> None:
        assert not self.started, "started again"
        self.started = True

    async def stop(self) -> None:
        """Nothing to leave."""


async def test_a_topic_that_is_missing_does_not_make_a_service_leave_its_group_again_and_again(monkeypatch):
    service: Service = app_of("pricing").state.service

    async def missing() -> None:
        raise Unavailable("broker")

    monkeypatch.setattr(service, "broker", broker := Broker())
    monkeypatch.setattr(service.relay, "look_at_topics", missing)
    await service._bus()
    assert service._broker_ready
    assert broker.started
