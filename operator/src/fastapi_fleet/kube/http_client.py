"""The Kubernetes API over HTTP: plain dicts, errors that say what happens next.

Connection, kubeconfig and token rotation are lightkube's; its models are left aside, since objects here stay JSON data.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError
from prometheus_client import Counter

from fastapi_fleet.constants import FIELD_MANAGER
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, ReconcileError
from fastapi_fleet.kube.client import WatchEvent
from fastapi_fleet.kube.kinds import BY_NAME, Kind, Object, ObjectKey, key_of

REQUESTS = Counter("fastapi_fleet_api_requests_total", "Requests to the Kubernetes API.", ["verb", "kind", "code"])

REQUEST_TIMEOUT_SECONDS = 30.0
PAGE_SIZE = 500
WATCH_SECONDS = 300
WATCH_SILENCE_SECONDS = 150.0
"""The API server sends a bookmark a minute to a watch: one that is silent for longer is dead."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


Fence = Callable[[], None]
"""Asked before each write; raises where this process may not write any more."""


class HttpKubeClient:
    """KubeClient over HTTP, configured from the pod's service account or from the kubeconfig."""

    def __init__(self, http: httpx2.AsyncClient, fence: Fence | None = None) -> None:
        self._http = http
        self._fence = fence

    @classmethod
    def from_environment(cls) -> "HttpKubeClient":
        """Raises lightkube.core.exceptions.ConfigError where neither a service account nor a kubeconfig is found."""
        config = KubeConfig.from_env().get()
        if config is None:
            raise ConfigError("the kubeconfig has no current context: set one, or set KUBECONFIG")
        return cls(AsyncClient(config, ConnectionParams(timeout=httpx2.Timeout(REQUEST_TIMEOUT_SECONDS, connect=5.0))))

    def behind(self, fence: Fence) -> "HttpKubeClient":
        """The same connection for writes that `fence` allows."""
        return HttpKubeClient(self._http, fence)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, key: ObjectKey) -> Object | None:
        kind = BY_NAME[key.kind]
        return await self._call("GET", kind, kind.path(key.namespace, key.name))

    async def list_objects(self, kind: Kind, namespace: str | None, label_selector: str | None) -> list[Object]:
        return [item async for item in self._pages(kind, namespace, label_selector)]

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
                params={"fieldManager": FIELD_MANAGER},
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
        timeout = httpx2.Timeout(WATCH_SILENCE_SECONDS, connect=5.0)
        try:
            async with self._http.stream("GET", path, params=params, timeout=timeout) as response:
                REQUESTS.labels("WATCH", kind.name, str(response.status_code)).inc()
                if response.is_error:
                    await response.aread()
                    raise _error("WATCH", path, response)
                yield _events(path, response)
        except httpx2.HTTPError as error:
            raise ApiUnavailableError(f"WATCH {path}: {type(error).__name__}") from error

    async def _pages(self, kind: Kind, namespace: str | None, label_selector: str | None) -> AsyncIterator[Object]:
        params = {"limit": str(PAGE_SIZE), **({"labelSelector": label_selector} if label_selector else {})}
        while True:
            page = await self._call("GET", kind, kind.path(namespace), params=params)
            if page is None:
                raise ApiUnavailableError(f"{kind.plural}.{kind.group} is not served: are the CRDs installed?")
            for item in page.get("items", ()):
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
        content_type: str = "application/json",
        body: object = None,
    ) -> Object | None:
        if self._fence is not None and verb != "GET":
            self._fence()
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": content_type}
        try:
            response = await self._http.request(verb, path, params=params, content=content, headers=headers)
        except httpx2.HTTPError as error:
            REQUESTS.labels(verb, kind.name, "error").inc()
            raise ApiUnavailableError(f"{verb} {path}: {type(error).__name__}") from error
        REQUESTS.labels(verb, kind.name, str(response.status_code)).inc()
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        if response.is_error:
            raise _error(verb, path, response)
        return _object(verb, path, response)


def _object(verb: str, path: str, response: httpx2.Response) -> Object:
    try:
        result: Object = response.json()
    except ValueError:
        raise ApiUnavailableError(f"{verb} {path}: HTTP {response.status_code} without JSON") from None
    return result


async def _events(path: str, response: httpx2.Response) -> AsyncIterator[WatchEvent]:
    async for line in response.aiter_lines():
        try:
            event = json.loads(line)
        except ValueError:
            raise ApiUnavailableError(f"WATCH {path}: cut off") from None
        if event["type"] == "ERROR":
            raise ApiUnavailableError(f"WATCH {path}: {event['object'].get('message')}")
        if event["type"] != "BOOKMARK":
            yield event["type"], event["object"]


def _error(verb: str, path: str, response: httpx2.Response) -> ReconcileError:
    message = f"{verb} {path}: {_status_message(response)}"
    code = response.status_code
    if code == httpx2.codes.CONFLICT:
        return ApiConflictError(message)
    if code in {httpx2.codes.UNAUTHORIZED, httpx2.codes.TOO_MANY_REQUESTS} or response.is_server_error:
        return ApiUnavailableError(message)
    return ApiRefusedError(message)


def _status_message(response: httpx2.Response) -> str:
    """What the API server says or, where something else answers in its place, the code alone."""
    try:
        status = response.json()
    except ValueError:
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return str(message or f"HTTP {response.status_code}")
