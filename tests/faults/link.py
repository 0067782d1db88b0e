"""A connection between a service and a backend that a test can cut, silence or hold up."""

import asyncio
from enum import StrEnum
from typing import Self

CHUNK = 65536


class Direction(StrEnum):
    """Which way bytes go."""

    TO_BACKEND = "to the backend"
    TO_SERVICE = "to the service"


BOTH = frozenset(Direction)


class Link:
    """Listens on a port of its own and passes bytes to a backend and back.

    Args:
        host: of the backend.
        port: of the backend.
    """

    def __init__(self, host: str, port: int) -> None:
        self.backend = (host, port)
        self._passes = {direction: asyncio.Event() for direction in Direction}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        for passes in self._passes.values():
            passes.set()
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def accept(self) -> None:
        """Takes connections, on the port that it had before."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Takes no more connections, and cuts those that there are, as a backend that has ended."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self) -> None:
        """Resets every connection, as a network device that has lost its memory."""
        for connection in self._connections:
            connection.cancel()
        for writer in self._writers:
            writer.transport.abort()

    def silence(self, directions: frozenset[Direction] = BOTH) -> None:
        """Holds back every byte in these directions, as a network partition: nobody is told."""
        for direction in directions:
            self._passes[direction].clear()

    def speak(self) -> None:
        """Passes on what was held back, and everything after it."""
        for passes in self._passes.values():
            passes.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError
        self._connections.add(task)
        self._writers.add(writer)
        try:
            await self._pass_on(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # one side is gone, or the test has ended the connection; asyncio would report it as a failure
        finally:
            self._connections.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backend_reader, backend_writer = await asyncio.open_connection(*self.backend)
        self._writers.add(backend_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._copy(reader, backend_writer, Direction.TO_BACKEND))
                group.create_task(self._copy(backend_reader, writer, Direction.TO_SERVICE))
        except* OSError:
            pass
        finally:
            self._writers.discard(backend_writer)
            backend_writer.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, direction: Direction) -> None:
        while chunk := await source.read(CHUNK):
            await self._passes[direction].wait()
            target.write(chunk)
            await target.drain()
        raise ConnectionResetError("one side has ended")
