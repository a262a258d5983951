"""Bank entries: each step is recorded before the next, so an outage loses none and counts none twice."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.contracting import store
from services.contracting.domain import duplicates
from services.contracting.domain import payment as domain
from services.contracting.domain.facts import Basis, Direction, PaymentReceived
from services.contracting.domain.names import normalised
from services.contracting.domain.payment import Payment, Queue
from services.contracting.domain.payment_facts import PaymentHeld
from services.contracting.domain.reference import compact
from services.contracting.domain.refusals import PremiumNotCalled, UnknownPaymentReference
from services.contracting.usecases.books import Books
from services.contracting.usecases.refunds import Refunds
from shared.documents import Documents
from shared.errors import NotFound
from shared.events import Cause


@dataclass(frozen=True, slots=True)
class Payments:
    """`view` lists the engagements, `payments_view` the payments."""

    books: Books
    refunds: Refunds
    view: Documents
    payments_view: Documents

    async def record(
        self, payment_id: str, reference: str, amount_cents: int, received_on: date, cause: Cause
    ) -> Payment:
        """Keep a payment a person enters, for a second one to confirm; repeating it is harmless.

        Raises: UnknownPaymentReference (the payment is kept all the same); as domain.receive.
        """
        received = PaymentReceived(
            payment_id=payment_id,
            reference=compact(reference),
            amount_cents=amount_cents,
            received_on=received_on,
            recorded_at=self.books.clock.now(),
            entered_by=cause.actor,
        )
        payment = await self.take(received, cause)
        unmatched = payment.queue in (Queue.TO_CONFIRM, Queue.UNKNOWN)
        if unmatched and await store.dossier_of(self.view, received.reference) is None:
            raise UnknownPaymentReference(
                "Aucun dossier ne porte cette référence : le paiement est conservé, à confirmer ou à rapprocher.",
                pointer="/reference",
            )
        return payment

    async def confirm(self, payment_id: str, cause: Cause) -> Payment:
        """A second person found a payment entered by hand: count it where its reference says; repeating is harmless.

        Raises: NotFound; as domain.confirm.
        """
        await self.books.known(payment_id)
        now = self.books.clock.now()
        done = await self.books.payments.append(
            payment_id, lambda payment: domain.confirm(payment, cause.actor, now), cause
        )
        return await self._go_on(done.state, cause)

    async def check(self, received: PaymentReceived) -> None:
        """Whether a bank entry can be kept. Raises: as domain.receive."""
        domain.receive((await self.books.payments.load(received.payment_id)).state, received)

    async def tells(self, received: PaymentReceived) -> bool:
        """Whether this movement is kept under its id, in whatever words."""
        before = (await self.books.payments.load(received.payment_id)).state.received
        return before is not None and domain.same_movement(before, received)

    async def take(self, received: PaymentReceived, cause: Cause) -> Payment:
        """Keep a bank entry and bring it as far as it goes without a person.

        Raises: as domain.receive.
        """
        kept = await self.books.payments.append(
            received.payment_id, lambda payment: domain.receive(payment, received), cause
        )
        return await self._go_on(kept.state, cause)

    async def _go_on(self, payment: Payment, cause: Cause) -> Payment:
        received = payment.received
        assert received is not None
        if payment.queue is Queue.UNKNOWN:
            if received.direction is Direction.DEBIT:
                return await self._find_credit(received, cause)
            await self._find_dossier(received, cause)
        return await self.books.count(received.payment_id, cause)

    async def match(self, payment_id: str, dossier_id: str, cause: Cause) -> Payment:
        """A person says which dossier a payment is for; one that looks like another is held until it is said again.

        Raises: NotFound, PremiumNotCalled; as domain.match.
        """
        seen = (await self.books.known(payment_id)).held
        if (await self.books.engagements.load(dossier_id)).version == 0:
            raise NotFound("Dossier inconnu.")
        await self._settle(payment_id, dossier_id, Basis.PERSON, cause, seen)
        return await self.books.count(payment_id, cause)

    async def mark_duplicate(self, payment_id: str, duplicate_of: str, cause: Cause) -> Payment:
        """A person says that a payment is `duplicate_of` again.

        Raises: NotFound, when `duplicate_of` is for no dossier too; as duplicates.hold.
        """
        await self.books.known(payment_id)
        dossier_id = (await self.books.known(duplicate_of)).dossier_id
        if dossier_id is None or payment_id == duplicate_of:
            raise NotFound("Le règlement d'origine n'est rapproché d'aucun dossier.")
        now = self.books.clock.now()
        done = await self.books.payments.append(
            payment_id, lambda payment: duplicates.hold(payment, dossier_id, duplicate_of, cause.actor, now), cause
        )
        return done.state

    async def dismiss(self, payment_id: str, reason: str, cause: Cause) -> Payment:
        """Raises: NotFound; as domain.dismiss."""
        await self.books.known(payment_id)
        now = self.books.clock.now()
        done = await self.books.payments.append(
            payment_id, lambda payment: domain.dismiss(payment, reason, cause.actor, now), cause
        )
        return done.state

    async def _find_credit(self, debit: PaymentReceived, cause: Cause) -> Payment:
        """The one credit a debit takes back, by end-to-end id, else by reference; several, or none, a person looks."""
        for query in store.undone_by(debit):
            found = [row async for row in self.payments_view.find(query, limit=2)]
            if len(found) == 1:
                credit = await self.books.count(found[0]["payment_id"], cause)
                # What is unknown or held may be the bank's word of a payment that was counted as a person entered it.
                if credit.queue not in (Queue.TO_CONFIRM, Queue.UNKNOWN, Queue.DUPLICATE):
                    return await self.refunds.apply_debit(debit.payment_id, found[0]["payment_id"], cause)
            if found:
                break
        return await self.books.known(debit.payment_id)

    async def _find_dossier(self, received: PaymentReceived, cause: Cause) -> None:
        """By the structured reference; else by an amount that only one dossier of this payer awaits."""
        dossier_id, basis = await store.dossier_of(self.view, received.reference), Basis.REFERENCE
        if dossier_id is None:
            payer = normalised(received.payer)
            awaited = [row async for row in store.awaiting(self.view, received.amount_cents)]
            of_payer = [row["dossier_id"] for row in awaited if payer and normalised(row["bailleur"]) == payer]
            dossier_id, basis = of_payer[0] if len(of_payer) == 1 else None, Basis.AMOUNT_AND_PAYER
        if dossier_id is not None:
            await self._settle(received.payment_id, dossier_id, basis, cause)

    async def _settle(
        self, payment_id: str, dossier_id: str, basis: Basis, cause: Cause, seen: PaymentHeld | None = None
    ) -> None:
        """Once settled the payment must be countable: a called premium stays called."""
        if (await self.books.engagements.load(dossier_id)).state.convention is None:
            raise PremiumNotCalled("La prime de ce dossier n'a pas encore été appelée.")
        now = self.books.clock.now()
        await self.books.payments.append(
            payment_id, lambda current: domain.match(current, dossier_id, basis, cause.actor, now, seen), cause
        )

    async def finish_interrupted(self) -> None:
        """Count the payments whose dossier is settled and whose counting an outage interrupted."""
        interrupted = [row["payment_id"] async for row in store.unbooked(self.payments_view)]
        for payment_id in interrupted:
            await self.books.count(payment_id, Cause("service:contracting", correlation=payment_id))

    async def queue(self, queue: Queue, skip: int, limit: int) -> list[dict[str, Any]]:
        """A queue, the oldest first; a partial or too large payment is in it as long as its dossier is so."""
        concerned = await store.dossiers_in(self.view, queue)
        if concerned == []:
            return []
        return [row async for row in store.queued(self.payments_view, queue, concerned, skip, limit)]

    async def unmatched(self, skip: int, limit: int) -> list[dict[str, Any]]:
        return [row async for row in store.unmatched(self.payments_view, skip, limit)]

    async def overpaid(self, skip: int, limit: int) -> list[dict[str, Any]]:
        """Dossiers with money to return, each with the payments that hold it."""
        rows = [row async for row in store.overpaid(self.view, skip, limit)]
        held = await store.money_held(self.payments_view, [row["dossier_id"] for row in rows])
        return [row | {"payments": held[row["dossier_id"]]} for row in rows]
