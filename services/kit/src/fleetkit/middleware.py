"""What surrounds every request: its id, its log line and the answer to what nobody expected."""

from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fleetkit.auth.principal import remember_subject
from fleetkit.draining import Draining
from fleetkit.metrics import RequestMetrics
from fleetkit.problems import problem_response
from fleetkit.request_id import HEADER, request_id_scope

# Probes and scrapes come every few seconds and would drown the rest.
_QUIET_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
_RAW_HEADER = HEADER.lower().encode()
_LEAVE = (b"connection", b"close")
log = structlog.get_logger("fleetkit.access")


class RequestContextMiddleware:
    """Gives each request an id, writes its access line, counts it, and answers 500 without internals.

    While the process ends, each answer ends its connection.
    """

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, draining: Draining) -> None:
        self._app = app
        self._metrics = metrics
        self._draining = draining
        # Bound once: an unbound logger is put together anew for each line.
        self._log = log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        remember_subject(None)
        with request_id_scope(_offered_id(scope)) as request_id:
            answer = _Answer(send, request_id, self._draining)
            started = perf_counter()
            try:
                await self._handle(scope, receive, answer)
            finally:
                self._record(scope, answer.status, perf_counter() - started)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("Request failed unexpectedly")
            if answer.status is not None:
                raise
            problem = problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error")
            await problem(scope, receive, answer.send)

    def _record(self, scope: Scope, status: int | None, seconds: float) -> None:
        path, method = scope["path"], scope["method"]
        is_quiet = path in _QUIET_PATHS
        if status is not None and not is_quiet:
            self._metrics.observe(scope, status, seconds)
        write = self._log.debug if is_quiet else self._log.info
        write("Request finished", method=method, path=path, status=status, duration_ms=round(seconds * 1000, 2))


class _Answer:
    """Passes an answer on, adding what goes with every one, and remembering the status."""

    def __init__(self, send: Send, request_id: str, draining: Draining) -> None:
        self._send = send
        self._request_id = request_id
        self._draining = draining
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            leave = (_LEAVE,) if self._draining.has_begun else ()
            message["headers"] = [*message.get("headers", ()), (_RAW_HEADER, self._request_id.encode()), *leave]
        await self._send(message)


def _offered_id(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == _RAW_HEADER), None)
