"""Who is calling: OIDC bearer tokens checked against the issuer's keys, and the role each route needs."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.clock import Clock
from shared.errors import Forbidden, Refusal, Unavailable

ALGORITHMS = ["ES256", "RS256", "PS256"]
LEEWAY_SECONDS = 30
KEYS_MIN_AGE_SECONDS = 10
HTTP_TIMEOUT_SECONDS = 3.0
MAX_TOKENS_KEPT = 10_000


class Role(StrEnum):
    BAILLEUR = "bailleur"
    INSTRUCTOR = "instructor"
    COMPLIANCE = "compliance"
    COMMITTEE_SECRETARY = "committee_secretary"
    PRICING_OFFICER = "pricing_officer"
    LEGAL_OFFICER = "legal_officer"
    BOARD_SECRETARY = "board_secretary"
    ACCOUNTANT = "accountant"
    CAMPAIGN_MANAGER = "campaign_manager"
    AUDITOR = "auditor"


class Unauthenticated(Refusal):
    """No token, or one that does not hold; the detail never says which check failed beyond expiry."""

    type = "unauthenticated"
    title = "Authentification requise"
    status = 401


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: the token's subject and roles."""

    subject: str
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        return f"user:{self.subject}"


@dataclass(frozen=True, slots=True)
class _Signed:
    """The claims of a token whose signature holds under `keys`."""

    claims: dict[str, Any]
    keys: KeySet


class Authenticator:
    """Checks tokens: signature, algorithm, issuer, audience, expiry. Keys come from the issuer's discovery document.

    Keys are kept, so a token that is good stays good while the issuer is down; an unknown key id asks again,
    at most once in KEYS_MIN_AGE_SECONDS. A signature is checked once a token and key set; claims at each use.
    """

    def __init__(self, issuer: str, audience: str, clock: Clock) -> None:
        self._issuer = issuer.rstrip("/")
        self._audience = audience
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = -float(KEYS_MIN_AGE_SECONDS)
        self._lock = asyncio.Lock()
        self._signed: OrderedDict[bytes, _Signed] = OrderedDict()  # by SHA-256 of the token

    async def authenticate(self, token: str) -> Principal:
        """Raises: Unauthenticated; Unavailable("identity") when keys are needed and cannot be had."""
        digest = hashlib.sha256(token.encode()).digest()
        signed = self._signed.get(digest)
        if signed is None or signed.keys is not self._keys:
            try:
                signed = await self._decode(token)
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Unauthenticated("Jeton d'accès invalide.") from error
        try:
            caller = self._principal(signed.claims)
        except Unauthenticated:
            self._signed.pop(digest, None)
            raise
        self._keep(digest, signed)
        return caller

    def _keep(self, digest: bytes, signed: _Signed) -> None:
        self._signed[digest] = signed
        self._signed.move_to_end(digest)
        if len(self._signed) > MAX_TOKENS_KEPT:
            self._signed.popitem(last=False)

    async def _decode(self, token: str) -> _Signed:
        keys = self._keys or await self._fetch()
        try:
            return _Signed(jwt.decode(token, keys, algorithms=ALGORITHMS).claims, keys)
        except (JoseError, ValueError):
            # The issuer may have turned its keys since.
            fresh = await self._fetch()
            if fresh is keys:
                raise
            return _Signed(jwt.decode(token, fresh, algorithms=ALGORITHMS).claims, fresh)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        now = self._clock.now().timestamp()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expiry, start = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expiry, int | float) or not isinstance(start, int | float):
            raise Unauthenticated("Jeton d'accès invalide.")
        if now > expiry + LEEWAY_SECONDS:
            raise Unauthenticated("Jeton d'accès expiré : reconnectez-vous.")
        subject, roles = claims.get("sub"), claims.get("roles", [])
        if (
            claims.get("iss") != self._issuer
            or self._audience not in audiences
            or now < start - LEEWAY_SECONDS
            or not isinstance(subject, str)
            or not subject
            or not isinstance(roles, list)
        ):
            raise Unauthenticated("Jeton d'accès invalide.")
        return Principal(subject, frozenset(str(role) for role in roles))

    async def _fetch(self) -> KeySet:
        async with self._lock:
            age = asyncio.get_running_loop().time() - self._fetched_at
            if self._keys is not None and age < KEYS_MIN_AGE_SECONDS:
                return self._keys
            try:
                async with httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=False) as client:
                    discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                    discovery.raise_for_status()
                    keys = await client.get(discovery.json()["jwks_uri"])
                    keys.raise_for_status()
                self._keys = KeySet.import_key_set(keys.json())
                self._fetched_at = asyncio.get_running_loop().time()
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                if self._keys is None:
                    raise Unavailable("identity") from error
            return self._keys


class _Required(SecurityBase):
    """What a route asks of its caller: a token, and one of some roles. A scheme and its check in one dependency, as
    each costs every request.
    """

    def __init__(self, roles: tuple[Role, ...]) -> None:
        self.model = HTTPBearer(description="Jeton OIDC de l'émetteur configuré")
        self.scheme_name = "HTTPBearer"
        self.roles = roles
        self._allowed = frozenset(roles)

    async def __call__(self, request: Request) -> Principal:
        """The caller. Raises: Unauthenticated, Forbidden, Unavailable."""
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Un jeton d'accès est nécessaire (en-tête Authorization: Bearer …).")
        authenticator: Authenticator = request.app.state.authenticator
        caller = await authenticator.authenticate(token)
        if self._allowed.isdisjoint(caller.roles):
            raise Forbidden("Votre profil ne donne pas accès à cette opération.")
        return caller


def require(*roles: Role) -> Any:
    """A route dependency: the caller must hold one of `roles`; gives the Principal. Every route names its own."""
    return Depends(_Required(roles))


def required_roles(dependency: Callable[..., Any]) -> tuple[Role, ...]:
    """The roles a `require` dependency asks for; empty for any other callable (architecture test, documents)."""
    return dependency.roles if isinstance(dependency, _Required) else ()
