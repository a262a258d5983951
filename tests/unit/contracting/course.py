"""The course of a dossier, its steps in any order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from services.contracting.domain import acte, convention, deliberation
from services.contracting.domain.board import Decision
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Purpose
from services.contracting.domain.gate import convention_gate
from services.contracting.domain.refusals import PremiumNotCalled, ReturnNotDecided, SignedConventionUnknown
from services.envelope.domain import decisions
from services.envelope.domain.ledger import Ledger
from services.envelope.handlers import COMMANDS
from shared.contracts.contracting import BoardRefused, Engaged, EngagementLapsed
from shared.contracts.envelope import Committed, Released
from shared.contracts.intake import DossierWithdrawn, LoansReduced
from shared.contracts.pricing import OfferExpired, OfferIssued
from shared.errors import Refusal
from shared.events import Event
from tests.unit.contracting.cases import Case
from tests.unit.contracting.samples import (
    DOSSIER,
    NOW,
    OFFER,
    PREMIUM_CENTS,
    accepted,
    issued,
    lodged,
    opinion,
    proof,
    reduced,
    rules,
    submitted,
)

LATE = NOW + timedelta(days=100)
PART = PREMIUM_CENTS // 3
STEPS = (
    "deposit",
    "opinion",
    "acceptance",
    "confirmation",
    "convention screening",
    "signature",
    "first part",
    "second part",
    "acte screening",
)
# Too much is paid, promised back and sent, and a part that its bank took back is paid again.
REFUND = ("overpayment", "promise", "execution", "reversal", "payment again")
LATER = ("reversal", "overpayment", "second offer", "second acceptance", "reduction", "expiry", "lapse")
RELEASING = {"withdrawal": DossierWithdrawn, "refusal": BoardRefused, "lapse": EngagementLapsed}


class Course:
    """A dossier and the envelope's ledger, each hearing the other; a step that comes too early is tried again."""

    def __init__(self) -> None:
        self.case = Case()
        self.ledger = Ledger()
        self.released: list[Released] = []
        self._heard = 0
        deposit = submitted()
        self._book(decisions.adopt(self.ledger, rules(), NOW))
        self._book(decisions.submit(self.ledger, DOSSIER, 1, deposit.principal_cents, NOW))
        self.steps: dict[str, Callable[[], object]] = {
            "deposit": lambda: self.case.hear(deposit),
            "opinion": lambda: self.case.hear(opinion()),
            "acceptance": lambda: self.case.hear(issued(), accepted()),
            "confirmation": lambda: self._board(Decision.CONFIRM),
            "refusal": lambda: self._board(Decision.REFUSE),
            "convention screening": lambda: self.case.screen(Purpose.CONVENTION),
            "signature": self._sign,
            "first part": lambda: self.case.pay(PART, "p1"),
            "second part": lambda: self.case.pay(PREMIUM_CENTS - PART, "p2"),
            "acte screening": lambda: self.case.screen(Purpose.ACTE),
            "reversal": self._take_back,
            "overpayment": lambda: self.case.pay(PART, "p3"),
            "promise": self._promise,
            "execution": self._execute,
            "withdrawn promise": self._withdraw_promise,
            "payment again": lambda: self.case.pay(PART, "p4"),
            "second offer": lambda: self.case.hear(dearer()),
            "second acceptance": lambda: self.case.hear(
                accepted().model_copy(update={"offer_id": "d1-2", "premium_cents": 2 * PREMIUM_CENTS})
            ),
            "reduction": self._reduce,
            "expiry": self._expire,
            "lapse": lambda: self.case.do(convention.lapse, "Sans retour", LATE),
            "withdrawal": lambda: self.case.hear(
                DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)
            ),
        }

    def run(self, order: list[str]) -> "Course":
        """Every step in the order given; those refused as too early again, until none gets further."""
        waiting = list(order)
        while waiting:
            refused = [name for name in waiting if not self._try(name)]
            if refused == waiting:
                break
            waiting = refused
        return self

    def transmit(self) -> Engagement:
        self.case.prepare()
        self.case.do(acte.record_transmission, proof(), NOW)
        return self.case.engagement

    def _try(self, name: str) -> bool:
        try:
            self.steps[name]()
        except Refusal:
            return False
        self._follow()
        return True

    def _board(self, decision: Decision) -> None:
        deliberation.check_decidable(self.case.engagement, None)
        self.case.decide(decision, "Risque")

    def _sign(self) -> None:
        """Intake takes a signed convention once the convention was sent."""
        if self.case.engagement.convention is None:
            raise SignedConventionUnknown
        self.case.hear(lodged())
        self.case.check()

    def _promise(self) -> None:
        """The accountant promises the third payment back, once it was counted."""
        if self.case.engagement.account.payment("p3") is None:
            raise PremiumNotCalled
        self.case.promise("p3")

    def _execute(self) -> None:
        if self.case.engagement.account.promise("p3") is None:
            raise ReturnNotDecided
        self.case.take_back("p3", PART, "return-1")

    def _withdraw_promise(self) -> None:
        if not self.case.withdraw("p3"):
            raise ReturnNotDecided

    def _take_back(self) -> None:
        """The bank takes the first part back, once it was counted."""
        if self.case.engagement.account.payment("p1") is None:
            raise PremiumNotCalled
        self.case.take_back("p1", PART)

    def _reduce(self) -> None:
        """Intake takes no reduction once an acceptance is lodged."""
        if self.case.engagement.accepted is None:
            self.case.hear(reduced())

    def _expire(self) -> None:
        """Pricing expires only what nobody accepted."""
        if self.case.engagement.accepted is None:
            self.case.hear(OfferExpired(dossier_id=DOSSIER, offer_id=OFFER, expired_at=NOW, valid_until=NOW))

    def _follow(self) -> None:
        """The envelope hears what was announced, and the convention is sent once its gate opens."""
        while self._heard < len(self.case.events):
            event = self.case.events[self._heard]
            self._heard += 1
            self._command(event)
        engagement = self.case.engagement
        ready = engagement.submitted and engagement.end is None and not convention_gate(engagement, NOW)
        if ready and engagement.convention is None:
            self.case.send()

    def _command(self, event: Event) -> None:
        if isinstance(event, Engaged):
            said = decisions.commit(self.ledger, DOSSIER, NOW)
        elif isinstance(event, LoansReduced):
            said = decisions.reduce(self.ledger, DOSSIER, event.principal_cents, NOW)
        elif isinstance(event, (*RELEASING.values(), OfferExpired)):
            said = decisions.release(self.ledger, DOSSIER, type(event).__name__, NOW)
        else:
            return
        assert type(event) in COMMANDS
        self._book(said)

    def _book(self, events: list[Event]) -> None:
        for event in events:
            self.ledger = self.ledger.fold(event)
            if isinstance(event, Committed | Released):
                self.case.hear(event)
            if isinstance(event, Released):
                self.released.append(event)


def dearer() -> OfferIssued:
    return issued("d1-2").model_copy(update={"premium_cents": 2 * PREMIUM_CENTS})


def without_payment_order(engagement: Engagement) -> Engagement:
    """Money came and went in some order, each time with what was outstanding then."""
    account, then = engagement.account, {"outstanding_cents": 0, "overpaid_cents": 0}
    alike = {
        name: tuple(sorted((one.model_copy(update=then) for one in facts), key=lambda one: one.payment_id))
        for name, facts in (("payments", account.payments), ("reversals", account.reversals))
    }
    return replace(engagement, account=replace(account, **alike))
