"""What came, what went back and what is promised back of a dossier's premium, to the cent."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.contracting.domain.facts import PremiumPaymentHeld, RefundPromised, RefundWithdrawn
from shared.contracts.contracting import PremiumPaymentRecorded, PremiumPaymentReversed
from shared.events import Event


@dataclass(frozen=True, slots=True)
class PremiumAccount:
    """The money of one dossier; a promise stands until it is executed by the reversal of its id, or withdrawn."""

    payments: tuple[PremiumPaymentRecorded, ...] = ()
    reversals: tuple[PremiumPaymentReversed, ...] = ()
    promises: tuple[RefundPromised, ...] = ()
    withdrawals: tuple[RefundWithdrawn, ...] = ()
    held: tuple[PremiumPaymentHeld, ...] = ()

    @property
    def paid_cents(self) -> int:
        """What is there: what came less what went back."""
        came = sum(payment.amount_cents for payment in self.payments)
        return came - sum(reversal.amount_cents for reversal in self.reversals)

    @property
    def standing(self) -> tuple[RefundPromised, ...]:
        """The promises whose money has not left."""
        done = _names(self.reversals) | _names(self.withdrawals)
        return tuple(one for one in self.promises if (one.payment_id, one.return_id) not in done)

    @property
    def promised_cents(self) -> int:
        return sum(promise.amount_cents for promise in self.standing)

    @property
    def kept_cents(self) -> int:
        """What counts for the premium: what is there and is not promised back."""
        return self.paid_cents - self.promised_cents

    def payment(self, payment_id: str) -> PremiumPaymentRecorded | None:
        return next((one for one in self.payments if one.payment_id == payment_id), None)

    def held_as(self, payment_id: str) -> PremiumPaymentHeld | None:
        """Why the payment was not counted when it came."""
        return next((one for one in self.held if one.payment_id == payment_id), None)

    def promise(self, payment_id: str) -> RefundPromised | None:
        """The promise that stands of a payment: one at a time."""
        return next((one for one in self.standing if one.payment_id == payment_id), None)

    def promised_once(self, payment_id: str, return_id: str) -> bool:
        """Whether the return was ever promised, whatever became of it."""
        return (payment_id, return_id) in _names(self.promises)

    def reversed_once(self, payment_id: str, return_id: str) -> bool:
        return (payment_id, return_id) in _names(self.reversals)

    def withdrawn_once(self, payment_id: str, return_id: str) -> bool:
        return (payment_id, return_id) in _names(self.withdrawals)

    def gone_cents(self, payment_id: str) -> int:
        """What was deducted of a payment."""
        return sum(one.amount_cents for one in self.reversals if one.payment_id == payment_id)

    def fold(self, event: Event) -> "PremiumAccount":
        kept = KEPT[type(event)]
        return replace(self, **{kept: (*getattr(self, kept), event)})


KEPT: dict[type[Event], str] = {
    PremiumPaymentRecorded: "payments",
    PremiumPaymentReversed: "reversals",
    RefundPromised: "promises",
    RefundWithdrawn: "withdrawals",
    PremiumPaymentHeld: "held",
}

NO_MONEY = PremiumAccount()


def _names(facts: Iterable[PremiumPaymentReversed | RefundPromised | RefundWithdrawn]) -> set[tuple[str, str]]:
    """What names a return: its payment and its id among those of the payment."""
    return {(one.payment_id, one.return_id) for one in facts}
