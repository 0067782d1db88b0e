"""The API server, by the operator's own client and by requests that the operator never makes."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiohttp
import yaml
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.handlers.login import log_in
from fastapi_fleet.kube.connection import Answer, Connection
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import Object

REQUEST_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05

Found = TypeVar("Found")


class MeasurementError(Exception):
    """The run cannot go on. The message is for the person who started it."""


class ApiServer:
    """`kube`: the operator's client on the same connections, so that both sides of a comparison pay for the same.

    `streams`: for watches, with the server's address and the credentials in it.
    """

    def __init__(self, connection: Connection, streams: aiohttp.ClientSession) -> None:
        self.kube = HttpKubeClient(connection)
        self.streams = streams
        self._connection = connection

    async def call(
        self,
        verb: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """The answer as JSON data. Raises MeasurementError on any other answer than success."""
        answer = await self._connection.request(verb, path, params=params, content_type=content_type, body=body)
        return _success(verb, path, answer)

    async def find(self, path: str) -> Object | None:
        """The object, None when it is absent."""
        answer = await self._get(path)
        return None if answer.status == 404 else _success("GET", path, answer)

    async def text(self, path: str) -> str | None:
        """What a proxied endpoint answers, None while it does not answer with success."""
        answer = await self._get(path)
        return None if answer.status >= 400 else answer.body.decode()

    async def _get(self, path: str) -> Answer:
        return await self._connection.request("GET", path, params=None, content_type="", body=None)


def _success(verb: str, path: str, answer: Answer) -> Object:
    if answer.status >= 400:
        raise MeasurementError(f"{verb} {path}: HTTP {answer.status}: {answer.body.decode()[:300]}")
    found: Object = answer.json()
    return found


@asynccontextmanager
async def connect() -> AsyncIterator[ApiServer]:
    """Raises MeasurementError when there is no cluster to log in to."""
    try:
        access = log_in()
    except ApiUnavailableError as error:
        raise MeasurementError(f"{error}: `make up` makes the cluster") from error
    streams = aiohttp.ClientSession(
        base_url=access.server,
        headers=access.as_http_headers(),
        connector=aiohttp.TCPConnector(ssl=access.as_ssl_context()),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0),
    )
    connection = Connection(log_in, timeout=REQUEST_TIMEOUT_SECONDS)
    try:
        yield ApiServer(connection, streams)
    finally:
        await connection.aclose()
        await streams.close()


def use_context(context: str, copy: Path) -> None:
    """Make the context the current one for this process and those that it starts, by a copy of the kubeconfig.

    Raises MeasurementError when the kubeconfig has no such context.
    """
    kubeconfig = Path(os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
    if not kubeconfig.is_file():
        raise MeasurementError(f"there is no {kubeconfig}: `make up` makes the cluster and writes one")
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    if context not in {item["name"] for item in config.get("contexts") or ()}:
        raise MeasurementError(f"{kubeconfig} has no context {context}: `make up` makes the cluster")
    copy.touch(mode=0o600)
    copy.write_text(yaml.safe_dump(config | {"current-context": context}), encoding="utf-8")
    os.environ["KUBECONFIG"] = str(copy)


async def poll(what: str, probe: Callable[[], Awaitable[Found | None]], seconds: float) -> Found:
    """The first answer of `probe` that is not None. Raises MeasurementError after `seconds` without one."""
    deadline = time.monotonic() + seconds
    while True:
        found = await probe()
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise MeasurementError(f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(POLL_SECONDS)
