"""A direct route answers as FastAPI's own would, and is not given what it cannot take."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.direct import Direct


class Answer(BaseModel):
    number: str
    etag: str | None
    caller: str
    method: str


async def caller(request: Request) -> str:
    return request.headers.get("x-caller", "")


async def endpoint(
    number: str,
    request: Request,
    who: Annotated[str, Depends(caller)],
    if_match: Annotated[str | None, Header()] = None,
) -> Answer:
    """An answer that takes one of each."""
    return Answer(number=number, etag=if_match, caller=who, method=request.method)


def app_of(route_class: type[APIRoute]) -> FastAPI:
    routes = APIRouter(route_class=route_class)
    routes.post("/numbers/{number}", status_code=201)(endpoint)
    app = FastAPI()
    app.router.routes += routes.routes
    return app


async def asked(app: FastAPI, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://numbers") as client:
        answer = await client.post(path, headers=headers)
    return answer.status_code, answer.headers["content-type"], answer.content


@pytest.mark.parametrize(
    "headers",
    [{}, {"If-Match": '"3"'}, {"X-Caller": "u"}, {"If-Match": "", "X-Caller": " "}],
)
@pytest.mark.parametrize("path", ["/numbers/1", "/numbers/a%20b%C3%A9", "/numbers/", "/other"])
async def test_it_answers_as_any_route_does(path, headers):
    given = await asked(app_of(Direct), path, headers)
    assert given == await asked(app_of(APIRoute), path, headers)


def test_it_is_documented_as_any_route_is():
    assert app_of(Direct).openapi() == app_of(APIRoute).openapi()


async def named(request: Request, name: str) -> str:
    return name


async def without(number: str) -> Answer: ...


async def numeric(request: Request, number: int) -> Answer: ...


async def queried(request: Request, page: str = "") -> Answer: ...


async def baked(request: Request, biscuit: Annotated[str, Cookie()]) -> Answer: ...


async def embodied(request: Request, body: Annotated[str, Body()]) -> Answer: ...


async def headed(request: Request, age: Annotated[int, Header()]) -> Answer: ...


async def demanding(request: Request, etag: Annotated[str, Header()]) -> Answer: ...


async def dependent(request: Request, who: Annotated[str, Depends(named)]) -> Answer: ...


async def nested(request: Request, who: Annotated[str, Depends(caller)]) -> str:
    return who


async def deep(request: Request, who: Annotated[str, Depends(nested)]) -> Answer: ...


async def bounded(request: Request, etag: Annotated[str | None, Header(max_length=3)] = None) -> Answer: ...


async def defaulted(request: Request, etag: Annotated[str | None, Header()] = "zz") -> Answer: ...


async def answering(request: Request, response: Response) -> Answer: ...


def standing(request: Request) -> Answer: ...


def blocking(request: Request) -> str: ...


async def blocked(request: Request, who: Annotated[str, Depends(blocking)]) -> Answer: ...


WRONG = [without, numeric, queried, baked, embodied, headed, demanding, dependent, deep]
WRONG += [bounded, defaulted, answering, standing, blocked]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_it_cannot_give_is_refused_when_it_is_declared(wrong):
    with pytest.raises(AssertionError, match="takes more than a direct route gives"):
        APIRouter(route_class=Direct).post("/numbers/{number}")(wrong)
