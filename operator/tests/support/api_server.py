"""Enough of a Kubernetes API over HTTP for a client that lists and watches."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from fastapi_fleet.kube.kinds import WATCHED, Kind, Object


class StubApiServer:
    """Lists `objects` and then streams what is put into the queue of each kind, until `stop`.

    `scanned`: paths at which it was asked what it serves, which it tells as soon as `scan_may_end` is set.
    """

    def __init__(self, *objects: Object) -> None:
        self.objects = objects
        self.events: dict[str, asyncio.Queue[tuple[str, Object]]] = {kind.plural: asyncio.Queue() for kind in WATCHED}
        self.selectors: dict[str, str | None] = {}
        self.watching: set[str] = set()
        self.scanned: set[str] = set()
        self.scan_may_end = asyncio.Event()
        self.scan_may_end.set()
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a loopback port."""
        application = web.Application()
        application.add_routes([web.get("/{path:.*}", self._answer)])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.strip("/")
        kind = next((kind for kind in WATCHED if path.endswith(f"/{kind.plural}")), None)
        if kind is None:
            self.scanned.add(path)
            await self.scan_may_end.wait()
            return web.json_response(discovery(path))
        if "watch" in request.query:
            return await self._stream(request, kind)
        self.selectors[kind.plural] = request.query.get("labelSelector")
        items = [{**obj, "kind": kind.name} for obj in self.objects if obj["kind"] == kind.name]
        listing = {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": {"resourceVersion": "1"}}
        return web.json_response({**listing, "items": items})

    async def _stream(self, request: web.Request, kind: Kind) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        self.watching.add(kind.plural)
        while True:
            event, obj = await self.events[kind.plural].get()
            await response.write(json.dumps({"type": event, "object": obj}).encode() + b"\n")


def discovery(path: str) -> dict[str, Any]:
    """What /api, /apis and each group's version say about the kinds."""
    groups = {kind.group: kind.version for kind in WATCHED if kind.group}
    if path == "api":
        return {"versions": ["v1"]}
    if path == "apis":
        return {"groups": [_group(group, version) for group, version in groups.items()]}
    api_version = path.removeprefix("apis/").removeprefix("api/")
    resources = [_resource(kind.plural, kind.name) for kind in WATCHED if kind.api_version == api_version]
    namespaces = [_resource("namespaces", "Namespace")] if api_version == "v1" else []
    return {"groupVersion": api_version, "resources": [*resources, *namespaces]}


def _resource(plural: str, name: str) -> dict[str, Any]:
    verbs = ["list", "watch", "get", "patch"]
    return {"name": plural, "kind": name, "namespaced": name != "Namespace", "verbs": verbs, "singularName": ""}


def _group(group: str, version: str) -> dict[str, Any]:
    entry = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def write_kubeconfig(path: Path, url: str) -> None:
    """A kubeconfig whose only context is the server at `url`."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "stub",
        "clusters": [{"name": "stub", "cluster": {"server": url}}],
        "users": [{"name": "stub", "user": {"token": "stub"}}],
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub", "namespace": "team"}}],
    }
    path.write_text(yaml.safe_dump(config))


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
