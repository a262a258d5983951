"""A development OIDC issuer: `python -m deploy.local.issuer`. It gives anyone any role; loopback only."""

import argparse
import json
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel, Field

from shared.clock import Clock, ClockFile
from shared.ids import new_id

ALGORITHM = "ES256"


class TokenRequest(BaseModel):
    sub: str
    roles: list[str]
    audience: str = "ami-garantie"
    lifetime_seconds: int = Field(3600, ge=-86_400, le=90 * 86_400)


def load_key(path: Path) -> ECKey:
    """The issuer's key, made at first start and kept, so that tokens outlive a restart."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = ECKey.generate_key("P-256", {"kid": new_id()})
        path.touch(mode=0o600)
        path.write_text(json.dumps(key.as_dict(private=True)))
    return ECKey.import_key(json.loads(path.read_text()))


def mint(key: ECKey, issuer: str, clock: Clock, wanted: TokenRequest) -> str:
    """A signed token. `lifetime_seconds` may be negative, for an expired one."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer,
        "sub": wanted.sub,
        "aud": wanted.audience,
        "iat": now,
        "exp": now + wanted.lifetime_seconds,
        "roles": wanted.roles,
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key)


def create_app(issuer: str, key: ECKey, clock: Clock) -> FastAPI:
    app = FastAPI(title="Émetteur de développement")

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint": f"{issuer}/token",
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    @app.get("/jwks")
    async def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM}]}

    @app.post("/token")
    async def token(wanted: TokenRequest) -> dict[str, str]:
        return {"access_token": mint(key, issuer, clock, wanted), "token_type": "Bearer"}

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--clock", type=Path, required=True)
    arguments = parser.parse_args()
    app = create_app(f"http://127.0.0.1:{arguments.port}", load_key(arguments.key), ClockFile(arguments.clock))
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
