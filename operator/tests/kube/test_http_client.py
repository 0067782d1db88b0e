"""What goes over the wire to the Kubernetes API, and which error each answer is."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from fastapi_fleet.errors import (
    ApiConflictError,
    ApiRefusedError,
    ApiUnavailableError,
    LeadershipLostError,
    ReconcileError,
)
from fastapi_fleet.kube.client import WatchEvent
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, HTTP_ROUTE, SECRET, SERVICE, Object, ObjectKey
from lightkube.core.exceptions import ConfigError

KEY = ObjectKey("Service", "team", "shop")
PATH = "/api/v1/namespaces/team/services/shop"
SHOP: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "shop", "namespace": "team", "uid": "uid-shop", "resourceVersion": "7"},
}

Handler = Callable[[httpx2.Request], httpx2.Response]


class Server:
    """Answers with what `handler` makes of a request, and remembers the requests."""

    def __init__(self, handler: Handler) -> None:
        self.requests: list[httpx2.Request] = []
        self._handler = handler
        transport = httpx2.MockTransport(self._answer)
        self.client = HttpKubeClient(httpx2.AsyncClient(transport=transport, base_url="https://cluster.example"))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self._handler(request)

    @property
    def request(self) -> httpx2.Request:
        (only,) = self.requests
        return only

    @property
    def body(self) -> Any:
        return json.loads(self.request.content)


def answering(status: int = 200, body: object = SHOP) -> Server:
    return Server(lambda _: httpx2.Response(status, json=body))


async def test_get_reads_one_object() -> None:
    server = answering()
    assert await server.client.get(KEY) == SHOP
    assert (server.request.method, server.request.url.path) == ("GET", PATH)


async def test_get_of_a_missing_object_is_none() -> None:
    assert await answering(404, {"message": "not found"}).client.get(KEY) is None


async def test_apply_is_a_server_side_apply_as_the_own_field_manager() -> None:
    server = answering()
    assert await server.client.apply(SHOP) == SHOP
    assert (server.request.method, server.request.url.path) == ("PATCH", PATH)
    assert server.request.headers["content-type"] == "application/apply-patch+yaml"
    assert dict(server.request.url.params) == {"fieldManager": "fastapi-fleet", "force": "true"}
    assert server.body == SHOP


async def test_replicas_are_kept_by_a_manager_that_owns_nothing_else() -> None:
    server = answering()
    await server.client.keep_replicas({**SHOP, "spec": {"replicas": 5, "paused": False}})
    assert dict(server.request.url.params) == {"fieldManager": "fastapi-fleet-replicas", "force": "true"}
    assert server.body["spec"] == {"replicas": 5}
    assert server.body["metadata"] == {"name": "shop", "namespace": "team", "uid": "uid-shop"}


async def test_apply_to_a_missing_namespace_is_retried() -> None:
    with pytest.raises(ApiUnavailableError, match="Service team/shop"):
        await answering(404, {"message": "namespace not found"}).client.apply(SHOP)


async def test_status_is_merged_into_the_subresource_by_a_manager_of_its_own() -> None:
    server = answering()
    await server.client.patch_status(KEY, {"url": "http://shop", "image": None})
    assert (server.request.method, server.request.url.path) == ("PATCH", f"{PATH}/status")
    assert server.request.headers["content-type"] == "application/merge-patch+json"
    assert dict(server.request.url.params) == {"fieldManager": "fastapi-fleet-status"}
    assert server.body == {"status": {"url": "http://shop", "image": None}}


async def test_status_of_an_object_that_is_gone_is_none() -> None:
    assert await answering(404, {}).client.patch_status(KEY, {}) is None


async def test_finalizers_are_replaced_only_in_the_version_that_was_read() -> None:
    server = answering()
    await server.client.set_finalizers(SHOP, ["a/b"])
    assert server.request.headers["content-type"] == "application/merge-patch+json"
    assert server.body == {"metadata": {"finalizers": ["a/b"], "resourceVersion": "7"}}


async def test_deletion_names_the_very_object() -> None:
    server = answering()
    await server.client.delete(SHOP)
    assert (server.request.method, server.request.url.path) == ("DELETE", PATH)
    assert server.body == {"preconditions": {"uid": "uid-shop"}, "propagationPolicy": "Background"}


async def test_deletion_of_an_absent_object_is_fine() -> None:
    await answering(404, {}).client.delete(SHOP)


async def test_creation_never_replaces_what_is_there() -> None:
    server = answering()
    assert await server.client.create(SHOP) == SHOP
    assert (server.request.method, server.request.url.path) == ("POST", PATH.removesuffix("/shop"))
    assert server.body == SHOP


async def test_creation_in_a_missing_namespace_is_retried() -> None:
    with pytest.raises(ApiUnavailableError, match="Service team/shop"):
        await answering(404, {"message": "namespace not found"}).client.create(SHOP)


async def test_replacement_sends_the_version_that_was_read() -> None:
    server = answering()
    assert await server.client.replace(SHOP) == SHOP
    assert (server.request.method, server.request.url.path) == ("PUT", PATH)
    assert server.body["metadata"]["resourceVersion"] == "7"


async def test_replacement_of_an_object_that_is_gone_is_a_conflict() -> None:
    with pytest.raises(ApiConflictError, match="Service team/shop is gone"):
        await answering(404, {}).client.replace(SHOP)


async def test_a_closed_fence_stops_every_write_and_no_read() -> None:
    def closed() -> None:
        raise LeadershipLostError("another leads")

    server = answering()
    fenced = server.client.behind(closed)
    for write in (
        fenced.apply(SHOP),
        fenced.patch_status(KEY, {}),
        fenced.delete(SHOP),
        fenced.set_finalizers(SHOP, []),
    ):
        with pytest.raises(LeadershipLostError):
            await write
    with pytest.raises(LeadershipLostError):
        await fenced.correct(SHOP, [])
    assert server.requests == []
    assert await fenced.get(KEY) == SHOP


async def test_list_follows_the_pages_and_names_the_kind_of_each_item() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        if "continue" in request.url.params:
            return httpx2.Response(200, json={"metadata": {}, "items": [{"metadata": {"name": "c"}}]})
        items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]
        return httpx2.Response(200, json={"metadata": {"continue": "token"}, "items": items})

    server = Server(page)
    listed = await server.client.list_objects(SERVICE, "team", "a=b")
    assert [item["metadata"]["name"] for item in listed] == ["a", "b", "c"]
    assert {(item["apiVersion"], item["kind"]) for item in listed} == {("v1", "Service")}
    first, second = server.requests
    assert dict(first.url.params) == {"limit": "500", "labelSelector": "a=b"}
    assert dict(second.url.params) == {"limit": "500", "labelSelector": "a=b", "continue": "token"}


async def test_list_of_every_namespace_without_a_selector() -> None:
    server = answering(body={"items": []})
    assert await server.client.list_objects(SECRET, None, None) == []
    assert server.request.url.path == "/api/v1/secrets"
    assert "labelSelector" not in server.request.url.params


async def test_list_of_a_kind_that_is_not_installed_says_what_to_do() -> None:
    with pytest.raises(ApiUnavailableError, match=r"fastapiservices\.fastapi-fleet\.io is not served: .* CRDs"):
        await answering(404, {}).client.list_objects(FASTAPI_SERVICE, None, None)


ERRORS = {
    400: ApiRefusedError,
    401: ApiUnavailableError,
    403: ApiRefusedError,
    409: ApiConflictError,
    410: ApiRefusedError,
    422: ApiRefusedError,
    429: ApiUnavailableError,
    500: ApiUnavailableError,
    503: ApiUnavailableError,
    504: ApiUnavailableError,
}

CALLS: dict[str, Callable[[HttpKubeClient], Awaitable[object]]] = {
    "get": lambda client: client.get(KEY),
    "list": lambda client: client.list_objects(SERVICE, "team", None),
    "apply": lambda client: client.apply(SHOP),
    "patch_status": lambda client: client.patch_status(KEY, {}),
    "set_finalizers": lambda client: client.set_finalizers(SHOP, []),
    "delete": lambda client: client.delete(SHOP),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize(("status", "error"), ERRORS.items())
async def test_answer_becomes_an_error_that_says_what_happens_next(
    status: int, error: type[ReconcileError], call: Callable[[HttpKubeClient], Awaitable[object]]
) -> None:
    with pytest.raises(error, match=f"services.*: because {status}"):
        await call(answering(status, {"kind": "Status", "message": f"because {status}"}).client)


FAILURES = [
    httpx2.ConnectError("refused"),
    httpx2.ConnectTimeout("slow"),
    httpx2.ReadTimeout("slow"),
    httpx2.RemoteProtocolError("cut"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_server_that_does_not_answer_is_unavailable(failure: httpx2.HTTPError) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise failure

    with pytest.raises(ApiUnavailableError, match=f"GET {PATH}: {type(failure).__name__}"):
        await Server(fail).client.get(KEY)


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"", b"[]", b'"text"'])
async def test_answer_of_a_proxy_is_named_by_its_code_alone(body: bytes) -> None:
    server = Server(lambda _: httpx2.Response(502, content=body))
    with pytest.raises(ApiUnavailableError) as raised:
        await server.client.get(KEY)
    assert raised.value.message == f"GET {PATH}: HTTP 502"


async def test_success_that_is_not_json_is_unavailable() -> None:
    server = Server(lambda _: httpx2.Response(200, content=b"<html>login</html>"))
    with pytest.raises(ApiUnavailableError):
        await server.client.get(KEY)


async def test_error_shows_no_secret_that_was_sent() -> None:
    canary = "Y2FuYXJ5LTVmMWU="
    secret = {**SHOP, "kind": "Secret", "data": {"KEY": canary}}
    server = answering(403, {"message": "forbidden: exceeded quota"})
    with pytest.raises(ApiRefusedError) as raised:
        await server.client.apply(secret)
    assert canary not in f"{raised.value!r} {raised.value.message} {raised.value.__cause__!r}"


async def test_closing_closes_the_connections() -> None:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200)))
    await HttpKubeClient(http).aclose()
    assert http.is_closed


def test_kubeconfig_without_a_context_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "config"
    empty.write_text("apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n")
    monkeypatch.setenv("KUBECONFIG", str(empty))
    with pytest.raises(ConfigError):
        HttpKubeClient.from_environment()


@pytest.mark.parametrize(
    ("answer", "is_served"),
    [
        (httpx2.Response(200, json={"resources": [{"name": "httproutes"}, {"name": "httproutes/status"}]}), True),
        (httpx2.Response(200, json={"resources": [{"name": "grpcroutes"}]}), False),
        (httpx2.Response(404, json={}), False),
    ],
    ids=["there", "other kinds of the group", "no such group"],
)
async def test_kind_is_served_where_the_api_lists_it(answer: httpx2.Response, is_served: bool) -> None:  # noqa: FBT001
    server = Server(lambda _: answer)
    assert await server.client.serves(HTTP_ROUTE) is is_served
    assert server.request.url.path == "/apis/gateway.networking.k8s.io/v1"


def streaming(*events: object, status: int = 200, end: bytes = b"") -> Server:
    body = b"".join(json.dumps(event).encode() + b"\n" for event in events) + end
    return Server(lambda _: httpx2.Response(status, content=body))


async def watched(server: Server) -> list[WatchEvent]:
    async with server.client.watch(HTTP_ROUTE, "team", "a=b") as events:
        return [event async for event in events]


async def test_watch_hands_on_what_became_of_objects_and_no_bookmark() -> None:
    server = streaming(
        {"type": "ADDED", "object": SHOP}, {"type": "BOOKMARK", "object": {}}, {"type": "DELETED", "object": SHOP}
    )
    assert await watched(server) == [("ADDED", SHOP), ("DELETED", SHOP)]
    assert server.request.url.path == "/apis/gateway.networking.k8s.io/v1/namespaces/team/httproutes"
    assert server.request.url.params["watch"] == "true"
    assert server.request.url.params["labelSelector"] == "a=b"
    assert int(server.request.url.params["timeoutSeconds"]) > 0


BROKEN_WATCHES = {
    "too old": (streaming({"type": "ERROR", "object": {"code": 410, "message": "too old"}}), ApiUnavailableError),
    "cut off": (streaming(end=b'{"type": "ADD'), ApiUnavailableError),
    "forbidden": (streaming({"message": "forbidden"}, status=403), ApiRefusedError),
    "gone": (streaming({"message": "not found"}, status=404), ApiRefusedError),
    "overloaded": (streaming({"message": "later"}, status=429), ApiUnavailableError),
}


@pytest.mark.parametrize(("server", "error"), BROKEN_WATCHES.values(), ids=BROKEN_WATCHES.keys())
async def test_watch_that_fails_says_what_happens_next(server: Server, error: type[ReconcileError]) -> None:
    with pytest.raises(error, match="WATCH /apis/gateway"):
        await watched(server)


async def test_watch_that_does_not_answer_is_unavailable() -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("silent")

    with pytest.raises(ApiUnavailableError, match="ReadTimeout"):
        await watched(Server(fail))
