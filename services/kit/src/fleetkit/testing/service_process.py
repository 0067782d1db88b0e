"""A service in a process of its own, started as its image starts it, for what only a whole process shows."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from fleetkit.testing import eventually

GRACE_SECONDS = 22


class ServiceProcess:
    """A running service: where it is, and what it has written so far, line by line.

    Attributes:
        url: its base URL.
        lines: of standard output and standard error, in the order of their arrival.
    """

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.url = url
        self.lines: list[str] = []
        self._process = process
        self._reading = asyncio.create_task(self._read())

    async def is_ready(self) -> bool:
        """Whether it says that it can serve.

        Raises:
            AssertionError: it has ended.
        """
        assert self._process.returncode is None, "\n".join(self.lines)  # noqa: S101 - for tests
        return await self.readiness() == httpx2.codes.OK

    async def readiness(self) -> int | None:
        """The status of `/health/ready`, None where nothing answers."""
        try:
            async with httpx2.AsyncClient(base_url=self.url) as client:
                return (await client.get("/health/ready")).status_code
        except httpx2.TransportError:
            return None

    def terminate(self) -> None:
        """Tells it to end, as Kubernetes and Compose do."""
        self._process.terminate()

    async def ended(self, *, within: float) -> int:
        """Waits for its end, and returns its exit code, below zero for the signal that ended it.

        Raises:
            TimeoutError: it did not end within so many seconds.
        """
        async with asyncio.timeout(within):
            code = await self._process.wait()
            await self._reading
        return code

    async def kill(self) -> None:
        """Ends it where it has not ended."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise AssertionError
        async for line in self._process.stdout:
            self.lines.append(line.decode().rstrip("\n"))


@asynccontextmanager
async def service_process(
    folder: Path, environment: Mapping[str, str], *, app: str = "app.main:app", port: int | None = None
) -> AsyncIterator[ServiceProcess]:
    """Starts a service, and kills it at the end where it still runs.

    Args:
        folder: where its `app` package is.
        environment: its settings, by the names of their environment variables.
        app: where uvicorn finds the application.
        port: where it listens; a free one unless told.
    """
    port = port or _free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--timeout-graceful-shutdown", str(GRACE_SECONDS)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", app, *options),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    service = ServiceProcess(process, f"http://127.0.0.1:{port}")
    try:
        yield service
    finally:
        await service.kill()


@asynccontextmanager
async def ready_service(
    folder: Path, environment: Mapping[str, str], *, port: int | None = None
) -> AsyncIterator[ServiceProcess]:
    """Starts a service as `service_process` does, and yields it once it is ready."""
    async with service_process(folder, environment, port=port) as service:
        await eventually(service.is_ready)
        yield service


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
