"""Whatever comes first, the acte is the same; and what ends in between ends without acte, its reservation released."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracting.domain import acte, convention, deliberation
from services.contracting.domain.board import Decision
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Purpose
from services.contracting.domain.gate import acte_gate, convention_gate
from services.contracting.domain.refusals import (
    ActeGateClosed,
    EngagementEnded,
    PremiumNotCalled,
    ReturnNotDecided,
    SignedConventionUnknown,
)
from services.contracting.domain.states import ENDS, EngagementState
from services.envelope.domain import decisions
from services.envelope.domain.ledger import Ledger, Standing
from services.envelope.handlers import COMMANDS
from shared.contracts.contracting import ActeTransmitted, BoardRefused, Engaged, EngagementLapsed
from shared.contracts.envelope import Committed, Released
from shared.contracts.intake import DossierWithdrawn, LoansReduced
from shared.contracts.pricing import OfferExpired, OfferIssued
from shared.errors import Refusal
from shared.events import Event
from tests.unit.contracting.samples import (
    CHECKER,
    DOSSIER,
    NOW,
    OFFER,
    OTHER,
    PREMIUM_CENTS,
    Case,
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


EXPECTED = without_payment_order(Course().run(list(STEPS)).transmit())
REFUNDED = without_payment_order(Course().run([*STEPS, *REFUND]).transmit())


@given(st.permutations(STEPS))
def test_every_order_of_everything_leads_to_the_same_transmitted_acte(order):
    course = Course().run(order)
    assert acte_gate(course.case.engagement, NOW) == []
    reached = course.transmit()
    assert reached.state is EngagementState.ACTE_TRANSMITTED
    assert without_payment_order(reached) == EXPECTED
    for name in ("Engaged", "ConventionSent", "ConventionSigned", "PremiumPaid", "ActeTransmitted"):
        assert course.case.names().count(name) == 1
    assert course.ledger.reservations[DOSSIER].standing is Standing.COMMITTED
    assert course.released == []


@given(st.permutations([*STEPS, *REFUND]))
def test_every_order_of_payments_promises_and_returns_leads_to_the_same_transmitted_acte(order):
    course = Course().run(order)
    engagement = course.case.engagement
    assert acte_gate(engagement, NOW) == []
    assert (engagement.paid_cents, engagement.account.promised_cents) == (PREMIUM_CENTS, 0)
    assert without_payment_order(course.transmit()) == REFUNDED


@given(st.permutations([*STEPS, *REFUND[:2], "reversal"]))
def test_whenever_a_promise_was_made_no_acte_leaves_on_the_money_it_takes(order):
    """The excess is promised and a part is gone: the account holds the premium, and not all of it stays."""
    course = Course().run(order)
    engagement = course.case.engagement
    promised = engagement.account.promised_cents
    assert engagement.paid_cents == PREMIUM_CENTS
    assert (engagement.paid is None) == (promised > 0)
    assert [one.code for one in acte_gate(engagement, NOW)] == (["premium-paid"] if promised else [])
    if not promised:  # the part was gone before: there was no excess to promise
        return
    with pytest.raises(ActeGateClosed):
        course.transmit()
    course.run(["withdrawn promise"])
    assert course.transmit().state is EngagementState.ACTE_TRANSMITTED


@given(st.permutations(STEPS), st.sampled_from(sorted(RELEASING)), st.integers(0, len(STEPS)))
def test_an_end_in_between_leaves_no_acte_and_releases_the_reservation_under_its_name(order, end, place):
    steps = [*order[:place], end, *order[place:]]
    course = Course().run([step for step in steps if end != "refusal" or step != "confirmation"])
    cause = RELEASING[end]
    # A lapse needs something that is late: with everything signed and paid there is nothing to end.
    assume(cause.__name__ in course.case.names())
    engagement = course.case.engagement
    assert engagement.end is ENDS[cause.__name__]
    assert [one.reason for one in course.released] == [cause.__name__]
    assert (course.ledger.reserved_cents, course.ledger.committed_cents) == (0, 0)
    assert course.ledger.reservations[DOSSIER].standing is Standing.RELEASED
    for actor in (CHECKER, OTHER):
        with pytest.raises(EngagementEnded):
            acte.check_ready(engagement, actor, NOW)
    assert not engagement.transmission_pending
    assert not {"ActePrepared", "ActeTransmitted"} & set(course.case.names())
    assert engagement.to_return_cents == engagement.paid_cents


def test_a_lapse_after_the_convention_releases_what_was_committed():
    course = Course().run([*STEPS[:5], "lapse", *STEPS[5:]])
    assert [one.reason for one in course.released] == ["EngagementLapsed"]
    assert course.released[0].amount_cents == submitted().principal_cents
    assert course.case.engagement.state is EngagementState.LAPSED


@given(st.permutations([*STEPS, *LATER[:-1], "promise"]))
def test_whatever_else_happens_an_acte_leaves_only_for_what_was_accepted_confirmed_and_wholly_paid(order):
    course = Course().run(order)
    engagement = course.case.engagement
    try:
        reached = course.transmit()
    except Refusal:
        assert engagement.end or acte_gate(engagement, NOW)
        assert "ActeTransmitted" not in course.case.names()
    else:
        assert reached.engaged
        assert reached.accepted
        assert reached.convention
        assert reached.engaged.offer_id == reached.accepted.offer_id
        assert reached.convention.premium_cents == reached.accepted.premium_cents <= reached.account.kept_cents
        assert not reached.convention_outdated
        assert course.ledger.reservations[DOSSIER].held_cents == reached.principal_cents
    if engagement.end is None and engagement.engaged:
        assert course.ledger.reservations[DOSSIER].standing is Standing.COMMITTED


@given(st.permutations(LATER))
def test_nothing_that_comes_after_the_transmission_releases_what_is_committed(order):
    course = Course().run(list(STEPS))
    course.transmit()
    course.run(order)
    assert isinstance(course.case.engagement.transmitted, ActeTransmitted)
    assert course.case.engagement.state is EngagementState.ACTE_TRANSMITTED
    assert course.case.engagement.paid is None or course.case.engagement.paid_cents >= PREMIUM_CENTS
    assert (course.released, course.case.engagement.end) == ([], None)
    assert course.ledger.reservations[DOSSIER].standing is Standing.COMMITTED
