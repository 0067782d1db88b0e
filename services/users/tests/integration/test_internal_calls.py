"""What other services ask of users, over either protocol: the same answers, the same refusals."""

import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import grpc
import grpc.aio
import httpx2
import pytest
from app.config import Settings
from app.grpc_api.generated.users.v1 import users_pb2
from app.grpc_api.generated.users.v1.users_pb2_grpc import UserServiceStub
from app.main import create_app
from fleetkit.testing import eventually, running_app
from fleetkit.testing.tokens import service_headers, user_headers

User = dict[str, str]
ORDERS = service_headers("orders")
KINDS: Mapping[object, str] = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not found",
    422: "invalid",
    503: "unavailable",
    grpc.StatusCode.UNAUTHENTICATED: "unauthenticated",
    grpc.StatusCode.PERMISSION_DENIED: "forbidden",
    grpc.StatusCode.NOT_FOUND: "not found",
    grpc.StatusCode.INVALID_ARGUMENT: "invalid",
    grpc.StatusCode.UNAVAILABLE: "unavailable",
}


class RefusedError(Exception):
    """The service answered with an error of this kind."""

    def __init__(self, status: object) -> None:
        super().__init__(KINDS[status])


class Caller(Protocol):
    """Another service, over one of the protocols."""

    async def user(self, user_id: str, headers: Mapping[str, str]) -> User: ...

    async def users(self, user_ids: Sequence[str], headers: Mapping[str, str]) -> list[User]: ...


@dataclass(frozen=True)
class HttpCaller:
    client: httpx2.AsyncClient

    async def user(self, user_id: str, headers: Mapping[str, str]) -> User:
        return _shown((await self._get(f"/users/{user_id}", {}, headers)).json())

    async def users(self, user_ids: Sequence[str], headers: Mapping[str, str]) -> list[User]:
        answer = await self._get("/users", {"ids": list(user_ids), "limit": "100"}, headers)
        return [_shown(user) for user in answer.json()["items"]]

    async def _get(self, path: str, params: dict[str, Any], headers: Mapping[str, str]) -> httpx2.Response:
        answer = await self.client.get(path, params=params, headers=headers)
        if answer.is_error:
            raise RefusedError(answer.status_code)
        return answer


@dataclass(frozen=True)
class GrpcCaller:
    channel: grpc.aio.Channel

    async def user(self, user_id: str, headers: Mapping[str, str]) -> User:
        request = users_pb2.GetUserRequest(user_id=user_id)
        try:
            answer = await UserServiceStub(self.channel).GetUser(request, timeout=5, metadata=_metadata(headers))
        except grpc.aio.AioRpcError as error:
            raise RefusedError(error.code()) from error
        return _read(answer.user)

    async def users(self, user_ids: Sequence[str], headers: Mapping[str, str]) -> list[User]:
        request = users_pb2.BatchGetUsersRequest(user_ids=user_ids)
        try:
            answer = await UserServiceStub(self.channel).BatchGetUsers(request, timeout=5, metadata=_metadata(headers))
        except grpc.aio.AioRpcError as error:
            raise RefusedError(error.code()) from error
        return [_read(user) for user in answer.users]


def _metadata(headers: Mapping[str, str]) -> grpc.aio.Metadata:
    return grpc.aio.Metadata(*((name.lower(), value) for name, value in headers.items()))


def _shown(user: Mapping[str, Any]) -> User:
    return {name: str(user[name]) for name in ("id", "email", "name", "role")}


def _read(user: users_pb2.User) -> User:
    return {"id": user.id, "email": user.email, "name": user.name, "role": user.role}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def client(settings: Settings, port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator of the running service, which answers over both protocols."""
    app = create_app(settings.model_copy(update={"grpc_port": port}))
    async with running_app(app) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


@pytest.fixture(params=["http", "grpc"])
async def caller(request: pytest.FixtureRequest, client: httpx2.AsyncClient, port: int) -> AsyncIterator[Caller]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield HttpCaller(client) if request.param == "http" else GrpcCaller(channel)


async def registered(client: httpx2.AsyncClient, name: str) -> User:
    body = {"email": f"{name}@example.com", "name": name}
    answer = await client.post("/users", json=body, headers=user_headers(uuid4(), "admin"))
    return _shown(answer.raise_for_status().json())


async def test_a_service_and_an_administrator_are_told_of_a_user(client: httpx2.AsyncClient, caller: Caller) -> None:
    ada = await registered(client, "ada")
    assert await caller.user(ada["id"], ORDERS) == ada
    assert await caller.user(ada["id"], user_headers(uuid4(), "admin")) == ada


async def test_many_users_come_in_one_answer_without_those_there_are_not(
    client: httpx2.AsyncClient, caller: Caller
) -> None:
    everybody = [await registered(client, name) for name in ("ada", "bob", "eve")]
    asked = [everybody[0]["id"], str(uuid4()), everybody[2]["id"]]
    assert sorted(user["name"] for user in await caller.users(asked, ORDERS)) == ["ada", "eve"]


async def test_says_that_there_is_no_such_user(caller: Caller) -> None:
    with pytest.raises(RefusedError, match="not found"):
        await caller.user(str(uuid4()), ORDERS)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "unauthenticated"),
        ({"Authorization": "Bearer made.up.token"}, "unauthenticated"),
        ({"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}, "unauthenticated"),
        (user_headers(UUID(int=7)), "forbidden"),
    ],
)
async def test_refuses_whom_it_does_not_know_and_who_may_not_ask(
    caller: Caller, headers: Mapping[str, str], kind: str
) -> None:
    with pytest.raises(RefusedError, match=kind):
        await caller.user(str(uuid4()), headers)
    with pytest.raises(RefusedError, match=kind):
        await caller.users([str(uuid4())], headers)


async def test_refuses_what_is_no_id_and_too_many_of_them(caller: Caller) -> None:
    for user_ids in (["ada"], [str(uuid4()) for _ in range(101)]):
        with pytest.raises(RefusedError, match="invalid"):
            await caller.users(user_ids, ORDERS)


async def test_knows_nobody_by_what_is_no_id(caller: Caller) -> None:
    with pytest.raises(RefusedError, match="not found" if isinstance(caller, HttpCaller) else "invalid"):
        await caller.user("ada", ORDERS)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_says_that_it_cannot_answer_without_its_database(settings: Settings, port: int, protocol: str) -> None:
    away = settings.model_dump() | {"database_url": "postgresql://user:hunter2@127.0.0.1:1/users", "grpc_port": port}
    async with (
        running_app(create_app(Settings.model_validate(away))) as client,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        caller: Caller = HttpCaller(client) if protocol == "http" else GrpcCaller(channel)
        with pytest.raises(RefusedError, match="unavailable"):
            await caller.user(str(uuid4()), ORDERS)


async def test_nothing_listens_where_no_port_is_set(settings: Settings, port: int) -> None:
    async with running_app(create_app(settings)), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(RefusedError, match="unavailable"):
            await GrpcCaller(channel).user(str(uuid4()), ORDERS)


async def test_counts_its_answers_by_method_and_code(client: httpx2.AsyncClient, port: int) -> None:
    """A call is counted when it has ended at the server, which may be after the caller has its answer."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(RefusedError):
            await GrpcCaller(channel).user(str(uuid4()), ORDERS)
    sample = 'grpc_calls_total{code="NOT_FOUND",method="/users.v1.UserService/GetUser"} 1.0'

    async def is_counted() -> bool:
        return sample in (await client.get("/metrics")).text

    await eventually(is_counted)
