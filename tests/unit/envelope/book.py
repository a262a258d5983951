"""A ledger that takes commands one after another, its rules, and runs of reservations."""

from datetime import UTC, datetime

from services.envelope.domain import decisions
from services.envelope.domain.ledger import Ledger, Standing
from shared.contracts.envelope import Reserved
from shared.contracts.values import CampaignRules
from shared.events import Event
from shared.journal import Alike

NOW = datetime(2024, 4, 29, 8, tzinfo=UTC)


def rules(cap=1_000, version=1, **changes) -> CampaignRules:
    given = {"campaign_id": "c", "label": "Essai", "opens_at": NOW, "effective_at": NOW} | changes
    return CampaignRules(cap_cents=cap, version=version, **given)


class Book:
    """A ledger that takes commands one after another and remembers its events."""

    def __init__(self, **given) -> None:
        self.ledger = Ledger()
        self.events = []
        self.do(decisions.adopt, rules(**given), NOW)

    def do(self, decide, *arguments) -> list:
        events = decide(self.ledger, *arguments)
        for event in events:
            self.ledger = self.ledger.fold(event)
        self.events += events
        return [type(event) for event in events]

    def submit(self, name: str, number: int, amount: int) -> list:
        return self.do(decisions.submit, name, number, amount, NOW)

    def release(self, name: str, reason="DossierWithdrawn") -> list:
        return self.do(decisions.release, name, reason, NOW)

    def standing(self, name: str) -> Standing:
        return self.ledger.reservations[name].standing


def alike(*events: Event) -> Alike:
    """As a commit's columns bring them."""
    cls = type(events[0])
    return Alike(cls, len(events), {name: [getattr(event, name) for event in events] for name in cls.model_fields})


def reserved(number: int, amount: int, name: str = "") -> Reserved:
    return Reserved(
        campaign_id="c", dossier_id=name or f"n{number}", deposit_number=number, amount_cents=amount, reserved_at=NOW
    )
