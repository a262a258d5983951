"""What programs and people read over HTTP: problem documents, in French, whatever goes wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import REGISTRY
from pydantic import AwareDatetime, Field, StrictInt

from shared.auth import Unauthenticated
from shared.errors import Forbidden, NotFound, Refusal, Unavailable
from shared.events import Value
from shared.http import CORRELATION_HEADER, build_app
from shared.lending import LoanPurpose


class TooSmall(Refusal):
    type = "too-small"
    title = "Montant trop petit"
    status = 422


class Line(Value):
    cents: Annotated[StrictInt, Field(gt=0, le=100)]
    purpose: LoanPurpose = LoanPurpose.LAND


class Body(Value):
    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]*$")] = "ada"
    lines: Annotated[list[Line], Field(min_length=1, max_length=2)] = [Line(cents=1)]  # noqa: RUF012 (copied)
    day: date = date(2024, 4, 29)
    at: AwareDatetime = datetime.fromisoformat("2024-04-29T07:00:00+00:00")
    rate: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal(0)
    agreed: bool = True


RAISED: dict[str, Exception] = {
    "refused": TooSmall("Un euro au moins.", pointer="/lines/0/cents", minimum_cents=100),
    "bare": Refusal(),
    "missing": NotFound("Dossier inconnu."),
    "forbidden": Forbidden(),
    "stranger": Unauthenticated(),
    "outage": Unavailable("database"),
    "crash": RuntimeError("the SIREN is 732829320"),
}


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    @router.post("/lines")
    async def take(body: Body) -> Body:
        return body

    @router.get("/lines")
    async def find(limit: Annotated[int, Field(ge=1, le=200)] = 50) -> int:
        return limit

    @router.get("/cached")
    async def cached() -> str:
        return "done"

    return router


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


class Site:
    """An application of two routes on components that can be down."""

    def __init__(self) -> None:
        self.up = {"database": True, "broker": True}
        transport = httpx.ASGITransport(
            build_app("Essai", [routes()], lifespan, self.checks), raise_app_exceptions=False
        )
        self.client = httpx.AsyncClient(transport=transport, base_url="http://essai")

    async def checks(self) -> dict[str, bool]:
        return self.up

    async def get(self, path: str, **request) -> httpx.Response:
        return await self.client.get(path, **request)

    async def post(self, **changes) -> httpx.Response:
        return await self.client.post("/lines", json=changes)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    async with made.client:
        yield made


# -- problem documents -------------------------------------------------------------------------------------------


async def test_a_refusal_is_a_problem_document_with_pointer_and_facts(site: Site):
    answer = await site.get("/raise/refused")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:ami-garantie:problem:too-small",
        "title": "Montant trop petit",
        "status": 422,
        "detail": "Un euro au moins.",
        "errors": [{"pointer": "/lines/0/cents", "detail": "Un euro au moins."}],
        "minimum_cents": 100,
    }


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/raise/bare", 409, "refused"),
        ("/raise/missing", 404, "not-found"),
        ("/raise/forbidden", 403, "forbidden"),
        ("/raise/stranger", 401, "unauthenticated"),
        ("/raise/outage", 503, "unavailable"),
        ("/raise/crash", 500, "internal"),
        ("/nowhere", 404, "not-found"),
    ],
)
async def test_everything_that_goes_wrong_is_a_problem_document_in_french(site: Site, path, status, slug):
    answer = await site.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    document = answer.json()
    assert (document["type"], document["status"]) == (f"urn:ami-garantie:problem:{slug}", status)
    assert document["title"]
    assert document["detail"]


async def test_a_stranger_is_told_how_to_come_in(site: Site):
    assert (await site.get("/raise/stranger")).headers["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in (await site.get("/raise/forbidden")).headers


async def test_an_outage_says_when_to_come_back_and_not_what_is_down(site: Site):
    answer = await site.get("/raise/outage")
    assert answer.headers["Retry-After"] == "5"
    assert "database" not in answer.text


async def test_a_crash_tells_the_caller_nothing_of_its_inside(site: Site):
    answer = await site.get("/raise/crash")
    assert "732829320" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_another_method_is_refused_with_those_that_are_allowed(site: Site):
    answer = await site.client.delete("/cached")
    assert (answer.status_code, answer.json()["title"]) == (405, "Méthode non admise")
    assert answer.headers["Allow"] == "GET"


# -- bodies ------------------------------------------------------------------------------------------------------


async def test_a_good_body_is_taken(site: Site):
    assert (await site.post(lines=[{"cents": 100}])).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"lines": [{"cents": 1}, {}]}, "/lines/1/cents", "Champ obligatoire."),
        ({"lines": [{"cents": 1.5}]}, "/lines/0/cents", "Nombre entier attendu (montants en centimes)."),
        ({"lines": [{"cents": "1"}]}, "/lines/0/cents", "Nombre entier attendu (montants en centimes)."),
        ({"lines": [{"cents": 0}]}, "/lines/0/cents", "Valeur trop petite : plus de 0 attendu."),
        ({"lines": [{"cents": 101}]}, "/lines/0/cents", "Valeur trop grande : au plus 100 attendu."),
        ({"lines": [{"cents": 1, "purpose": "car"}]}, "/lines/0/purpose", "Valeur inconnue ; valeurs admises : "),
        ({"lines": []}, "/lines", "Au moins 1 élément(s) attendu(s)."),
        ({"lines": [{"cents": 1}] * 3}, "/lines", "Au plus 2 élément(s) attendu(s)."),
        ({"name": 1}, "/name", "Texte attendu."),
        ({"name": "a"}, "/name", "Texte trop court."),
        ({"name": "abcdef"}, "/name", "Texte trop long : 5 caractères au plus."),
        ({"name": "A1B"}, "/name", "Format inattendu."),
        ({"rate": -1}, "/rate", "Valeur trop petite : au moins 0 attendu."),
        ({"rate": 1}, "/rate", "Valeur trop grande : moins de 1 attendu."),
        ({"rate": "high"}, "/rate", "Nombre décimal attendu."),
        ({"day": "29/04/2024"}, "/day", "Date attendue (AAAA-MM-JJ)."),
        ({"at": "2024-04-29T07:00:00"}, "/at", "Date et heure avec fuseau attendues."),
        ({"agreed": []}, "/agreed", "Vrai ou faux attendu."),
        ({"a/b~c": 1}, "/a~1b~0c", "Champ inconnu."),
        ({"at": "soon"}, "/at", "Valeur invalide."),
    ],
)
async def test_a_wrong_field_is_pointed_at_and_explained(site: Site, body, pointer, detail):
    answer = await site.post(**body)
    assert answer.status_code == 422
    document = answer.json()
    assert (document["type"], document["title"]) == ("urn:ami-garantie:problem:invalid-request", "Demande mal formée")
    (error,) = document["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith(detail)


async def test_every_wrong_field_is_named_at_once(site: Site):
    answer = await site.post(name="a", lines=[])
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/name", "/lines"]


async def test_what_was_sent_is_not_sent_back(site: Site):
    assert "732829320" not in (await site.post(name="732829320")).text


async def test_a_body_that_is_no_json_is_said_so(site: Site):
    answer = await site.client.post("/lines", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "Le corps n'est pas du JSON lisible."


async def test_a_wrong_parameter_is_told_from_a_field(site: Site):
    (error,) = (await site.get("/lines?limit=0")).json()["errors"]
    assert (error["pointer"], error["detail"]) == ("#query/limit", "Valeur trop petite : au moins 1 attendu.")


# -- what every answer has ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/cached", "/raise/refused", "/nowhere"])
async def test_a_correlation_is_kept_and_answers_are_neither_stored_nor_sniffed(site: Site, path):
    answer = await site.get(path, headers={CORRELATION_HEADER: "demande-7"})
    assert answer.headers[CORRELATION_HEADER] == "demande-7"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("given", ["", "two words", "a" * 65, 'x"}{"level":"forged'])
async def test_a_correlation_that_is_no_word_is_replaced(site: Site, given):
    made = (await site.get("/cached", headers={CORRELATION_HEADER: given})).headers[CORRELATION_HEADER]
    assert len(made) == 32
    assert made.isalnum()


async def test_requests_are_counted_by_route_and_not_by_address(site: Site):
    labels = {"method": "GET", "route": "/raise/{name}", "status": "404"}
    before = REGISTRY.get_sample_value("als_http_seconds_count", labels) or 0
    await site.get("/raise/missing")
    assert REGISTRY.get_sample_value("als_http_seconds_count", labels) == before + 1
    assert "als_http_seconds" in (await site.get("/metrics")).text


async def test_a_service_is_ready_when_all_it_needs_answers(site: Site):
    assert (await site.get("/health/live")).json() == {"status": "live"}
    assert (await site.get("/health/ready")).status_code == 200
    site.up["broker"] = False
    answer = await site.get("/health/ready")
    assert (answer.status_code, answer.json()["components"]) == (503, {"database": True, "broker": False})
    assert REGISTRY.get_sample_value("als_component_up", {"component": "broker"}) == 0
