"""A bound on what any request may send, whatever its route reads of it."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_JSON_BYTES = 1024 * 1024
# Files: each upload route has a lower limit of its own, with its own words.
MAX_BODY_BYTES = 64 * 1024 * 1024
CONTENT_TOO_LARGE = 413


class BodyLimit:
    """ASGI middleware: a body that says it is too long, or turns out to be, is answered 413 and not read on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = MAX_JSON_BYTES if "json" in headers.get("content-type", "json") else MAX_BODY_BYTES
        declared, received = headers.get("content-length", ""), 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit or (declared.isdigit() and int(declared) > limit):
                raise HTTPException(CONTENT_TOO_LARGE)
            return message

        await self._app(scope, counted, send)
