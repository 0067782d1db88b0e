"""The port to users over both protocols, against a users service made up here: same answers, same failures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID, uuid4

import grpc
import grpc.aio
import pytest
from app.clients.generated.users.v1 import users_pb2, users_pb2_grpc
from app.clients.users import connected_users
from app.clients.users_grpc import GrpcUserClient
from app.clients.users_http import HttpUserClient
from app.config import Settings
from app.models.user import UserSummary
from app.services.user_directory import UserSource
from fleetkit.grpc.calls import Context
from fleetkit.metrics import new_registry
from fleetkit.testing import eventually
from fleetkit.testing.http_server import Answer, LoopbackService
from fleetkit.upstream.breaker import BreakerPolicy
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.errors import CircuitOpenError, UpstreamTimeoutError, UpstreamUnavailableError
from fleetkit.upstream.metrics import UpstreamMetrics

ADA = UserSummary(uuid4(), "ada@example.com", "Ada", "member")
BOB = UserSummary(uuid4(), "bob@example.com", "Bob", "admin")
KNOWN = {user.id: user for user in (ADA, BOB)}
HTTP_STATUS = {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.INTERNAL: 500, grpc.StatusCode.PERMISSION_DENIED: 403}


class Behaviour:
    """How the made up service behaves, and what it saw."""

    def __init__(self) -> None:
        self.failure: grpc.StatusCode | None = None
        self.calls = 0
        self.rubbish = False

    def summary(self, user: UserSummary) -> dict[str, str]:
        return {
            "id": "rubbish" if self.rubbish else str(user.id),
            "email": user.email,
            "name": user.name,
            "role": user.role,
        }


class Users(Protocol):
    """A made up users service and a client of it."""

    behaviour: Behaviour
    source: UserSource

    async def be_slow(self) -> None: ...

    async def stop(self) -> None: ...

    async def start(self) -> None: ...


class Tokens:
    """Credentials that are always good."""

    async def token(self) -> str:
        return "of-orders"

    def discard(self, token: str) -> None:
        raise AssertionError(token)


class HttpUsers:
    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.service = LoopbackService(self._answer)
        self.source: UserSource

    def _answer(self, _method: str, target: str) -> Answer:
        self.behaviour.calls += 1
        if self.behaviour.failure:
            return HTTP_STATUS[self.behaviour.failure], None
        users = [user for user in KNOWN.values() if str(user.id) in target]
        if target.startswith("/users?"):
            return 200, {"items": [self.behaviour.summary(user) for user in users]}
        return (200, self.behaviour.summary(users[0])) if users else (404, None)

    async def be_slow(self) -> None:
        self.service.delay = 10.0

    async def stop(self) -> None:
        await self.service.stop()

    async def start(self) -> None:
        await self.service.start()

    @asynccontextmanager
    async def running(self, upstream: Upstream) -> AsyncIterator["HttpUsers"]:
        async with self.service, HttpUserClient(self.service.url, upstream, credentials=Tokens()) as self.source:
            yield self


class GrpcUsers(users_pb2_grpc.UserServiceServicer):
    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.source: UserSource
        self._delay = 0.0
        self._port = 0
        self._server: grpc.aio.Server

    async def GetUser(  # noqa: N802 - the contract's name
        self, request: users_pb2.GetUserRequest, context: Context
    ) -> users_pb2.GetUserResponse:
        await self._behave(context)
        user = KNOWN.get(UUID(request.user_id))
        if user is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
        return users_pb2.GetUserResponse(user=self._message(user))

    async def BatchGetUsers(  # noqa: N802 - the contract's name
        self, request: users_pb2.BatchGetUsersRequest, context: Context
    ) -> users_pb2.BatchGetUsersResponse:
        await self._behave(context)
        found = [KNOWN[UUID(user_id)] for user_id in request.user_ids if UUID(user_id) in KNOWN]
        return users_pb2.BatchGetUsersResponse(users=map(self._message, found))

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def _behave(self, context: Context) -> None:
        self.behaviour.calls += 1
        await asyncio.sleep(self._delay)
        if self.behaviour.failure:
            await context.abort(self.behaviour.failure, "as told")

    def _message(self, user: UserSummary) -> users_pb2.User:
        return users_pb2.User(**self.behaviour.summary(user))

    async def be_slow(self) -> None:
        self._delay = 10.0

    async def stop(self) -> None:
        await self._server.stop(0)

    async def start(self) -> None:
        self._server = grpc.aio.server()
        users_pb2_grpc.add_UserServiceServicer_to_server(self, self._server)
        self._port = self._server.add_insecure_port(self.target)
        await self._server.start()

    @asynccontextmanager
    async def running(self, upstream: Upstream) -> AsyncIterator["GrpcUsers"]:
        await self.start()
        try:
            async with GrpcUserClient(self.target, upstream, credentials=Tokens()) as self.source:
                yield self
        finally:
            await self.stop()


@pytest.fixture(params=[HttpUsers, GrpcUsers])
async def users(request: pytest.FixtureRequest) -> AsyncIterator[Users]:
    policy = CallPolicy(deadline=0.5)
    breaker = BreakerPolicy(open_for=0.5)
    upstream = Upstream("users", UpstreamMetrics.of(new_registry()), policy=policy, breaker=breaker)
    async with request.param().running(upstream) as users:
        yield users


async def refused(call: Awaitable[object]) -> UpstreamUnavailableError:
    with pytest.raises(UpstreamUnavailableError) as caught:
        await call
    return caught.value


def unknown(count: int) -> Sequence[UUID]:
    return [uuid4() for _ in range(count)]


async def test_finds_a_user(users: Users) -> None:
    assert await users.source.get_user(ADA.id) == ADA


async def test_knows_that_there_is_none(users: Users) -> None:
    assert await users.source.get_user(uuid4()) is None


async def test_finds_those_of_many_that_exist_in_one_call(users: Users) -> None:
    asked = [ADA.id, *unknown(97), BOB.id]
    assert await users.source.get_users(asked) == {ADA.id: ADA, BOB.id: BOB}
    assert users.behaviour.calls == 1


async def test_asks_once_more_where_users_is_away_for_a_moment(users: Users) -> None:
    users.behaviour.failure = grpc.StatusCode.UNAVAILABLE
    await refused(users.source.get_user(ADA.id))
    assert users.behaviour.calls == 2


@pytest.mark.parametrize("failure", [grpc.StatusCode.INTERNAL, grpc.StatusCode.PERMISSION_DENIED])
async def test_asks_once_where_users_would_say_the_same_again(users: Users, failure: grpc.StatusCode) -> None:
    users.behaviour.failure = failure
    await refused(users.source.get_users([ADA.id]))
    assert users.behaviour.calls == 1


async def test_what_is_no_user_is_no_answer(users: Users) -> None:
    users.behaviour.rubbish = True
    await refused(users.source.get_user(ADA.id))
    await refused(users.source.get_users([ADA.id]))


async def test_waits_no_longer_than_its_deadline_and_then_leaves_users_alone(users: Users) -> None:
    await users.be_slow()
    outcomes = [type(await refused(users.source.get_user(ADA.id))) for _ in range(6)]
    assert outcomes == [*[UpstreamTimeoutError] * 5, CircuitOpenError]


async def test_finds_users_again_after_it_came_back(users: Users) -> None:
    assert await users.source.get_user(ADA.id) == ADA
    await users.stop()
    await refused(users.source.get_user(ADA.id))
    await users.start()

    async def is_found() -> bool:
        try:
            return await users.source.get_user(ADA.id) == ADA
        except UpstreamUnavailableError:
            return False

    await eventually(is_found, within=15)


async def test_the_settings_choose_the_protocol(settings: Settings) -> None:
    upstream = Upstream("users", UpstreamMetrics.of(new_registry()))
    tokens = LoopbackService(lambda *_: (200, {"access_token": "t", "token_type": "bearer", "expires_in": 60}))
    over_grpc = GrpcUsers()
    async with tokens, over_grpc.running(upstream):
        change = {"users_protocol": "grpc", "user_service_grpc": over_grpc.target, "user_service_url": tokens.url}
        chosen = Settings.model_validate(settings.model_dump() | change)
        async with connected_users(chosen, upstream, transport=None) as source:
            assert await source.get_user(ADA.id) == ADA
    assert tokens.requests == [("POST", "/auth/token")]
