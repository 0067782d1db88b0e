"""The operator's client, and the same requests by bare sessions of the two HTTP libraries at hand."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import kopf
from fastapi_fleet.kube import kinds
from fastapi_fleet.kube.connection import Connection
from fastapi_fleet.kube.http_client import APPLY, HttpKubeClient

from client_bench.objects import DEPLOYMENT

GET, SEND = "GET", "server-side apply"
REQUESTS = (GET, SEND)
PARAMS = {"fieldManager": "fastapi-fleet", "force": "true"}
KEY = kinds.key_of(DEPLOYMENT)
PATH = kinds.DEPLOYMENT.path(KEY.namespace, KEY.name)


@dataclass(frozen=True)
class Api:
    """One API server, and everybody who asks it."""

    url: str
    kube: HttpKubeClient
    session: aiohttp.ClientSession
    httpx: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator["Api"]:
        connection = Connection(lambda: kopf.ConnectionInfo(server=url, token="a"))  # noqa: S106 - nobody's
        async with aiohttp.ClientSession() as session, httpx2.AsyncClient(base_url=url, trust_env=False) as httpx:
            try:
                yield cls(url, HttpKubeClient(connection), session, httpx)
            finally:
                await connection.aclose()


async def by_operator(api: Api, what: str) -> object:
    return await (api.kube.get(KEY) if what == GET else api.kube.apply(DEPLOYMENT))


async def by_aiohttp(api: Api, what: str) -> object:
    async with api.session.request(api_verb(what), api.url + PATH, **_sent(what)) as response:
        return json.loads(await response.read())


async def by_httpx2(api: Api, what: str) -> object:
    sent = _sent(what)
    content = sent.pop("data", None)
    response = await api.httpx.request(api_verb(what), PATH, content=content, **sent)
    return response.json()


def api_verb(what: str) -> str:
    return "GET" if what == GET else "PATCH"


def _sent(what: str) -> dict[str, Any]:
    if what == GET:
        return {}
    return {"data": json.dumps(DEPLOYMENT).encode(), "params": PARAMS, "headers": {"Content-Type": APPLY}}


Client = Callable[[Api, str], Awaitable[object]]
FLOOR = "bare aiohttp"
CLIENTS: dict[str, Client] = {"operator": by_operator, "httpx2": by_httpx2, FLOOR: by_aiohttp}
