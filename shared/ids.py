"""Identifiers."""

from uuid import uuid4


def new_id() -> str:
    """A random identifier of 32 hexadecimal digits."""
    return uuid4().hex
