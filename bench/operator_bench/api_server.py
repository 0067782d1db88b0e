"""The API server, by the operator's own client and by requests that the operator never makes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx2
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import Object
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

REQUEST_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05

Found = TypeVar("Found")


class MeasurementError(Exception):
    """The run cannot go on. The message is for the person who started it."""


class ApiServer:
    """`kube`: the operator's client on the same connections, so that both sides of a comparison pay for the same."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.kube = HttpKubeClient(http)

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
        response = await self._send(verb, path, body, params, content_type)
        if response.is_error:
            raise MeasurementError(f"{verb} {path}: HTTP {response.status_code}: {response.text[:300]}")
        answer: Object = response.json()
        return answer

    async def find(self, path: str) -> Object | None:
        """The object, None when it is absent."""
        response = await self._send("GET", path)
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        if response.is_error:
            raise MeasurementError(f"GET {path}: HTTP {response.status_code}: {response.text[:300]}")
        found: Object = response.json()
        return found

    async def text(self, path: str) -> str | None:
        """What a proxied endpoint answers, None while it does not answer with success."""
        response = await self._send("GET", path)
        return None if response.is_error else response.text

    async def _send(
        self,
        verb: str,
        path: str,
        body: object = None,
        params: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> httpx2.Response:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": content_type}
        return await self.http.request(verb, path, params=params, content=content, headers=headers)


@asynccontextmanager
async def connect(context: str) -> AsyncIterator[ApiServer]:
    """Raises MeasurementError when the kubeconfig has no such context."""
    try:
        config = KubeConfig.from_env().get(context)
    except ConfigError as error:
        raise MeasurementError(f"{error}: `make up` makes the cluster") from error
    if config is None:
        raise MeasurementError("there is no kubeconfig: `make up` makes the cluster and writes one")
    timeout = httpx2.Timeout(REQUEST_TIMEOUT_SECONDS, connect=5.0)
    async with AsyncClient(config, ConnectionParams(timeout=timeout)) as http:
        yield ApiServer(http)


def require_current_context(context: str) -> None:
    """Raises MeasurementError when another context is the kubeconfig's current one, which a process would use."""
    current = KubeConfig.from_env().current_context
    if current != context:
        raise MeasurementError(f"the current context is {current}: `kubectl config use-context {context}` first")


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
