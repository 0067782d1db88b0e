"""Containers of databases and brokers that a test kills, freezes and starts again."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from fleetkit.testing import eventually

PROJECT = "fastapi-fleet-faults"
START_SECONDS = 60.0


class DockerError(Exception):
    """docker refused; the message is its own."""


@dataclass(frozen=True)
class Backend:
    """A server in a container, on a port of the loopback address that outlives it."""

    name: str
    port: int

    async def kill(self) -> None:
        """Ends it as a power cut does."""
        await _docker("kill", self._container)

    async def start(self) -> None:
        """Starts it, and waits until it is healthy."""
        await _docker("start", self._container)
        await eventually(self.is_healthy, within=START_SECONDS)

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Stops it in the middle of whatever it does, with every connection open, and lets it go on at the end."""
        await _docker("pause", self._container)
        try:
            yield
        finally:
            await _docker("unpause", self._container)

    async def run(self, *command: str) -> str:
        """Runs a command inside, and returns what it printed."""
        return await _docker("exec", self._container, *command)

    async def is_healthy(self) -> bool:
        """Whether its health check has passed since it was started."""
        return (await _docker("inspect", "--format", "{{.State.Health.Status}}", self._container)).strip() == "healthy"

    @property
    def _container(self) -> str:
        return f"{PROJECT}-{self.name}-1"


def users_database() -> Backend:
    return Backend("users-db", _port("USERS_DB"))


def orders_database() -> Backend:
    return Backend("orders-db", _port("ORDERS_DB"))


def broker() -> Backend:
    return Backend("rabbitmq", _port("AMQP"))


def database_url(backend: Backend) -> str:
    """Where an administrator logs in."""
    user = backend.name.removesuffix("-db")
    return f"postgresql://{user}:{user}-faults@127.0.0.1:{backend.port}/{user}"


def standby_port() -> int:
    """Where the standby of the orders database listens, once there is one."""
    return _port("STANDBY")


def at_port(url: str, port: int) -> str:
    """The same server by another port."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()


def amqp_url() -> str:
    return f"amqp://fleet:fleet-faults@127.0.0.1:{_port('AMQP')}/%2F"


def management_url() -> str:
    return f"http://fleet:fleet-faults@127.0.0.1:{_port('MANAGEMENT')}"


def _port(name: str) -> int:
    return int(os.environ[f"FAULTS_{name}_PORT"])


async def _docker(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("docker", *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise DockerError(f"docker {' '.join(arguments)}: {errors.decode().strip()}")
    return output.decode()
