"""Tokens: what is let in, and everything that is not."""

import base64
import hmac
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.auth import Authenticator, Unauthenticated
from tests.counter import START, FixedClock

ISSUER = "http://issuer.example"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "one"})


def claims(**changes):
    given = {"iss": ISSUER, "aud": "ami-garantie", "sub": "u1", "roles": ["bailleur"], "exp": START.timestamp() + 600}
    return {name: value for name, value in (given | changes).items() if value is not None}


def token(key=KEY, algorithm="ES256", **changes) -> str:
    return jwt.encode({"alg": algorithm, "kid": "one"}, claims(**changes), key, algorithms=[algorithm])


def part(value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def authenticator(monkeypatch):
    made = Authenticator(ISSUER, "ami-garantie", FixedClock())
    keys = KeySet([KEY])

    async def fetch():
        made._keys = keys
        return keys

    monkeypatch.setattr(made, "_fetch", fetch)
    return made


async def test_a_good_token_names_its_subject_and_roles(authenticator):
    caller = await authenticator.authenticate(token())
    assert (caller.subject, caller.roles, caller.actor) == ("u1", {"bailleur"}, "user:u1")


async def test_one_audience_among_several_is_enough(authenticator):
    assert await authenticator.authenticate(token(aud=["other", "ami-garantie"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": START.timestamp() - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": START.timestamp() + 31},
        {"iss": "http://elsewhere.example"},
        {"aud": "another-product"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"roles": "bailleur"},
    ],
)
async def test_a_token_that_does_not_fit_is_refused(authenticator, changes):
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(**changes))


async def test_a_forged_signature_is_refused(authenticator):
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(OTHER_KEY))


async def test_an_unsigned_token_is_refused(authenticator):
    unsigned = f"{part(json.dumps({'alg': 'none', 'kid': 'one'}))}.{part(json.dumps(claims()))}."
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(unsigned)


async def test_the_public_key_used_as_a_shared_secret_is_refused(authenticator):
    signed = f"{part(json.dumps({'alg': 'HS256', 'kid': 'one'}))}.{part(json.dumps(claims()))}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(f"{signed}.{part(mac)}")


@pytest.mark.parametrize("garbage", ["", "x", "a.b.c", "é.è.à", "." * 3])
async def test_garbage_is_refused(authenticator, garbage):
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(garbage)
