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


# -- signatures checked once -------------------------------------------------------------------------------------


class Decoding:
    """Counts signature checks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._decode = jwt.decode
        monkeypatch.setattr(jwt, "decode", self._counted)

    def _counted(self, *given, **named):
        self.count += 1
        return self._decode(*given, **named)


@pytest.fixture
def decoding(monkeypatch) -> Decoding:
    return Decoding(monkeypatch)


async def test_a_signature_is_checked_once(authenticator, decoding):
    good = token()
    assert await authenticator.authenticate(good) == await authenticator.authenticate(good)
    assert decoding.count == 1


async def test_a_token_known_to_be_signed_still_expires(authenticator, decoding):
    good = token(exp=START.timestamp() + 60)
    await authenticator.authenticate(good)
    authenticator._clock.advance(seconds=91)
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="expiré"):
            await authenticator.authenticate(good)
    assert decoding.count == 2, "nothing is kept of a token that does not hold"


async def test_a_token_known_to_be_signed_still_begins_when_it_says(authenticator):
    good = token(nbf=START.timestamp())
    await authenticator.authenticate(good)
    authenticator._clock.advance(seconds=-31)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(good)


async def test_keys_that_turned_end_what_they_signed(authenticator, decoding):
    good = token()
    await authenticator.authenticate(good)
    authenticator._keys = KeySet([OTHER_KEY])
    renewed = token(OTHER_KEY)
    assert (await authenticator.authenticate(renewed)).subject == "u1"

    async def unchanged():
        return authenticator._keys

    authenticator._fetch = unchanged
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(good)
    assert decoding.count == 3


async def test_tokens_are_not_taken_for_each_other(authenticator):
    callers = {subject: token(sub=subject, roles=[subject]) for subject in ("u1", "u2")}
    for _ in range(2):
        for subject, given in callers.items():
            caller = await authenticator.authenticate(given)
            assert (caller.subject, caller.roles) == (subject, {subject})
    head, body, _ = callers["u1"].split(".")
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(f"{head}.{body}.{callers['u2'].rsplit('.', 1)[1]}")


async def test_the_memory_of_tokens_is_bounded(authenticator, decoding, monkeypatch):
    monkeypatch.setattr("shared.auth.MAX_TOKENS_KEPT", 2)
    one, *others = [token(sub=f"u{number}") for number in range(3)]
    for given in (one, *others, others[0], one):
        await authenticator.authenticate(given)
    assert decoding.count == 4
