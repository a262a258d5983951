"""Money that goes back: the dossier promises it, then the payment says so, so that the gate never sees too much."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from services.contracting import store
from services.contracting.domain import payment as domain
from services.contracting.domain import premium, returns
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import RefundPromised
from services.contracting.domain.payment import Payment
from services.contracting.domain.payment_facts import PaymentReturned
from services.contracting.domain.refusals import PaymentChanged, PaymentClosed
from services.contracting.usecases.books import Books
from shared.documents import Documents
from shared.events import Cause, Event

Deduct = Callable[[Engagement, PaymentReturned, str, datetime], list[Event]]


@dataclass(frozen=True, slots=True)
class Refunds:
    """`view` lists the engagements, `payments_view` the payments."""

    books: Books
    view: Documents
    payments_view: Documents

    async def decide_return(self, payment_id: str, reason: str, cause: Cause) -> Payment:
        """The accountant decides that a payment goes back: whole, or what its dossier has too much.

        The dossier promises it first: an interruption leaves a premium that is told too small, never too large.
        Raises: NotFound; as premium.promise and returns.decide_return.
        """
        await self.books.known(payment_id)
        payment = await self.books.count(payment_id, cause)
        if payment.to_return is not None:
            return payment
        returns.check_decidable(payment, reason)
        promised = None
        if payment.booked is not None:
            return_id, now = returns.next_return_id(payment), self.books.clock.now()
            done = await self.books.engagements.append(
                payment.booked.dossier_id,
                lambda engagement: premium.promise(engagement, payment_id, return_id, reason, cause.actor, now),
                cause,
            )
            promised = done.state.account.promise(payment_id)
        return await self._decide_return(payment_id, promised, reason, cause)

    async def _decide_return(
        self, payment_id: str, promised: RefundPromised | None, reason: str, cause: Cause
    ) -> Payment:
        now = self.books.clock.now()
        done = await self.books.payments.append(
            payment_id, lambda current: returns.decide_return(current, promised, reason, cause.actor, now), cause
        )
        return done.state

    async def withdraw_return(self, payment_id: str, reason: str, cause: Cause) -> Payment:
        """A decided return is not made: the dossier keeps the money, then the payment leaves its queue.

        Where an interruption keeps it in its queue the money can no longer be said to have left: repeat it.
        Raises: NotFound; as returns.withdraw_return.
        """
        payment, now = await self.books.known(payment_id), self.books.clock.now()
        decided = payment.to_return or next(reversed(payment.withdrawn), None)
        return_id = decided.return_id if decided else ""
        returns.withdraw_return(payment, return_id, reason, cause.actor, now)
        if payment.booked is not None:
            await self._withdraw_promise(payment.booked.dossier_id, payment_id, return_id, cause)
        done = await self.books.payments.append(
            payment_id, lambda current: returns.withdraw_return(current, return_id, reason, cause.actor, now), cause
        )
        return done.state

    async def record_return(self, payment_id: str, on: date, bank_reference: str, cause: Cause) -> Payment:
        """The decided return left; what was counted of it is counted no more.

        Raises: NotFound; as returns.record_return.
        """
        payment, now = await self.books.known(payment_id), self.books.clock.now()
        # The deduction first: when it is interrupted the payment is still in its queue, and repeating completes both.
        made = returns.record_return(payment, on, bank_reference, cause.actor, now)
        await self._deduct(premium.execute, payment, made, cause)
        done = await self.books.payments.append(
            payment_id,
            lambda current: returns.record_return(current, on, bank_reference, cause.actor, now),
            cause,
        )
        return done.state

    async def apply_debit(self, debit_id: str, credit_id: str, cause: Cause) -> Payment:
        """The debit is the return of the credit: it is claimed for it alone, deducted, then shown by the credit.

        Raises: NotFound; as returns.check_debit and returns.apply; PaymentClosed when the credit's money went
        meanwhile, the debit is unknown again then.
        """
        debit, now = await self.books.known(debit_id), self.books.clock.now()
        await self.books.known(credit_id)
        if debit.applied is None or debit.applied.credit_id != credit_id:
            returns.check_debit(debit, await self.books.count(credit_id, cause))
        claimed = await self.books.payments.append(
            debit_id, lambda current: returns.apply(current, credit_id, cause.actor, now), cause
        )
        return await self._undo(claimed.state, cause)

    async def _undo(self, debit: Payment, cause: Cause) -> Payment:
        """What a claimed debit makes of its credit, once. Raises: PaymentClosed, the debit is released then."""
        received, applied, now = debit.received, debit.applied, self.books.clock.now()
        assert received is not None
        assert applied is not None
        debit_id, credit_id = received.payment_id, applied.credit_id
        credit = await self.books.count(credit_id, cause)
        try:
            taken = returns.undo(credit, received, applied.applied_by, now)
            await self._deduct(premium.take_back, credit, taken, cause)
            await self.books.payments.append(
                credit_id, lambda current: returns.undo(current, received, applied.applied_by, now), cause
            )
        except PaymentClosed:
            await self.books.payments.append(debit_id, lambda current: returns.release(current, credit_id, now), cause)
            raise
        done = await self.books.payments.append(debit_id, lambda current: returns.settle(current, now), cause)
        return done.state

    async def _deduct(self, deduct: Deduct, payment: Payment, events: list[Event], cause: Cause) -> None:
        """Count no more what is about to be recorded as gone."""
        returned = next((event for event in events if isinstance(event, PaymentReturned)), None)
        if payment.booked is None or returned is None:
            return
        gone, now = returned, self.books.clock.now()
        await self.books.engagements.append(
            payment.booked.dossier_id,
            lambda engagement: deduct(engagement, gone, cause.actor, now),
            cause,
        )

    async def _withdraw_promise(self, dossier_id: str, payment_id: str, return_id: str, cause: Cause) -> None:
        now = self.books.clock.now()
        await self.books.engagements.append(
            dossier_id,
            lambda engagement: premium.withdraw(engagement, payment_id, return_id, cause.actor, now),
            cause,
        )

    async def finish_interrupted(self) -> None:
        """Bring the two streams of a return together again where an outage came between them."""
        promising = [row["dossier_id"] async for row in store.promising(self.view)]
        for dossier_id in promising:
            for promised in (await self.books.engagements.load(dossier_id)).state.account.standing:
                await self._finish(promised)
        settling = [row["payment_id"] async for row in store.settling(self.payments_view)]
        for debit_id in settling:
            debit = await self.books.known(debit_id)
            if debit.applied is not None and debit.settled is None:
                with suppress(PaymentClosed):  # it is unknown again
                    await self._undo(debit, Cause("service:contracting", correlation=debit_id))

    async def _finish(self, promised: RefundPromised) -> None:
        """A promise is decided in the payment's stream, or stands no more when the payment went another way."""
        payment_id, return_id = promised.payment_id, promised.return_id
        payment = (await self.books.payments.load(payment_id)).state
        if payment.to_return is not None and payment.to_return.return_id == return_id:
            return
        try:
            cause = Cause(promised.promised_by, correlation=payment_id)
            await self._decide_return(payment_id, promised, promised.reason, cause)
        except (PaymentChanged, PaymentClosed):
            cause = Cause("service:contracting", correlation=payment_id)
            with suppress(PaymentClosed):  # it was executed while this looked
                await self._withdraw_promise(promised.dossier_id, payment_id, return_id, cause)

    async def note_ends(self) -> None:
        """What a dossier that ended without an acte has counted is due back, once."""
        for row in await store.ended_with_money(self.view, self.payments_view):
            dossier_id, payment_id = row["dossier_id"], row["payment_id"]
            engagement, now = (await self.books.engagements.load(dossier_id)).state, self.books.clock.now()
            await self.books.payments.append(
                payment_id,
                lambda payment, engagement=engagement, now=now: domain.note_end(payment, engagement, now),
                Cause("service:contracting", correlation=payment_id),
            )
