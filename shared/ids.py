"""Identifiers."""

from secrets import token_hex


def new_id() -> str:
    """A random identifier of 32 hexadecimal digits."""
    return token_hex(16)
