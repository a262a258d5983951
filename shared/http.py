"""The HTTP side every service shares: problem documents, health, metrics, correlation."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.body import CONTENT_TOO_LARGE, BodyLimit
from shared.errors import PROBLEM_JSON, TYPE_PREFIX, Refusal, Unavailable
from shared.events import Cause
from shared.ids import new_id
from shared.telemetry import Metrics, current_traceparent

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 5
CORRELATION_HEADER = "X-Correlation-Id"
# What supervisors ask every few seconds has no span.
UNTRACED = ("/health", "/metrics")
# One span a request; requests are counted and failures logged by this product's own (shared/telemetry.py).
TELEMETRY: TelemetryConfig = {
    "operation_spans": False,
    "metrics": False,
    "logs": False,
    "exclude": lambda scope: scope["path"].startswith(UNTRACED),
}
_CORRELATION = re.compile(r"[A-Za-z0-9_-]{1,64}")

# What pydantic says, in French. Anything else reads "Valeur invalide".
_FRENCH = {
    "missing": "Champ obligatoire.",
    "extra_forbidden": "Champ inconnu.",
    "int_type": "Nombre entier attendu (montants en centimes).",
    "int_parsing": "Nombre entier attendu (montants en centimes).",
    "int_from_float": "Nombre entier attendu (montants en centimes), sans décimale.",
    "greater_than": "Valeur trop petite : plus de {gt} attendu.",
    "greater_than_equal": "Valeur trop petite : au moins {ge} attendu.",
    "less_than": "Valeur trop grande : moins de {lt} attendu.",
    "less_than_equal": "Valeur trop grande : au plus {le} attendu.",
    "string_type": "Texte attendu.",
    "string_too_short": "Texte trop court.",
    "string_too_long": "Texte trop long : {max_length} caractères au plus.",
    "string_pattern_mismatch": "Format inattendu.",
    "enum": "Valeur inconnue ; valeurs admises : {expected}.",
    "decimal_parsing": "Nombre décimal attendu.",
    "date_from_datetime_parsing": "Date attendue (AAAA-MM-JJ).",
    "date_parsing": "Date attendue (AAAA-MM-JJ).",
    "timezone_aware": "Date et heure avec fuseau attendues.",
    "json_invalid": "Le corps n'est pas du JSON lisible.",
    "bool_type": "Vrai ou faux attendu.",
    "too_short": "Au moins {min_length} élément(s) attendu(s).",
    "too_long": "Au plus {max_length} élément(s) attendu(s).",
}


def problem_response(document: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(document, document["status"], headers=headers, media_type=PROBLEM_JSON)


def cause_of(request: Request, actor: str) -> Cause:
    """The cause of what this request decides: its caller, correlation and trace."""
    return Cause(actor, request.state.correlation, traceparent=current_traceparent())


def build_app(
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    checks: Callable[[], Awaitable[dict[str, bool]]],
) -> FastAPI:
    """A FastAPI application with what the five services have in common.

    `checks` tells for each component whether it answers; readiness is true when all do.
    """
    app = FastAPIOffline(title=title, version="1", lifespan=lifespan, redoc_url=None, telemetry=TELEMETRY)
    for router in (*routers, _health(checks)):
        # As they are: an included router looks for its route twice. What is none would be in no table of roles.
        assert all(isinstance(route, APIRoute) for route in router.routes), "routes only"
        app.router.routes += router.routes
    app.add_middleware(BodyLimit)
    app.add_middleware(Observed)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


def _health(checks: Callable[[], Awaitable[dict[str, bool]]]) -> APIRouter:
    router = APIRouter(tags=["exploitation"])

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        components = await checks()
        for component, up in components.items():
            Metrics.component_up.labels(component).set(up)
        good = all(components.values())
        return JSONResponse(
            {"status": "ready" if good else "not ready", "components": components}, 200 if good else 503
        )

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class Observed:
    """ASGI middleware: a request has its correlation, is timed until its answer begins, and gets the common headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        correlation = given if _CORRELATION.fullmatch(given) else new_id()
        scope.setdefault("state", {})["correlation"] = correlation
        method, started = scope["method"], time.perf_counter()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unmatched")
                Metrics.requests.labels(method, route, message["status"]).observe(time.perf_counter() - started)
                headers = MutableHeaders(scope=message)
                headers.append(CORRELATION_HEADER, correlation)
                headers.append("X-Content-Type-Options", "nosniff")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation=correlation):
            await self._app(scope, receive, answered)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
    return problem_response(refusal.problem(), headers)


async def _unavailable(_: Request, outage: Exception) -> Response:
    assert isinstance(outage, Unavailable)
    log.warning("unavailable", component=outage.component)
    document = {
        "type": TYPE_PREFIX + "unavailable",
        "title": "Service momentanément indisponible",
        "status": 503,
        "detail": "Rien n'est perdu : renouvelez la demande dans quelques instants.",
    }
    return problem_response(document, {"Retry-After": str(RETRY_AFTER_SECONDS)})


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"pointer": _pointer(one["loc"]), "detail": _french(one), "code": one["type"]} for one in error.errors()]
    document = {
        "type": TYPE_PREFIX + "invalid-request",
        "title": "Demande mal formée",
        "status": 422,
        "detail": "Un ou plusieurs champs sont à corriger.",
        "errors": errors,
    }
    return problem_response(document)


def _pointer(location: Sequence[Any]) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    if parts and parts[0] in ("body", "query", "path", "header"):
        prefix = "" if parts[0] == "body" else f"#{parts[0]}"
        parts = parts[1:]
        return prefix + "".join(f"/{part}" for part in parts)
    return "".join(f"/{part}" for part in parts)


def _french(error: dict[str, Any]) -> str:
    text = _FRENCH.get(error["type"])
    if text is None:
        return "Valeur invalide."
    return text.format(**error.get("ctx", {})) if "{" in text else text


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titles = {
        404: ("not-found", "Introuvable"),
        405: ("method-not-allowed", "Méthode non admise"),
        CONTENT_TOO_LARGE: ("body-too-large", "Demande trop volumineuse"),
    }
    slug, title = titles.get(error.status_code, ("http-error", "Demande refusée"))
    document = {"type": TYPE_PREFIX + slug, "title": title, "status": error.status_code, "detail": title + "."}
    return problem_response(document, dict(error.headers or {}))


async def _crashed(_: Request, error: Exception) -> Response:
    log.error("request_crashed", error=type(error).__name__, exc_info=error)
    document = {
        "type": TYPE_PREFIX + "internal",
        "title": "Erreur interne",
        "status": 500,
        "detail": "L'incident est enregistré ; rien de ce qui était confirmé n'est perdu.",
    }
    return problem_response(document)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    Refusal: _refused,
    Unavailable: _unavailable,
    RequestValidationError: _invalid,
    HTTPException: _http_error,
    Exception: _crashed,
}
