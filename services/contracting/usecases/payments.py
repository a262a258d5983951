"""Premium payments: each step is recorded before the next, so an outage loses none and counts none twice."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.contracting import store
from services.contracting.domain import payment as domain
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import PaymentReceived
from services.contracting.domain.payment import Payment
from services.contracting.domain.reference import compact
from services.contracting.domain.refusals import PremiumNotCalled, UnknownPaymentReference
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound
from shared.events import Cause
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Payments:
    """`view` lists the engagements, `payments_view` the payments."""

    engagements: Journal[Engagement]
    payments: Journal[Payment]
    view: Documents
    payments_view: Documents
    clock: Clock

    async def record(
        self, payment_id: str, reference: str, amount_cents: int, received_on: date, cause: Cause
    ) -> Payment:
        """Keep a payment and count it where its reference says; repeating it is harmless.

        Raises: UnknownPaymentReference (the payment is kept, unmatched); as domain.receive.
        """
        received = PaymentReceived(
            payment_id=payment_id,
            reference=compact(reference),
            amount_cents=amount_cents,
            received_on=received_on,
            recorded_at=self.clock.now(),
        )
        kept = await self.payments.append(payment_id, lambda payment: domain.receive(payment, received), cause)
        if kept.state.matched is None:
            dossier_id = await store.dossier_of(self.view, received.reference)
            if dossier_id is None:
                raise UnknownPaymentReference(
                    "Aucun dossier ne porte cette référence : le paiement est conservé, à rapprocher.",
                    pointer="/reference",
                )
            await self._settle(payment_id, dossier_id, cause)
        return await self._count(payment_id, cause)

    async def match(self, payment_id: str, dossier_id: str, cause: Cause) -> Payment:
        """A person says which dossier an unmatched payment is for.

        Raises: NotFound, PremiumNotCalled, PaymentAlreadyMatched.
        """
        if (await self.payments.load(payment_id)).version == 0:
            raise NotFound("Paiement inconnu.")
        if (await self.engagements.load(dossier_id)).version == 0:
            raise NotFound("Dossier inconnu.")
        await self._settle(payment_id, dossier_id, cause)
        return await self._count(payment_id, cause)

    async def _settle(self, payment_id: str, dossier_id: str, cause: Cause) -> None:
        """Once settled the payment must be countable: a called premium stays called."""
        if (await self.engagements.load(dossier_id)).state.convention is None:
            raise PremiumNotCalled("La prime de ce dossier n'a pas encore été appelée.")
        now = self.clock.now()
        await self.payments.append(
            payment_id, lambda payment: domain.match(payment, dossier_id, cause.actor, now), cause
        )

    async def _count(self, payment_id: str, cause: Cause) -> Payment:
        payment = (await self.payments.load(payment_id)).state
        received, matched, now = payment.received, payment.matched, self.clock.now()
        assert received is not None
        assert matched is not None
        await self.engagements.append(
            matched.dossier_id, lambda engagement: domain.pay(engagement, received, now), cause
        )
        done = await self.payments.append(payment_id, lambda current: domain.book(current, now), cause)
        return done.state

    async def finish_interrupted(self) -> None:
        """Count the payments whose dossier is settled and whose counting an outage interrupted."""
        interrupted = [row["payment_id"] async for row in store.unbooked(self.payments_view)]
        for payment_id in interrupted:
            await self._count(payment_id, Cause("service:contracting", correlation=payment_id))

    async def unmatched(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.unmatched(self.payments_view, skip, limit)]

    async def overpaid(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.overpaid(self.view, skip, limit)]
