"""The issuer's keys: fetched once, turned, kept while it is down; and the role each route asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, RSAKey

from shared.auth import Authenticator, Principal, Role, Unauthenticated, require, required_roles
from shared.errors import Unavailable
from shared.http import build_app
from tests.counter import START, FixedClock

ISSUER = "http://issuer.example"
FIRST = ECKey.generate_key("P-256", {"kid": "first"})
SECOND = ECKey.generate_key("P-256", {"kid": "second"})
STRANGE = ECKey.generate_key("P-256", {"kid": "strange"})


def token(key: Key = FIRST, algorithm: str = "ES256", **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": "ami-garantie", "sub": "u1", "roles": ["auditor"], "exp": START.timestamp() + 600}
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims | changes, key, algorithms=[algorithm])


class Issuer:
    """Answers for its discovery document and its keys; counts how often it is asked."""

    def __init__(self, *keys) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.down: Exception | None = None
        self.garbage: dict | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise self.down
        if request.url.path == "/.well-known/openid-configuration":
            self.asked += 1
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        assert request.url.path == "/jwks"
        public = KeySet(self.keys).as_dict(private=False)
        return httpx.Response(200, json=public if self.garbage is None else self.garbage)


@pytest.fixture
def issuer(monkeypatch) -> Issuer:
    made = Issuer(FIRST)
    monkeypatch.setattr(
        "shared.auth.httpx.AsyncClient", partial(httpx.AsyncClient, transport=httpx.MockTransport(made.answer))
    )
    return made


@pytest.fixture
def authenticator(issuer) -> Authenticator:
    return Authenticator(f"{ISSUER}/", "ami-garantie", FixedClock())


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Keys may be asked for again at once."""
    monkeypatch.setattr("shared.auth.KEYS_MIN_AGE_SECONDS", 0)


# -- keys --------------------------------------------------------------------------------------------------------


async def test_keys_are_asked_for_once(issuer: Issuer, authenticator: Authenticator):
    for _ in range(3):
        assert (await authenticator.authenticate(token())).subject == "u1"
    assert issuer.asked == 1


@pytest.mark.usefixtures("impatient")
async def test_keys_that_were_turned_are_found(issuer: Issuer, authenticator: Authenticator):
    await authenticator.authenticate(token())
    issuer.keys = [SECOND]
    assert (await authenticator.authenticate(token(SECOND))).subject == "u1"
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(FIRST))


async def test_forged_tokens_do_not_make_the_issuer_asked_again_and_again(issuer, authenticator):
    await authenticator.authenticate(token())
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(token(STRANGE))
    assert issuer.asked == 1


@pytest.mark.parametrize("down", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
async def test_an_issuer_that_is_down_at_first_is_an_outage_and_not_a_bad_token(issuer, authenticator, down):
    issuer.down = down
    with pytest.raises(Unavailable, match="identity"):
        await authenticator.authenticate(token())
    issuer.down = None
    assert await authenticator.authenticate(token())


@pytest.mark.parametrize("garbage", [{}, {"keys": [{"kty": "none"}]}])
async def test_an_issuer_that_talks_nonsense_is_an_outage(issuer, authenticator, garbage):
    issuer.garbage = garbage
    with pytest.raises(Unavailable, match="identity"):
        await authenticator.authenticate(token())
    issuer.garbage = None
    assert await authenticator.authenticate(token())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "trouble", [{"down": httpx.ConnectError("refused")}, {"garbage": {"keys": []}}], ids=["down", "nonsense"]
)
async def test_known_keys_stay_good_while_the_issuer_is_in_trouble(issuer, authenticator, trouble):
    await authenticator.authenticate(token())
    vars(issuer).update(trouble)
    assert await authenticator.authenticate(token())
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(SECOND))


# -- algorithms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
async def test_rsa_keys_are_good_too(issuer, authenticator, algorithm):
    key = RSAKey.generate_key(2048, {"kid": "rsa"})
    issuer.keys = [key]
    assert await authenticator.authenticate(token(key, algorithm))


async def test_a_shared_secret_is_refused_even_when_the_issuer_publishes_one(issuer, authenticator):
    secret = OctKey.generate_key(256, {"kid": "secret"})
    issuer.keys = [FIRST, secret]
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(secret, "HS256"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": START.timestamp() - 31}, "Jeton d'accès expiré : reconnectez-vous."),
        ({"iss": "http://elsewhere.example"}, "Jeton d'accès invalide."),
        ({"aud": "another"}, "Jeton d'accès invalide."),
    ],
)
async def test_only_expiry_is_told_from_any_other_fault(authenticator, changes, said):
    with pytest.raises(Unauthenticated) as refused:
        await authenticator.authenticate(token(**changes))
    assert refused.value.detail == said


async def test_clocks_may_differ_by_the_leeway(authenticator):
    assert await authenticator.authenticate(token(exp=START.timestamp() - 30, nbf=START.timestamp() + 30))


# -- roles -------------------------------------------------------------------------------------------------------

AUDITED = require(Role.AUDITOR, Role.COMPLIANCE)


@pytest.fixture
async def client(authenticator) -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.get("/report")
    async def report(caller: Annotated[Principal, AUDITED]) -> str:
        return caller.actor

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    async def checks() -> dict[str, bool]:
        return {}

    app = build_app("Essai", [router], lifespan, checks)
    app.state.authenticator = authenticator
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://essai") as made:
        yield made


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Basic dTE6cGFzcw==", 401),
        ("Bearer nonsense", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        (f"bearer {token()}", 200),
        (f"Bearer {token(roles=[])}", 403),
        (f"Bearer {token(roles=['bailleur', 'instructor'])}", 403),
        (f"Bearer {token(roles=['bailleur', 'compliance'])}", 200),
        (f"Bearer {token()}", 200),
    ],
)
async def test_a_route_lets_in_who_holds_one_of_its_roles(client, header, status):
    answer = await client.get("/report", headers={"Authorization": header} if header else {})
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == "user:u1"


def test_a_route_s_roles_can_be_read():
    assert required_roles(AUDITED.dependency) == (Role.AUDITOR, Role.COMPLIANCE)
    assert required_roles(print) == ()
