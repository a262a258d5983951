"""The gauges tell what is so when they are asked."""

from prometheus_client import REGISTRY

from deploy.docs import app_of
from services.envelope.domain.ledger import Ledger
from services.envelope.usecases import show
from shared.journal import Commit
from shared.journal.commit import GENESIS_HASH
from shared.service import Service


def test_the_relay_backlog_is_what_waits_now():
    service: Service = app_of("pricing").state.service
    assert REGISTRY.get_sample_value("als_relay_backlog") == 0
    service.relay.enqueue(Commit("offer:d", 1, "2024-04-29T08:00:00+00:00", "[]", "{}", GENESIS_HASH))
    assert REGISTRY.get_sample_value("als_relay_backlog") == 1


def test_a_takeover_of_the_ledger_shows_as_its_epoch():
    show("epoch-test", Ledger(epoch=2))
    assert REGISTRY.get_sample_value("als_ledger_epoch", {"campaign": "epoch-test"}) == 2
