"""A limit on what a request may send: it is read into memory before anybody has looked who asks."""

from http import HTTPStatus

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1024 * 1024
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyTooLargeError(HTTPException):
    """The request's body is larger than any that is taken here."""

    # Of this kind, because the framework answers whatever else comes up while it reads a body by 400.
    def __init__(self, max_bytes: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"No more than {max_bytes} bytes are taken")


class BodyLimitMiddleware:
    """Reads no more of a body than is allowed, and nothing of one that says it is larger."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _WITHOUT_BODY:
            receive = _Limited(receive, self._max_bytes, _declared_bytes(scope)).receive
        await self._app(scope, receive, send)


class _Limited:
    def __init__(self, receive: Receive, max_bytes: int, declared_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._declared_bytes = declared_bytes
        self._bytes = 0

    async def receive(self) -> Message:
        if self._declared_bytes > self._max_bytes:
            raise BodyTooLargeError(self._max_bytes)
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._max_bytes:
            raise BodyTooLargeError(self._max_bytes)
        return message


def _declared_bytes(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(text) if text.isdigit() else 0
