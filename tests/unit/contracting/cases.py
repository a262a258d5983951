"""A small driver that folds what is decided of a dossier, and dossiers that came so far."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from services.contracting.domain import acte, convention, deliberation, premium
from services.contracting.domain.board import Decision
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.engaging import receive
from services.contracting.domain.facts import Channel, Purpose, Verdict
from services.contracting.domain.returned import Findings
from shared.events import Event
from tests.unit.contracting.samples import (
    ACCOUNTANT,
    CHECKER,
    NOW,
    OTHER,
    PREMIUM_CENTS,
    PRINTING,
    TODAY,
    accepted,
    committed,
    decided,
    document,
    findings,
    issued,
    lodged,
    opinion,
    printed,
    received,
    returned,
    rules,
    screened,
    signed_session,
    submitted,
)


class Case:
    """One engagement that takes facts and decisions one after another."""

    def __init__(self, *facts: Event) -> None:
        self.engagement = Engagement()
        self.events: list[Event] = []
        self.hear(*facts)

    def hear(self, *facts: Event, now: datetime = NOW) -> "Case":
        for fact in facts:
            self.take(receive(self.engagement, fact, now))
        return self

    def take(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.engagement = self.engagement.fold(event)
        self.events += events
        return events

    def do(self, decide: Callable[..., list[Event]], *arguments: Any) -> list[Event]:
        return self.take(decide(self.engagement, *arguments))

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def decide(self, decision: Decision = Decision.CONFIRM, reason: str = "", day: date = TODAY) -> list[Event]:
        """What the board's decision announces once its minutes are signed."""
        return self.do(deliberation.announce, signed_session(day), decided(decision, reason), NOW)

    def send(self, now: datetime = NOW) -> list[Event]:
        agreed = convention.terms(self.engagement, rules(), now)
        papers = document("convention"), document("call", "premium_call")
        return self.do(convention.send, agreed, self.engagement.loans, printed(), *papers)

    def examine(self, found: Findings | None = None, name: str = "signed-1") -> list[Event]:
        return self.do(convention.examine, name, found or findings(), NOW)

    def check(self, verdict: Verdict = Verdict.ACCEPT, reason: str = "", name: str = "signed-1") -> list[Event]:
        """A person's check, after the signatures were examined and found sound."""
        self.examine(name=name)
        return self.do(convention.check_signed, name, verdict, reason, CHECKER, NOW)

    def pay(self, amount_cents: int = PREMIUM_CENTS, payment_id: str = "p1") -> list[Event]:
        return self.do(premium.pay, received(amount_cents, payment_id), NOW)

    def promise(self, payment_id: str = "p1", return_id: str = "return-1") -> list[Event]:
        return self.do(premium.promise, payment_id, return_id, "Trop-perçu", ACCOUNTANT, NOW)

    def withdraw(self, payment_id: str = "p1", return_id: str = "return-1") -> list[Event]:
        return self.do(premium.withdraw, payment_id, return_id, ACCOUNTANT, NOW)

    def take_back(self, payment_id: str, amount_cents: int, return_id: str = "") -> list[Event]:
        return self.do(premium.take_back, returned(payment_id, amount_cents, return_id), ACCOUNTANT, NOW)

    def screen(self, purpose: Purpose, *, clear: bool = True) -> list[Event]:
        return self.do(convention.screen, screened(purpose, clear=clear))

    def prepare(self, actor: str = OTHER, channels: tuple[Channel, ...] = (Channel.SFTP,)) -> list[Event]:
        return self.do(acte.prepare, document("acte", "acte"), PRINTING, self.engagement.loans, channels, actor, NOW)


def favourable() -> Case:
    return Case(submitted(), opinion())


def engaged() -> Case:
    case = favourable().hear(issued(), accepted())
    case.decide()
    return case


def sendable() -> Case:
    case = engaged().hear(committed())
    case.screen(Purpose.CONVENTION)
    return case


def sent() -> Case:
    case = sendable()
    case.send()
    return case


def complete() -> Case:
    """Everything the acte waits for is there."""
    case = sent().hear(lodged())
    case.check()
    case.pay()
    case.screen(Purpose.ACTE)
    return case


def lapsed() -> Case:
    """Nothing came back in time and a person ended it."""
    case = sent()
    case.do(convention.lapse, "Prime impayée", NOW + timedelta(days=90))
    return case
