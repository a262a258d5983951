"""Whatever comes first, the acte is the same; and what ends in between ends without acte, its reservation released."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracting.domain import acte
from services.contracting.domain.gate import acte_gate
from services.contracting.domain.refusals import ActeGateClosed, EngagementEnded
from services.contracting.domain.states import ENDS, EngagementState
from services.envelope.domain.ledger import Standing
from shared.contracts.contracting import ActeTransmitted
from shared.errors import Refusal
from tests.unit.contracting.course import LATER, REFUND, RELEASING, STEPS, Course, without_payment_order
from tests.unit.contracting.samples import CHECKER, DOSSIER, NOW, OTHER, PREMIUM_CENTS, submitted

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
