"""An HTTP server on a loopback port that answers whatever it is told to, and remembers what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import kopf
from aiohttp import web
from fastapi_fleet.kube.connection import Connection
from fastapi_fleet.kube.http_client import HttpKubeClient


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    content_type: str
    accept: str
    authorization: str | None
    body: Any


Handler = Callable[[Asked, web.Request], Awaitable[web.Response]]


class AnsweringServer:
    """`client` speaks to it with `token`; `time` is the client's clock."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.token = "token-1"
        self.time = 0.0
        self.client: HttpKubeClient
        self._handler: Handler = _no_answer
        self._url = ""

    @property
    def request(self) -> Asked:
        (only,) = self.asked
        return only

    def answer(self, status: int, body: object, **headers: str) -> None:
        """Answer everything so from now on."""
        self.answer_raw(status, json.dumps(body).encode(), **headers)

    def answer_raw(self, status: int, body: bytes, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def handle(_: Asked, __: web.Request) -> web.Response:
            return web.Response(status=status, body=body, headers=named)

        self._handler = handle

    def answer_by(self, handler: Handler) -> None:
        self._handler = handler

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["AnsweringServer"]:
        application = web.Application()
        application.add_routes([web.route("*", "/{path:.*}", self._handle)])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.client = self.connect()
        try:
            yield self
        finally:
            await self.client.aclose()
            await runner.cleanup()

    def connect(self, timeout: float = 10.0) -> HttpKubeClient:
        """Another client, to be closed by who asked for it."""
        return HttpKubeClient(Connection(self._log_in, clock=lambda: self.time, timeout=timeout))

    def _log_in(self) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=self._url, token=self.token)

    async def _handle(self, request: web.Request) -> web.Response:
        content = await request.read()
        asked = Asked(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            content_type=request.content_type,
            accept=request.headers["Accept"],
            authorization=request.headers.get("Authorization"),
            body=json.loads(content) if content else None,
        )
        self.asked.append(asked)
        return await self._handler(asked, request)


async def _no_answer(_: Asked, __: web.Request) -> web.Response:
    raise AssertionError("the test did not say what to answer")
