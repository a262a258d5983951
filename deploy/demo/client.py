"""Talks to the five services as a portal and staff would: tokens, correlation, patience with 503."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx

MAX_TRIES = 30
TIMEOUT_SECONDS = 60.0
KEEPALIVE_SECONDS = 2.0
POLL_SECONDS = 0.05
AWAIT_SECONDS = 90.0
TOKEN_SECONDS = 30 * 86_400

Found = TypeVar("Found")


class Unexpected(Exception):
    """A service answered otherwise than the scenario needs."""


class Client:
    """One HTTP client for all services; `urls` by service name."""

    def __init__(self, issuer: str, urls: Mapping[str, str]) -> None:
        self._issuer = issuer
        self._urls = dict(urls)
        # Shorter than the services keep theirs: a connection is never used just as they close it.
        limits = httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS)
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False)
        self._tokens: dict[tuple[str, str], str] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def token(self, subject: str, role: str) -> str:
        """A token of the development issuer; asked for once a person and role."""
        key = (subject, role)
        if key not in self._tokens:
            wanted = {"sub": subject, "roles": [role], "lifetime_seconds": TOKEN_SECONDS}
            self._tokens[key] = await self.mint(wanted)
        return self._tokens[key]

    async def mint(self, wanted: dict[str, Any]) -> str:
        """Any token the development issuer can be asked for."""
        answer = await self._http.post(f"{self._issuer}/token", json=wanted)
        answer.raise_for_status()
        return answer.json()["access_token"]

    async def send(
        self, method: str, service: str, path: str, *, who: tuple[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """Any answer but 503, which is repeated as Retry-After asks for patience."""
        for _ in range(MAX_TRIES):
            answer = await self.attempt(method, service, path, who=who, **request)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            await asyncio.sleep(POLL_SECONDS * 10)
        raise Unexpected(f"{method} {path} : service indisponible")

    async def attempt(
        self, method: str, service: str, path: str, *, who: tuple[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """One try, whatever the answer; a token that a step of the clock made old is renewed."""
        headers = dict(request.pop("headers", {}))
        url = self._urls[service] + path
        if who is not None:
            headers["Authorization"] = f"Bearer {await self.token(*who)}"
        answer = await self._http.request(method, url, headers=headers, **request)
        if answer.status_code == httpx.codes.UNAUTHORIZED and who is not None:
            self._tokens.pop(who)
            headers["Authorization"] = f"Bearer {await self.token(*who)}"
            answer = await self._http.request(method, url, headers=headers, **request)
        return answer

    async def ok(self, method: str, service: str, path: str, **request: Any) -> Any:
        """The JSON of a good answer. Raises: Unexpected with the problem document."""
        answer = await self.send(method, service, path, **request)
        if not answer.is_success:
            raise Unexpected(f"{method} {service}{path} : {answer.status_code} {answer.text}")
        return (
            answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.content
        )

    async def refused(self, problem: str, method: str, service: str, path: str, **request: Any) -> dict[str, Any]:
        """The problem document of an answer that must be this refusal. Raises: Unexpected."""
        answer = await self.send(method, service, path, **request)
        document = answer.json()
        if answer.is_success or not str(document.get("type", "")).endswith(f":{problem}"):
            raise Unexpected(f"{method} {service}{path} : {problem} attendu, {answer.status_code} {answer.text}")
        return document


async def awaited(ask: Callable[[], Awaitable[Found | None]], what: str, seconds: float = AWAIT_SECONDS) -> Found:
    """What `ask` finds, asked again until it finds something. Raises: Unexpected naming `what`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await ask()
        if found is not None:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise Unexpected(f"attendu en vain : {what}")
        await asyncio.sleep(POLL_SECONDS)
