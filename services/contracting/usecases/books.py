"""The two streams a payment is in, its own and its dossier's, and the step from one to the other."""

from dataclasses import dataclass

from services.contracting.domain import payment as domain
from services.contracting.domain import premium
from services.contracting.domain.engagement import Engagement
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
        """Count a matched payment; any other is left as it is."""
        payment = (await self.payments.load(payment_id)).state
        received, matched, now = payment.received, payment.matched, self.clock.now()
        if received is None or matched is None or payment.booked:
            return payment
        counted = await self.engagements.append(
            matched.dossier_id, lambda engagement: premium.pay(engagement, received, now), cause
        )
        outcome = premium.outcome(counted.state, payment_id)
        done = await self.payments.append(
            payment_id, lambda current: domain.book(current, counted.state, outcome, now), cause
        )
        return done.state
