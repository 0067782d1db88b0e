"""The Kubernetes API over HTTP: plain dicts, errors that say what happens next."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
from prometheus_client import Counter

from fastapi_fleet.constants import FIELD_MANAGER
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, NoLogError, ReconcileError
from fastapi_fleet.kube.client import WatchEvent
from fastapi_fleet.kube.connection import JSON, Answer, Connection, answer_of
from fastapi_fleet.kube.kinds import BY_NAME, POD, Kind, Object, ObjectKey, key_of

REQUESTS = Counter("fastapi_fleet_api_requests_total", "Requests to the Kubernetes API.", ["verb", "kind", "code"])

PAGE_SIZE = 500
WATCH_SECONDS = 300
WATCH_SILENCE_SECONDS = 150.0
"""The API server sends a bookmark a minute to a watch: one that is silent for longer is dead."""

LOG_SILENCE_SECONDS = 30.0
"""The kubelet has what is written already: it does not take longer to go on with it."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


Fence = Callable[[], None]
"""Asked before each write; raises where this process may not write any more."""


class HttpKubeClient:
    """KubeClient over HTTP. `manager`: field manager of what is corrected."""

    def __init__(self, connection: Connection, fence: Fence | None = None, *, manager: str = FIELD_MANAGER) -> None:
        self._connection = connection
        self._fence = fence
        self._manager = manager

    def behind(self, fence: Fence) -> "HttpKubeClient":
        """The same connection for writes that `fence` allows."""
        return HttpKubeClient(self._connection, fence, manager=self._manager)

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def get(self, key: ObjectKey) -> Object | None:
        kind = BY_NAME[key.kind]
        return await self._call("GET", kind, kind.path(key.namespace, key.name))

    async def list_objects(self, kind: Kind, namespace: str | None, label_selector: str | None) -> list[Object]:
        return [item async for item in self._pages(kind, namespace, label_selector)]

    async def list_metadata(self, kind: Kind, namespace: str, name: str | None) -> list[Object]:
        params = {"resourceVersion": "0", **({"fieldSelector": f"metadata.name={name}"} if name else {})}
        listed = await self._call("GET", kind, kind.path(namespace), params=params, accept=METADATA_LIST)
        # An empty list of metadata is sent as null.
        items = (listed or {}).get("items") or ()
        return [{"apiVersion": kind.api_version, "kind": kind.name, "metadata": item["metadata"]} for item in items]

    async def apply(self, manifest: Object) -> Object:
        return await self._apply_as(FIELD_MANAGER, manifest)

    async def keep_replicas(self, obj: Object) -> Object:
        key = key_of(obj)
        identity = {"apiVersion": BY_NAME[key.kind].api_version, "kind": key.kind}
        metadata = {"namespace": key.namespace, "name": key.name, "uid": obj["metadata"]["uid"]}
        held = {**identity, "metadata": metadata, "spec": {"replicas": obj["spec"]["replicas"]}}
        return await self._apply_as(f"{FIELD_MANAGER}-replicas", held)

    async def _apply_as(self, field_manager: str, manifest: Object) -> Object:
        key = key_of(manifest)
        kind = BY_NAME[key.kind]
        applied = await self._call(
            "PATCH",
            kind,
            kind.path(key.namespace, key.name),
            params={"fieldManager": field_manager, "force": "true"},
            content_type=APPLY,
            body=manifest,
        )
        if applied is None:
            raise ApiUnavailableError(f"{key}: its namespace or kind is not there")
        return applied

    async def correct(self, obj: Object, operations: list[dict[str, Any]]) -> Object:
        key = key_of(obj)
        kind = BY_NAME[key.kind]
        version = {"op": "test", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]}
        try:
            corrected = await self._call(
                "PATCH",
                kind,
                kind.path(key.namespace, key.name),
                params={"fieldManager": self._manager},
                content_type=JSON_PATCH,
                body=[version, *operations],
            )
        except ApiRefusedError:
            # A failed test operation answers 422, as an invalid object does: only another look tells them apart.
            newest = await self.get(key)
            if newest is not None and newest["metadata"]["resourceVersion"] == version["value"]:
                raise
            corrected = None
        if corrected is None:
            raise ApiConflictError(f"{key} has changed or is gone")
        return corrected

    async def patch_status(self, key: ObjectKey, status: Mapping[str, Any]) -> Object | None:
        kind = BY_NAME[key.kind]
        path = kind.path(key.namespace, key.name, "status")
        params = {"fieldManager": f"{FIELD_MANAGER}-status"}
        return await self._call("PATCH", kind, path, params=params, content_type=MERGE, body={"status": status})

    async def set_finalizers(self, obj: Object, finalizers: list[str]) -> Object | None:
        key = key_of(obj)
        kind = BY_NAME[key.kind]
        metadata = {"finalizers": finalizers, "resourceVersion": obj["metadata"]["resourceVersion"]}
        return await self._call(
            "PATCH", kind, kind.path(key.namespace, key.name), content_type=MERGE, body={"metadata": metadata}
        )

    async def delete(self, obj: Object) -> None:
        key = key_of(obj)
        kind = BY_NAME[key.kind]
        body = {"preconditions": {"uid": obj["metadata"]["uid"]}, "propagationPolicy": "Background"}
        await self._call("DELETE", kind, kind.path(key.namespace, key.name), body=body)

    async def create(self, obj: Object) -> Object:
        """Raises ApiConflictError where there is one of that name."""
        key = key_of(obj)
        kind = BY_NAME[key.kind]
        created = await self._call("POST", kind, kind.path(key.namespace), body=obj)
        if created is None:
            raise ApiUnavailableError(f"{key}: its namespace or kind is not there")
        return created

    async def replace(self, obj: Object) -> Object:
        """Raises ApiConflictError where the object is gone or has another resourceVersion."""
        key = key_of(obj)
        kind = BY_NAME[key.kind]
        replaced = await self._call("PUT", kind, kind.path(key.namespace, key.name), body=obj)
        if replaced is None:
            raise ApiConflictError(f"{key} is gone")
        return replaced

    async def serves(self, kind: Kind) -> bool:
        found = await self._call("GET", kind, f"/apis/{kind.api_version}")
        return found is not None and any(item["name"] == kind.plural for item in found["resources"])

    @asynccontextmanager
    async def watch(
        self, kind: Kind, namespace: str | None, label_selector: str | None
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        path = kind.path(namespace)
        params = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        params |= {"labelSelector": label_selector} if label_selector else {}
        try:
            async with self._connection.stream(path, params=params, silence=WATCH_SILENCE_SECONDS) as response:
                REQUESTS.labels("WATCH", kind.name, str(response.status)).inc()
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _error("WATCH", path, await answer_of(response))
                yield _events(path, response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiUnavailableError(f"WATCH {path}: {_failure(error)}") from error

    @asynccontextmanager
    async def log(
        self, pod: ObjectKey, params: Mapping[str, str], *, silence: float | None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Lines of a container's log. `params`: of the API; `silence`: seconds without a line, None for ever.

        Raises NoLogError where there is none, else as every call.
        """
        path = POD.path(pod.namespace, pod.name, "log")
        try:
            async with self._connection.stream(path, params=params, silence=silence) as response:
                REQUESTS.labels("LOG", pod.kind, str(response.status)).inc()
                if response.status >= HTTPStatus.BAD_REQUEST:
                    answer = await answer_of(response)
                    if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
                        raise NoLogError(_status_message(answer))
                    raise _error("GET", path, answer)
                yield _lines(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiUnavailableError(f"GET {path}: {_failure(error)}") from error

    async def read_log(self, pod: ObjectKey, container: str, *, lines: int, limit: int) -> list[bytes]:
        params = {"container": container, "tailLines": str(lines), "limitBytes": str(limit)}
        async with self.log(pod, params, silence=LOG_SILENCE_SECONDS) as written:
            return [line async for line in written]

    async def _pages(self, kind: Kind, namespace: str | None, label_selector: str | None) -> AsyncIterator[Object]:
        params = {"limit": str(PAGE_SIZE), **({"labelSelector": label_selector} if label_selector else {})}
        while True:
            page = await self._call("GET", kind, kind.path(namespace), params=params)
            if page is None:
                raise ApiUnavailableError(f"{kind.plural}.{kind.group} is not served: are the CRDs installed?")
            for item in page.get("items") or ():
                yield {"apiVersion": kind.api_version, "kind": kind.name, **item}
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            params = {**params, "continue": token}

    async def _call(
        self,
        verb: str,
        kind: Kind,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content_type: str = JSON,
        body: object = None,
        accept: str = JSON,
    ) -> Object | None:
        if self._fence is not None and verb != "GET":
            self._fence()
        try:
            answer = await self._connection.request(
                verb, path, params=params, content_type=content_type, body=body, accept=accept
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            REQUESTS.labels(verb, kind.name, "error").inc()
            raise ApiUnavailableError(f"{verb} {path}: {_failure(error)}") from error
        REQUESTS.labels(verb, kind.name, str(answer.status)).inc()
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _error(verb, path, answer)
        return _object(verb, path, answer)


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """However long: a container may write what it will."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _failure(error: aiohttp.ClientError | TimeoutError) -> str:
    """The error's type and, where there was no connection, with whom and why not."""
    name = type(error).__name__
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"{name}: {error.host}:{error.port}: {error.certificate_error}"
        case aiohttp.ClientConnectorError():
            return f"{name}: {error.host}:{error.port}: {error.strerror}"
    return name


def _object(verb: str, path: str, answer: Answer) -> Object:
    try:
        result: Object = answer.json()
    except ValueError:
        raise ApiUnavailableError(f"{verb} {path}: HTTP {answer.status} without JSON") from None
    return result


async def _events(path: str, response: aiohttp.ClientResponse) -> AsyncIterator[WatchEvent]:
    async for line in response.content:
        try:
            event = json.loads(line)
        except ValueError:
            raise ApiUnavailableError(f"WATCH {path}: cut off") from None
        if event["type"] == "ERROR":
            raise ApiUnavailableError(f"WATCH {path}: {event['object'].get('message')}")
        if event["type"] != "BOOKMARK":
            yield event["type"], event["object"]


def _error(verb: str, path: str, answer: Answer) -> ReconcileError:
    message = f"{verb} {path}: {_status_message(answer)}"
    if answer.status == HTTPStatus.CONFLICT:
        return ApiConflictError(message)
    is_passing = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
    if is_passing or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ApiUnavailableError(message, retry_after=answer.retry_after)
    return ApiRefusedError(message)


def _status_message(answer: Answer) -> str:
    """What the API server says or, where something else answers in its place, the code alone."""
    try:
        status = answer.json()
    except ValueError:
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return str(message or f"HTTP {answer.status}")
