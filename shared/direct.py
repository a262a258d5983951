"""A route for what thousands ask within one minute (docs/adr/0019)."""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

JSON = "application/json"


class Direct(APIRoute):
    """Declared and documented as any other; called without what FastAPI does anew for each request to find out with
    what, which takes longer than a deposit.

    Its endpoint takes its `request`, text of the path, headers (None where there are none) and dependencies that take
    nothing but a `request`; it returns a model.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        assert _is_direct(self.dependant, self.endpoint), f"{self.path} takes more than a direct route gives"
        call, status = self.endpoint, self.status_code or 200
        headers = [(one.name, one.alias) for one in self.dependant.header_params]
        dependencies = [(str(one.name), _awaited(one)) for one in self.dependant.dependencies]

        async def handle(request: Request) -> Response:
            values: dict[str, Any] = {"request": request} | request.path_params
            for name, alias in headers:
                values[name] = request.headers.get(alias)
            for name, dependency in dependencies:
                values[name] = await dependency(request)
            answer = await call(**values)
            return Response(answer.model_dump_json(), status, media_type=JSON)

        return handle


def _is_direct(asked: Dependant, endpoint: Callable[..., Any]) -> bool:
    given = {"request", *[one.name for one in (*asked.path_params, *asked.header_params, *asked.dependencies)]}
    plain = all(not one.field_info.metadata for one in (*asked.path_params, *asked.header_params))
    return (
        plain
        and iscoroutinefunction(endpoint)
        and set(signature(endpoint).parameters) == given
        and _takes_request(asked)
        and all(one.field_info.annotation is str for one in asked.path_params)
        and all(one.field_info.annotation == str | None and one.default is None for one in asked.header_params)
        and all(map(_is_awaited, asked.dependencies))
    )


def _is_awaited(asked: Dependant) -> bool:
    """Whether a dependency takes nothing but a request, and is awaited."""
    awaited = iscoroutinefunction(asked.call) or iscoroutinefunction(type(asked.call).__call__)
    return awaited and _takes_request(asked) and not (asked.path_params or asked.header_params or asked.dependencies)


def _takes_request(asked: Dependant) -> bool:
    return asked.request_param_name == "request" and not (
        asked.query_params or asked.cookie_params or asked.body_params
    )


def _awaited(asked: Dependant) -> Callable[[Request], Awaitable[Any]]:
    assert asked.call is not None, "a dependency is called"
    return asked.call
