"""What verification must know of each service: its streams, how they fold, and how their views are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from deploy.docs import app_of
from services.envelope.domain import invariants as ledger_invariants
from services.envelope.domain import ledger
from services.intake.domain import invariants as register_invariants
from services.intake.domain import register
from shared.journal.verify import Known, nothing_more
from shared.service import Service

BROKEN = {ledger.KIND.name: ledger_invariants.broken, register.KIND.name: register_invariants.broken}
EPOCHS: dict[str, Callable[[Any], int]] = {ledger.KIND.name: attrgetter("epoch")}


@dataclass(frozen=True, slots=True)
class Knowledge:
    """By stream kind name; `renders` for the kinds that have a view."""

    kinds: dict[str, Known]
    renders: dict[str, Callable[[str, Any], dict[str, Any]]]

    @property
    def published(self) -> frozenset[str]:
        """The kinds whose events other services consume."""
        return frozenset(name for name, known in self.kinds.items() if known.kind.topics)


def knowledge_of(name: str) -> Knowledge:
    """From the service as it is wired, with settings that reach nothing."""
    service: Service = app_of(name).state.service
    kinds = {one.name: Known(one, BROKEN.get(one.name, nothing_more), EPOCHS.get(one.name)) for one in service.kinds}
    return Knowledge(kinds, service.renders)
