"""What may go back of a premium, and what is owed after, to the cent."""

from services.contracting.domain import premium
from shared.contracts.contracting import PremiumPaymentReversed
from tests.unit.contracting.samples import NOW, PREMIUM_CENTS, TODAY, Case, received, sent


def paid(*amounts_cents: int) -> Case:
    """Payments p1, p2 … of a called premium."""
    case = sent()
    for number, cents in enumerate(amounts_cents, start=1):
        case.pay(cents, f"p{number}")
    return case


def gone(case: Case, payment_id: str, cents: int, return_id: str) -> PremiumPaymentReversed:
    (reversed_,) = case.do(premium.take_back, payment_id, cents, TODAY, NOW, return_id)
    assert isinstance(reversed_, PremiumPaymentReversed)
    return reversed_


def test_no_more_of_a_payment_goes_back_than_is_left_of_it():
    case = paid(PREMIUM_CENTS, 1_000)
    case.pay(500, "p3")
    gone(case, "p2", 400, "r1")
    assert case.engagement.to_return_cents == 1_100
    assert premium.returnable_cents(case.engagement, received(1_000, "p2"), 0) == 600


def test_a_cent_too_much_can_go_back():
    case = paid(PREMIUM_CENTS + 1)
    assert premium.returnable_cents(case.engagement, received(PREMIUM_CENTS + 1, "p1"), 0) == 1


def test_what_goes_back_of_too_much_leaves_nothing_owed():
    case = paid(PREMIUM_CENTS, 1_000)
    left = gone(case, "p2", 999, "r1")
    assert (left.outstanding_cents, left.overpaid_cents) == (0, 1)
    exact = gone(case, "p2", 1, "r2")
    assert (exact.outstanding_cents, exact.overpaid_cents) == (0, 0)
    short = gone(case, "p1", 1, "r3")
    assert (short.outstanding_cents, short.overpaid_cents) == (1, 0)
