"""Who calls a service under test: whatever token a request carries, it is whoever stands there now."""

from collections.abc import Callable

from fastapi import FastAPI

from shared.auth import Principal

TOKEN = {"Authorization": "Bearer jeton"}


class _Standing:
    def __init__(self, who: Callable[[], Principal]) -> None:
        self._who = who

    async def authenticate(self, _: str) -> Principal:
        return self._who()


def called_by(app: FastAPI, who: Callable[[], Principal]) -> None:
    """Requests with TOKEN are `who`'s."""
    app.state.authenticator = _Standing(who)
