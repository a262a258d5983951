"""Money is whole cents: its limit, its one rounding and how French readers see it."""

from decimal import ROUND_HALF_UP, Decimal

from shared.errors import Refusal

# No single amount (loan, premium, payment, reservation) exceeds the whole envelope of 600 M€.
MAX_CENTS = 60_000_000_000

GROUP_SEPARATOR = "\u202f"  # narrow no-break space
UNIT_SEPARATOR = "\u00a0"  # no-break space
MINUS = "\u2212"


class AmountOutOfRange(Refusal):
    """An amount outside its limits."""

    type = "amount-out-of-range"
    title = "Montant hors limites"
    status = 422


def check_cents(
    amount_cents: int, *, minimum_cents: int = 0, maximum_cents: int = MAX_CENTS, pointer: str | None = None
) -> None:
    """Both limits are valid amounts. Raises: AmountOutOfRange."""
    if not minimum_cents <= amount_cents <= maximum_cents:
        raise AmountOutOfRange(
            f"Le montant doit être compris entre {format_euros(minimum_cents)} et {format_euros(maximum_cents)}.",
            pointer=pointer,
        )


def round_half_up(amount: Decimal) -> int:
    """The nearest whole number, halves away from zero; the caller's decimal context plays no part."""
    return int(amount.to_integral_value(rounding=ROUND_HALF_UP))


def format_euros(amount_cents: int) -> str:
    """French typography: 325000000 → `3 250 000,00 €`, with no-break spaces that keep it on one line."""
    euros, cents = divmod(abs(amount_cents), 100)
    sign = MINUS if amount_cents < 0 else ""
    return f"{sign}{f'{euros:,}'.replace(',', GROUP_SEPARATOR)},{cents:02}{UNIT_SEPARATOR}€"
