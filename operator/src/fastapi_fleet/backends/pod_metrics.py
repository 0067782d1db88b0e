"""What a service's own pods say of themselves at /metrics."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx2

from fastapi_fleet.errors import BackendUnavailableError

DEADLINE_SECONDS: Final = 3.0
SIZE_LIMIT: Final = 1_000_000
"""Bytes of an answer: a pod is not to fill the operator's memory."""


class PodMetrics:
    """One client for all pods. Redirects are not followed: a pod speaks for itself alone."""

    def __init__(self) -> None:
        self._client = httpx2.AsyncClient(timeout=DEADLINE_SECONDS, trust_env=False)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def read(self, address: str, port: int, path: str) -> str:
        """Raises BackendUnavailableError where the pod does not answer in time, or with anything but metrics."""
        url = httpx2.URL(scheme="http", host=address, port=port, raw_path=path.encode())
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._client.stream("GET", url) as response:
                if response.status_code != HTTPStatus.OK:
                    raise BackendUnavailableError(f"GET {path} was answered {response.status_code}")
                return (await _content(response)).decode(errors="replace")
        except (httpx2.HTTPError, TimeoutError) as error:
            raise BackendUnavailableError(f"GET {path}: {type(error).__name__}") from error


async def _content(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > SIZE_LIMIT:
            raise BackendUnavailableError(f"the answer is longer than {SIZE_LIMIT} bytes")
    return bytes(content)
