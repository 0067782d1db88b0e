"""What goes over the wire to the Kubernetes API, and which error each answer is: against a server on a real port."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from fastapi_fleet.errors import (
    ApiConflictError,
    ApiRefusedError,
    ApiUnavailableError,
    LeadershipLostError,
    ReconcileError,
)
from fastapi_fleet.kube.client import WatchEvent
from fastapi_fleet.kube.connection import LOGIN_SECONDS
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, HTTP_ROUTE, SECRET, SERVICE, Object, ObjectKey
from support.answering_server import AnsweringServer, Asked

KEY = ObjectKey("Service", "team", "shop")
PATH = "/api/v1/namespaces/team/services/shop"
SHOP: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "shop", "namespace": "team", "uid": "uid-shop", "resourceVersion": "7"},
}


@pytest.fixture
async def server() -> AsyncIterator[AnsweringServer]:
    async with AnsweringServer().serving() as serving:
        serving.answer(200, SHOP)
        yield serving


async def test_get_reads_one_object(server: AnsweringServer) -> None:
    assert await server.client.get(KEY) == SHOP
    assert (server.request.method, server.request.path) == ("GET", PATH)


async def test_get_of_a_missing_object_is_none(server: AnsweringServer) -> None:
    server.answer(404, {"message": "not found"})
    assert await server.client.get(KEY) is None


async def test_apply_is_a_server_side_apply_as_the_own_field_manager(server: AnsweringServer) -> None:
    assert await server.client.apply(SHOP) == SHOP
    assert (server.request.method, server.request.path) == ("PATCH", PATH)
    assert server.request.content_type == "application/apply-patch+yaml"
    assert server.request.query == {"fieldManager": "fastapi-fleet", "force": "true"}
    assert server.request.body == SHOP


async def test_replicas_are_kept_by_a_manager_that_owns_nothing_else(server: AnsweringServer) -> None:
    await server.client.keep_replicas({**SHOP, "spec": {"replicas": 5, "paused": False}})
    assert server.request.query == {"fieldManager": "fastapi-fleet-replicas", "force": "true"}
    assert server.request.body["spec"] == {"replicas": 5}
    assert server.request.body["metadata"] == {"name": "shop", "namespace": "team", "uid": "uid-shop"}


async def test_apply_to_a_missing_namespace_is_retried(server: AnsweringServer) -> None:
    server.answer(404, {"message": "namespace not found"})
    with pytest.raises(ApiUnavailableError, match="Service team/shop"):
        await server.client.apply(SHOP)


async def test_status_is_merged_into_the_subresource_by_a_manager_of_its_own(server: AnsweringServer) -> None:
    await server.client.patch_status(KEY, {"url": "http://shop", "image": None})
    assert (server.request.method, server.request.path) == ("PATCH", f"{PATH}/status")
    assert server.request.content_type == "application/merge-patch+json"
    assert server.request.query == {"fieldManager": "fastapi-fleet-status"}
    assert server.request.body == {"status": {"url": "http://shop", "image": None}}


async def test_status_of_an_object_that_is_gone_is_none(server: AnsweringServer) -> None:
    server.answer(404, {})
    assert await server.client.patch_status(KEY, {}) is None


async def test_finalizers_are_replaced_only_in_the_version_that_was_read(server: AnsweringServer) -> None:
    await server.client.set_finalizers(SHOP, ["a/b"])
    assert server.request.content_type == "application/merge-patch+json"
    assert server.request.body == {"metadata": {"finalizers": ["a/b"], "resourceVersion": "7"}}


async def test_deletion_names_the_very_object(server: AnsweringServer) -> None:
    await server.client.delete(SHOP)
    assert (server.request.method, server.request.path) == ("DELETE", PATH)
    assert server.request.body == {"preconditions": {"uid": "uid-shop"}, "propagationPolicy": "Background"}


async def test_deletion_of_an_absent_object_is_fine(server: AnsweringServer) -> None:
    server.answer(404, {})
    await server.client.delete(SHOP)


async def test_creation_never_replaces_what_is_there(server: AnsweringServer) -> None:
    assert await server.client.create(SHOP) == SHOP
    assert (server.request.method, server.request.path) == ("POST", PATH.removesuffix("/shop"))
    assert server.request.body == SHOP


async def test_creation_in_a_missing_namespace_is_retried(server: AnsweringServer) -> None:
    server.answer(404, {"message": "namespace not found"})
    with pytest.raises(ApiUnavailableError, match="Service team/shop"):
        await server.client.create(SHOP)


async def test_replacement_sends_the_version_that_was_read(server: AnsweringServer) -> None:
    assert await server.client.replace(SHOP) == SHOP
    assert (server.request.method, server.request.path) == ("PUT", PATH)
    assert server.request.body["metadata"]["resourceVersion"] == "7"


async def test_replacement_of_an_object_that_is_gone_is_a_conflict(server: AnsweringServer) -> None:
    server.answer(404, {})
    with pytest.raises(ApiConflictError, match="Service team/shop is gone"):
        await server.client.replace(SHOP)


async def test_a_closed_fence_stops_every_write_and_no_read(server: AnsweringServer) -> None:
    def closed() -> None:
        raise LeadershipLostError("another leads")

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
    assert server.asked == []
    assert await fenced.get(KEY) == SHOP


async def test_list_follows_the_pages_and_names_the_kind_of_each_item(server: AnsweringServer) -> None:
    async def page(asked: Asked, _: web.Request) -> web.Response:
        if "continue" in asked.query:
            return web.json_response({"metadata": {}, "items": [{"metadata": {"name": "c"}}]})
        items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]
        return web.json_response({"metadata": {"continue": "token"}, "items": items})

    server.answer_by(page)
    listed = await server.client.list_objects(SERVICE, "team", "a=b")
    assert [item["metadata"]["name"] for item in listed] == ["a", "b", "c"]
    assert {(item["apiVersion"], item["kind"]) for item in listed} == {("v1", "Service")}
    first, second = server.asked
    assert first.query == {"limit": "500", "labelSelector": "a=b"}
    assert second.query == {"limit": "500", "labelSelector": "a=b", "continue": "token"}


async def test_list_of_every_namespace_without_a_selector(server: AnsweringServer) -> None:
    server.answer(200, {"items": []})
    assert await server.client.list_objects(SECRET, None, None) == []
    assert server.request.path == "/api/v1/secrets"
    assert "labelSelector" not in server.request.query


async def test_metadata_is_listed_without_contents_and_from_the_memory_of_the_api_server(
    server: AnsweringServer,
) -> None:
    metadata = {"name": "mine", "namespace": "team", "uid": "u", "resourceVersion": "7"}
    server.answer(200, {"kind": "PartialObjectMetadataList", "items": [{"metadata": metadata}]})
    listed = await server.client.list_metadata(SECRET, "team", None)
    assert listed == [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata}]
    assert (server.request.method, server.request.path) == ("GET", "/api/v1/namespaces/team/secrets")
    assert server.request.accept == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert server.request.query == {"resourceVersion": "0"}


@pytest.mark.parametrize("nothing", [{"items": []}, {"items": None}, {}])
async def test_metadata_of_one_object_is_asked_for_by_its_name(server: AnsweringServer, nothing: Object) -> None:
    server.answer(200, nothing)
    assert await server.client.list_metadata(SECRET, "team", "mine") == []
    assert server.request.query == {"resourceVersion": "0", "fieldSelector": "metadata.name=mine"}


async def test_list_of_a_kind_that_is_not_installed_says_what_to_do(server: AnsweringServer) -> None:
    server.answer(404, {})
    with pytest.raises(ApiUnavailableError, match=r"fastapiservices\.fastapi-fleet\.io is not served: .* CRDs"):
        await server.client.list_objects(FASTAPI_SERVICE, None, None)


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
    server: AnsweringServer,
    status: int,
    error: type[ReconcileError],
    call: Callable[[HttpKubeClient], Awaitable[object]],
) -> None:
    server.answer(status, {"kind": "Status", "message": f"because {status}"})
    with pytest.raises(error, match=f"services.*: because {status}"):
        await call(server.client)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0), (None, 0.0)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_wish_to_be_left_alone_is_handed_on(
    server: AnsweringServer, status: int, asked: str | None, seconds: float
) -> None:
    server.answer(status, {"message": "too many"}, **({"Retry_After": asked} if asked else {}))
    with pytest.raises(ApiUnavailableError) as raised:
        await server.client.get(KEY)
    assert raised.value.retry_after == seconds


async def test_server_that_refuses_connections_is_unavailable() -> None:
    async with AnsweringServer().serving() as gone:
        client = gone.connect()
    with pytest.raises(ApiUnavailableError, match=rf"GET {PATH}: ClientConnectorError: 127.0.0.1:\d+: .*[Cc]onnect"):
        await client.get(KEY)
    await client.aclose()


async def test_server_that_cuts_the_connection_is_unavailable(server: AnsweringServer) -> None:
    async def cut(_: Asked, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answer_by(cut)
    with pytest.raises(ApiUnavailableError, match=f"PATCH {PATH}: "):
        await server.client.apply(SHOP)


async def test_server_that_never_answers_is_unavailable(server: AnsweringServer) -> None:
    async def hang(_: Asked, __: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    server.answer_by(hang)
    client = server.connect(timeout=0.05)
    with pytest.raises(ApiUnavailableError, match=f"GET {PATH}: TimeoutError"):
        await client.get(KEY)
    await client.aclose()


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"", b"[]", b'"text"'])
async def test_answer_of_a_proxy_is_named_by_its_code_alone(server: AnsweringServer, body: bytes) -> None:
    server.answer_raw(502, body)
    with pytest.raises(ApiUnavailableError) as raised:
        await server.client.get(KEY)
    assert raised.value.message == f"GET {PATH}: HTTP 502"


async def test_success_that_is_not_json_is_unavailable(server: AnsweringServer) -> None:
    server.answer_raw(200, b"<html>login</html>")
    with pytest.raises(ApiUnavailableError):
        await server.client.get(KEY)


async def test_redirection_is_not_followed_with_the_credentials(server: AnsweringServer) -> None:
    server.answer_raw(302, b"", Location="/elsewhere")
    with pytest.raises(ApiUnavailableError, match="HTTP 302 without JSON"):
        await server.client.get(KEY)
    assert server.request.path == PATH


async def test_error_shows_no_secret_that_was_sent(server: AnsweringServer) -> None:
    canary = "Y2FuYXJ5LTVmMWU="
    secret = {**SHOP, "kind": "Secret", "data": {"KEY": canary}}
    server.answer(403, {"message": "forbidden: exceeded quota"})
    with pytest.raises(ApiRefusedError) as raised:
        await server.client.apply(secret)
    assert canary not in f"{raised.value!r} {raised.value.message} {raised.value.__cause__!r}"


async def test_token_is_read_again_before_it_can_be_stale(server: AnsweringServer) -> None:
    await server.client.get(KEY)
    server.token = "token-2"
    server.time += LOGIN_SECONDS - 1
    await server.client.get(KEY)
    server.time += 1
    await server.client.get(KEY)
    assert [asked.authorization for asked in server.asked] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_token_that_is_refused_is_read_again_at_once(server: AnsweringServer) -> None:
    async def only_the_second(asked: Asked, _: web.Request) -> web.Response:
        return web.json_response(SHOP, status=200 if asked.authorization == "Bearer token-2" else 401)

    server.answer_by(only_the_second)
    server.token = "token-2"
    assert await server.client.apply(SHOP) == SHOP
    assert [asked.body for asked in server.asked] == [SHOP, SHOP]


async def test_closed_client_sends_nothing_more(server: AnsweringServer) -> None:
    client = server.connect()
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get(KEY)
    assert server.asked == []


SERVED = {
    "there": (200, ["httproutes", "httproutes/status"], True),
    "other kinds of the group": (200, ["grpcroutes"], False),
    "no such group": (404, [], False),
}


@pytest.mark.parametrize(("status", "plurals", "is_served"), SERVED.values(), ids=SERVED.keys())
async def test_kind_is_served_where_the_api_lists_it(
    server: AnsweringServer,
    status: int,
    plurals: list[str],
    is_served: bool,  # noqa: FBT001
) -> None:
    server.answer(status, {"resources": [{"name": plural} for plural in plurals]})
    assert await server.client.serves(HTTP_ROUTE) is is_served
    assert server.request.path == "/apis/gateway.networking.k8s.io/v1"


def stream(*events: object, end: bytes = b"") -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events) + end


async def watched(client: HttpKubeClient) -> list[WatchEvent]:
    async with client.watch(HTTP_ROUTE, "team", "a=b") as events:
        return [event async for event in events]


async def test_watch_hands_on_what_became_of_objects_and_no_bookmark(server: AnsweringServer) -> None:
    large = {**SHOP, "data": "x" * 1_500_000}
    server.answer_raw(
        200,
        stream(
            {"type": "ADDED", "object": SHOP},
            {"type": "BOOKMARK", "object": {}},
            {"type": "MODIFIED", "object": large},
            {"type": "DELETED", "object": SHOP},
        ),
    )
    assert await watched(server.client) == [("ADDED", SHOP), ("MODIFIED", large), ("DELETED", SHOP)]
    assert server.request.path == "/apis/gateway.networking.k8s.io/v1/namespaces/team/httproutes"
    assert server.request.query["watch"] == "true"
    assert server.request.query["labelSelector"] == "a=b"
    assert int(server.request.query["timeoutSeconds"]) > 0


BROKEN_WATCHES = {
    "too old": (200, stream({"type": "ERROR", "object": {"code": 410, "message": "too old"}}), ApiUnavailableError),
    "cut off": (200, stream(end=b'{"type": "ADD'), ApiUnavailableError),
    "forbidden": (403, stream({"message": "forbidden"}), ApiRefusedError),
    "gone": (404, stream({"message": "not found"}), ApiRefusedError),
    "overloaded": (429, stream({"message": "later"}), ApiUnavailableError),
}


@pytest.mark.parametrize(("status", "body", "error"), BROKEN_WATCHES.values(), ids=BROKEN_WATCHES.keys())
async def test_watch_that_fails_says_what_happens_next(
    server: AnsweringServer, status: int, body: bytes, error: type[ReconcileError]
) -> None:
    server.answer_raw(status, body)
    with pytest.raises(error, match="WATCH /apis/gateway"):
        await watched(server.client)


async def test_watch_that_says_nothing_is_unavailable(server: AnsweringServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: Asked, __: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    monkeypatch.setattr("fastapi_fleet.kube.http_client.WATCH_SILENCE_SECONDS", 0.05)
    server.answer_by(hang)
    with pytest.raises(ApiUnavailableError, match=r"WATCH .*: SocketTimeoutError"):
        await watched(server.client)
