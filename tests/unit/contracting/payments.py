"""A payment by what happens to it."""

from services.contracting.domain import duplicates, payment, returns
from services.contracting.domain.facts import Basis, Direction, Outcome, RefundPromised
from services.contracting.domain.payment import Payment
from shared.contracts.intake import DossierWithdrawn
from shared.events import Event
from tests.unit.contracting.cases import sent
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, NOW, PREMIUM_CENTS, TODAY, received

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


def kept(*more) -> Payment:
    folded = Payment().fold(received())
    for event in more:
        folded = folded.fold(event)
    return folded


def matched(state: Payment, dossier_id: str = DOSSIER) -> list[Event]:
    return payment.match(state, dossier_id, Basis.PERSON, ACCOUNTANT, NOW)


def held(state: Payment | None = None) -> Payment:
    return fold(state or kept(), duplicates.hold(state or kept(), DOSSIER, "p0", ACCOUNTANT, NOW))


def booked(outcome: Outcome = Outcome.EXACT) -> Payment:
    settled = fold(kept(), matched(kept()))
    return fold(settled, payment.book(settled, sent().engagement, outcome, NOW))


def debit(amount_cents: int = PREMIUM_CENTS) -> Payment:
    taken = received(amount_cents, "debit-1").model_copy(update={"direction": Direction.DEBIT})
    return Payment().fold(taken)


def promised(amount_cents: int, return_id: str = "return-1") -> RefundPromised:
    return RefundPromised(
        dossier_id=DOSSIER,
        payment_id="p1",
        return_id=return_id,
        amount_cents=amount_cents,
        reason="Trop-perçu",
        promised_by=ACCOUNTANT,
        promised_at=NOW,
    )


def deciding(state: Payment, amount_cents: int = PREMIUM_CENTS, reason: str = "Trop-perçu") -> list[Event]:
    promise = promised(amount_cents) if state.matched else None
    return returns.decide_return(state, promise, reason, ACCOUNTANT, NOW)


def decided() -> Payment:
    """A payment of no dossier, to be returned whole."""
    return fold(kept(), deciding(kept()))


def decided_in_part(amount_cents: int = 500) -> Payment:
    return fold(booked(Outcome.OVER), deciding(booked(Outcome.OVER), amount_cents))


def returning(state: Payment, reference: str = "V1", on=TODAY) -> list[Event]:
    return returns.record_return(state, on, reference, ACCOUNTANT, NOW)


def fold(state: Payment, events: list[Event]) -> Payment:
    for event in events:
        state = state.fold(event)
    return state


def dismissed() -> Payment:
    return fold(kept(), payment.dismiss(kept(), "Virement interne", ACCOUNTANT, NOW))
