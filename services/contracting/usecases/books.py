"""The two streams a payment is in, its own and its dossier's, and the step from one to the other."""

from dataclasses import dataclass

from services.contracting.domain import duplicates, premium
from services.contracting.domain import payment as domain
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import PaymentReceived
from services.contracting.domain.payment import Payment
from shared.clock import Clock
from shared.errors import NotFound
from shared.events import Cause
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Books:
    """The dossiers' engagements, the payments, and the time."""

    engagements: Journal[Engagement]
    payments: Journal[Payment]
    clock: Clock

    async def known(self, payment_id: str) -> Payment:
        """Raises: NotFound."""
        loaded = await self.payments.load(payment_id)
        if loaded.version == 0:
            raise NotFound("Paiement inconnu.")
        return loaded.state

    async def count(self, payment_id: str, cause: Cause) -> Payment:
        """Count a matched payment, or hold it where it looks like another; any other is left as it is."""
        payment = (await self.payments.load(payment_id)).state
        received, matched, now = payment.received, payment.matched, self.clock.now()
        if received is None or matched is None or payment.booked:
            return payment
        dossier = await self._weigh(matched.dossier_id, received, payment.held is not None, cause)
        if dossier.account.payment(payment_id):
            outcome = premium.outcome(dossier, payment_id)
            done = await self.payments.append(
                payment_id, lambda current: domain.book(current, dossier, outcome, now), cause
            )
        else:
            held = dossier.account.held_as(payment_id)
            assert held is not None
            done = await self.payments.append(
                payment_id, lambda current: duplicates.hold_uncounted(current, held, cause.actor), cause
            )
        return done.state

    async def _weigh(self, dossier_id: str, received: PaymentReceived, sure: bool, cause: Cause) -> Engagement:
        """The dossier once it counts the payment or holds it, among all that it counts at that moment."""
        while True:
            lines, now = (await self.engagements.load(dossier_id)).state.account.payments, self.clock.now()
            states = [(await self.payments.load(line.payment_id)).state for line in lines]
            known = {one.received.payment_id: one.received for one in states if one.received}
            try:
                done = await self.engagements.append(
                    dossier_id,
                    lambda engagement, known=known, now=now: duplicates.count(
                        engagement, received, known, now, sure=sure
                    ),
                    cause,
                )
            except duplicates.CountedMeanwhile:
                continue
            return done.state
