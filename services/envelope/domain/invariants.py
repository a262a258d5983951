"""What must hold of a ledger as a whole, counted again from its lines (ARCHITECTURE, Invariants 1, 2, 6, 9)."""

from collections.abc import Iterator

from services.envelope.domain.ledger import Ledger, Queued, Standing
from shared.journal import Broken


def broken(ledger: Ledger) -> Iterator[Broken]:
    """Each invariant that does not hold, with what was expected and what is there. The fold asserts its own steps."""
    lines = ledger.reservations.values()
    reserved = sum(line.amount_cents for line in lines if line.standing is Standing.RESERVED)
    committed = sum(line.amount_cents for line in lines if line.standing is Standing.COMMITTED)
    waiting = {
        line.number: Queued(name, line.amount_cents)
        for name, line in ledger.reservations.items()
        if line.standing is Standing.WAITING
    }
    numbers = [line.number for line in lines]
    held = [number for number in ledger.held if number <= ledger.decided]
    checks = (
        ("montant réservé", reserved, ledger.reserved_cents),
        ("montant engagé", committed, ledger.committed_cents),
        ("plafond respecté", True, reserved + committed <= ledger.cap_cents),
        ("numéros décidés", list(range(1, ledger.decided + 1)), numbers),
        ("liste d'attente", waiting, dict(ledger.waiting)),
        ("numéros en attente d'un précédent", [], held),
    )
    yield from (Broken(name, str(expected), str(found)) for name, expected, found in checks if expected != found)
