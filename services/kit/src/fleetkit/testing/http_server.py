"""An HTTP service on a real socket that a test can make slow, faulty, or gone."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from itertools import count
from typing import Self

import orjson

Answer = tuple[int, object]
Answers = Callable[[str, str], Answer]
_HEAD_END = b"\r\n\r\n"
# Callers that have gone stay in the queue until their connection is accepted.
_BACKLOG = 4096


class LoopbackService:
    """Answers requests with JSON, on one port for as long as the test runs.

    Args:
        answers: gives the status and the body for a method and a target, as in `("GET", "/users/1?x=y")`.

    Attributes:
        delay: seconds that each answer takes.
        fails: whether the request with this number, counted from 0, is answered with 503.
        requests: what was asked, whatever became of it.
    """

    def __init__(self, answers: Answers) -> None:
        self.delay = 0.0
        self.fails: Callable[[int], bool] = lambda _number: False
        self.requests: list[tuple[str, str]] = []
        self._answers = answers
        self._numbers = count()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where it is, also while it is gone."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, on the port that it had before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=_BACKLOG)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuses connections from now on, and cuts those that there are."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError
        self._connections.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the caller or the test has ended the connection; asyncio would report it as a failure
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(_HEAD_END)).decode()
        lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _version = lines[0].split(" ")
        self.requests.append((method, target))
        broken = self.fails(next(self._numbers))
        await asyncio.sleep(self.delay)
        status, content = (HTTPStatus.SERVICE_UNAVAILABLE, None) if broken else self._answers(method, target)
        body = orjson.dumps(content)
        writer.write(f"HTTP/1.1 {int(status)} x\r\ncontent-length: {len(body)}\r\n".encode())
        writer.write(b"content-type: application/json\r\n\r\n" + body)
        await writer.drain()
        return headers.get("connection") != "close"
