"""What surrounds every request: its id, its log line and the answer to what nobody expected."""

from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fleetkit.auth.principal import remember_subject
from fleetkit.problems import problem_response
from fleetkit.request_id import HEADER, request_id_scope

# Probes and scrapes come every few seconds and would drown the rest.
_QUIET_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
log = structlog.get_logger("fleetkit.access")


class RequestContextMiddleware:
    """Gives each request an id, writes its access line, and answers 500 without internals."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        remember_subject(None)
        with request_id_scope(Headers(scope=scope).get(HEADER)) as request_id:
            await self._handle(scope, receive, _Answer(send, request_id))

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        started = perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("Request failed unexpectedly")
            if answer.status is not None:
                raise
            problem = problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error")
            await problem(scope, receive, answer.send)
        finally:
            write = log.debug if scope["path"] in _QUIET_PATHS else log.info
            write(
                "Request finished",
                method=scope["method"],
                path=scope["path"],
                status=answer.status,
                duration_ms=round((perf_counter() - started) * 1000, 2),
            )


class _Answer:
    """Passes an answer on, adding the request id and remembering the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[HEADER] = self._request_id
        await self._send(message)
