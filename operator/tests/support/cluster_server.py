"""A Kubernetes API server on a loopback port: FakeKube over HTTP, with what goes wrong on the way to and from it."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from fastapi_fleet.constants import FIELD_MANAGER
from fastapi_fleet.errors import ApiConflictError, ApiUnavailableError
from fastapi_fleet.kube.http_client import APPLY, JSON_PATCH, MERGE
from fastapi_fleet.kube.kinds import BY_NAME, Kind, Object, ObjectKey, key_of

from support.api_server import discovery
from support.kubernetes import FakeKube

TOO_OLD = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


@dataclass(frozen=True)
class Place:
    """What a request is about. `name` is empty for a collection, `namespace` None for that of the whole cluster."""

    kind: Kind
    namespace: str | None
    name: str
    subresource: str
    selector: str | None

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.kind.name, self.namespace or "", self.name)


Action = Callable[[Place, Any], Awaitable[Object | None]]
"""Takes the body of a request. None: not found."""


@dataclass(frozen=True)
class Asked:
    """`at`: seconds on the monotonic clock."""

    method: str
    kind: str
    status: int
    at: float


@dataclass(frozen=True)
class Refusal:
    status: int
    headers: dict[str, str]


@dataclass(frozen=True)
class Change:
    version: int
    type: str
    object: Object


@dataclass(eq=False)
class Watch:
    place: Place
    transport: asyncio.Transport
    shown: int
    is_silent: bool = False
    is_torn: bool = False


class ClusterServer:
    """Serves `kube`. `asked`: every request that was answered, of watches those that were refused.

    `watched`: kinds of the watches that were opened, one for each. `logs`: of pods by name, what each container wrote,
    the last one's last; a log that is followed goes on with what comes into `more_logs`, until None.
    `log_queries`: what of the logs was asked for.
    """

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.kube.is_hasty = True
        self.kube.watchers = [self._saw]
        self.asked: list[Asked] = []
        self.watched: list[str] = []
        self.url = ""
        self.logs: dict[str, list[bytes]] = {}
        self.more_logs: defaultdict[str, asyncio.Queue[bytes | None]] = defaultdict(asyncio.Queue)
        self.log_queries: list[dict[str, str]] = []
        self._changes: list[Change] = []
        self._version = 1
        self._oldest = 0
        self._unreported: set[str] = set()
        self._refusals: dict[tuple[str, str], Refusal] = {}
        self._watches: set[Watch] = set()
        self._news = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ClusterServer"]:
        application = web.Application()
        application.add_routes([web.route("*", "/{path:.*}", self._answer)])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    # What goes wrong.

    def lose_events_of(self, *kinds: str) -> None:
        """No watch will ever show what becomes of these kinds from now on."""
        self._unreported |= {*kinds}

    def stall(self, *kinds: str) -> None:
        """The watches of these kinds, or all, stay open and silent. New ones work."""
        for watch in self._watches:
            watch.is_silent |= not kinds or watch.place.kind.name in kinds

    def tear(self, kind: str) -> None:
        """End the watches of this kind in the middle of a line, as a proxy does that is itself told to end."""
        for watch in self._watches:
            watch.is_torn |= watch.place.kind.name == kind
        self._wake()

    def cut(self) -> None:
        """End the connection of every watch, as a network does that breaks."""
        for watch in self._watches:
            watch.transport.abort()

    def expire(self) -> None:
        """Forget every change until now: watches that have not shown them end with 410, and so do those that ask."""
        self._oldest = self._version
        for watch in self._watches:
            watch.is_silent = False
        self._wake()

    def refuse(self, method: str, kind: str, status: int, **headers: str) -> None:
        """Answer so from now on. The method of a watch is WATCH."""
        self._refusals[method, kind] = Refusal(status, {name.replace("_", "-"): at for name, at in headers.items()})

    def allow(self, method: str, kind: str) -> None:
        del self._refusals[method, kind]

    def answers(self, method: str, kind: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.kind) == (method, kind)]

    # Requests.

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        place = _place(request)
        if place is None:
            return web.json_response(discovery(request.path.strip("/")))
        method = "WATCH" if "watch" in request.query else request.method
        refusal = self._refusals.get((method, place.kind.name))
        if refusal is None and place.subresource == "log":
            return await self._log(request, place)
        if refusal is None and method == "WATCH":
            return await self._stream(request, place)
        if refusal is not None:
            response = _status(refusal.status, "refused by the test", refusal.headers)
        else:
            response = await self._do(request, place)
        self.asked.append(Asked(method, place.kind.name, response.status, time.monotonic()))
        return response

    async def _log(self, request: web.Request, place: Place) -> web.StreamResponse:
        self.log_queries.append(dict(request.query))
        written = self.logs.get(place.name, [])[-2 if "previous" in request.query else -1 :]
        if not written or ("previous" in request.query and len(written) == 1):
            return _status(400, f'container "app" in pod "{place.name}" has no such log', {})
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(written[0])
        while "follow" in request.query and (more := await self.more_logs[place.name].get()) is not None:
            await response.write(more)
        return response

    async def _do(self, request: web.Request, place: Place) -> web.Response:
        content = await request.read()
        body = json.loads(content) if content else None
        try:
            found = await self._action(request, place)(place, body)
        except ApiConflictError as error:
            # To a failed "test" of a JSON Patch, the real one says that it cannot process it.
            return _status(422 if request.content_type == JSON_PATCH else 409, error.message, {})
        except ApiUnavailableError as error:
            return _status(404, error.message, {})
        return _status(404, "not found", {}) if found is None else web.json_response(found)

    def _action(self, request: web.Request, place: Place) -> Action:
        if request.method == "GET":
            return self._get if place.name else self._list
        if request.method == "PATCH" and request.content_type == APPLY:
            return self._apply if request.query["fieldManager"] == FIELD_MANAGER else self._keep_replicas
        if request.method == "PATCH" and request.content_type == MERGE:
            return self._patch_status if place.subresource == "status" else self._set_finalizers
        actions: dict[str, Action] = {
            "PATCH": self._correct,
            "POST": self._create,
            "PUT": self._replace,
            "DELETE": self._delete,
        }
        return actions[request.method]

    async def _get(self, place: Place, _: object) -> Object | None:
        return await self.kube.get(place.key)

    async def _list(self, place: Place, _: object) -> Object:
        return {
            "kind": f"{place.kind.name}List",
            "apiVersion": place.kind.api_version,
            "metadata": {"resourceVersion": str(self._version)},
            "items": await self.kube.list_objects(place.kind, place.namespace, place.selector),
        }

    async def _apply(self, _: Place, body: Object) -> Object:
        return await self.kube.apply(body)

    async def _keep_replicas(self, _: Place, body: Object) -> Object:
        return await self.kube.keep_replicas(body)

    async def _patch_status(self, place: Place, body: Object) -> Object | None:
        return await self.kube.patch_status(place.key, body["status"])

    async def _set_finalizers(self, place: Place, body: Object) -> Object | None:
        metadata = body["metadata"]
        return await self.kube.set_finalizers(_reference(place, metadata), metadata["finalizers"])

    async def _correct(self, place: Place, body: list[dict[str, Any]]) -> Object:
        test, *operations = body
        return await self.kube.correct(_reference(place, {"resourceVersion": test["value"]}), operations)

    async def _create(self, _: Place, body: Object) -> Object:
        if self.kube.has(key_of(body)):
            raise ApiConflictError("it exists")
        return self.kube.create(body)

    async def _replace(self, place: Place, body: Object) -> Object | None:
        known = await self.kube.get(place.key)
        if known is not None and known["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise ApiConflictError("it has changed")
        return None if known is None else self.kube.create(body)

    async def _delete(self, place: Place, body: Object) -> Object:
        await self.kube.delete(_reference(place, {"uid": body["preconditions"]["uid"]}))
        return {"kind": "Status", "status": "Success"}

    # Watches.

    def _saw(self, event: str, obj: Object) -> None:
        self._version = int(obj["metadata"]["resourceVersion"])
        if obj["kind"] not in self._unreported:
            self._changes.append(Change(self._version, event, obj))
            self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _stream(self, request: web.Request, place: Place) -> web.StreamResponse:
        """From the version that is asked for or, without one, from now on; until it is cut or too old."""
        response = web.StreamResponse()
        await response.prepare(request)
        assert request.transport is not None
        watch = Watch(place, request.transport, int(request.query.get("resourceVersion") or self._version))
        self.watched.append(place.kind.name)
        self._watches.add(watch)
        try:
            await self._show(watch, response)
        finally:
            self._watches.remove(watch)
        return response

    async def _show(self, watch: Watch, response: web.StreamResponse) -> None:
        while True:
            news = self._news
            if watch.is_torn:
                await response.write(b'{"type": "MODIF')
                return
            if not watch.is_silent:
                if watch.shown < self._oldest:
                    await response.write(_line(TOO_OLD))
                    return
                changes, watch.shown = self._unseen(watch), self._version
                for change in changes:
                    await response.write(_line({"type": change.type, "object": change.object}))
            await news.wait()

    def _unseen(self, watch: Watch) -> list[Change]:
        return [
            change
            for change in self._changes
            if change.version > watch.shown
            and change.object["kind"] == watch.place.kind.name
            and watch.place.namespace in {None, change.object["metadata"]["namespace"]}
        ]


def _line(event: Object) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _place(request: web.Request) -> Place | None:
    """None for a path by which a client learns what there is."""
    if request.path.count("/") < 3:
        return None
    root, *parts = request.path.strip("/").split("/")
    group, version, *rest = parts if root == "apis" else ["", *parts]
    namespace = rest[1] if rest[:1] == ["namespaces"] and len(rest) > 2 else None
    plural, name, subresource = [*rest[2 if namespace else 0 :], "", "", ""][:3]
    kinds = [kind for kind in BY_NAME.values() if (kind.group, kind.version, kind.plural) == (group, version, plural)]
    selector = request.query.get("labelSelector")
    return Place(kinds[0], namespace, name, subresource, selector) if kinds else None


def _reference(place: Place, metadata: Object) -> Object:
    """An object of which only this is known."""
    return {"kind": place.kind.name, "metadata": {"namespace": place.namespace, "name": place.name, **metadata}}


def _status(code: int, message: str, headers: dict[str, str]) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code, headers=headers)
