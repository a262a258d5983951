"""What must hold of a register as a whole (ARCHITECTURE, Invariant 2). The fold asserts its own steps."""

from collections.abc import Iterator

from services.intake.domain.register import Register
from shared.journal import Broken


def broken(register: Register) -> Iterator[Broken]:
    """Each invariant that does not hold, with what was expected and what is there."""
    numbers = [one.number for one in register.deposits.values()]
    expected = list(range(1, register.last_number + 1))
    if numbers != expected:
        yield Broken("numéros sans trou", str(expected), str(numbers))
