"""A server and clients of it on real sockets, with a service that has no generated code: bytes in, bytes out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import grpc.aio
import pytest
from fleetkit.auth.keys import SharedSecret
from fleetkit.auth.principal import ADMIN, SERVICE, Principal, current_subject
from fleetkit.auth.settings import TokenSettings
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.grpc.calls import Context, GrpcMetrics, InvalidArgumentError
from fleetkit.grpc.server import GrpcService, running_server
from fleetkit.health import NotReadyError
from fleetkit.metrics import new_registry
from fleetkit.problems import ConflictError, ForbiddenError, NotFoundError, UnavailableError
from fleetkit.request_id import current_request_id, request_id_scope
from fleetkit.testing import eventually
from fleetkit.testing.tokens import JWT_KEY, make_token
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.errors import UpstreamTimeoutError, UpstreamUnavailableError
from fleetkit.upstream.grpc import CallRefusedError, GrpcServiceClient
from fleetkit.upstream.metrics import UpstreamMetrics
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from pydantic import SecretStr

NAME = "things.v1.Things"
METHOD = f"/{NAME}/Get"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
SERVICE_TOKEN = make_token(Principal.of_service("orders"))
Answer = Callable[[bytes], Awaitable[bytes]]


async def echo(request: bytes) -> bytes:
    return request


@dataclass
class Things:
    """A service that does what a test tells it."""

    answer: Answer = echo
    problem: str | None = None
    error: Exception | None = None

    def service(self) -> GrpcService:
        async def get(request: bytes, _context: Context) -> bytes:
            return await self.answer(request)

        async def watch(request: bytes, _context: Context) -> AsyncIterator[bytes]:
            yield await self.answer(request)

        methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "Get": grpc.unary_unary_rpc_method_handler(get),
            "Watch": grpc.unary_stream_rpc_method_handler(watch),
        }
        handlers = grpc.method_handlers_generic_handler(NAME, methods)
        return GrpcService(NAME, lambda server: server.add_generic_rpc_handlers((handlers,)))

    async def check(self) -> None:
        if self.error:
            raise self.error
        if self.problem:
            raise NotReadyError(self.problem)

    @asynccontextmanager
    async def running(self, port: int = 0, *, reflection: bool = False) -> AsyncIterator[int]:
        settings = TokenSettings(jwt_secret=SecretStr(JWT_KEY))
        async with running_server(
            port,
            [self.service()],
            verifier=TokenVerifier(SharedSecret(SecretStr(JWT_KEY)), settings),
            roles=(SERVICE, ADMIN),
            readiness=[self.check],
            metrics=GrpcMetrics(new_registry()),
            reflection=reflection,
        ) as bound:
            yield bound


class Tokens:
    """Credentials that show what a test gives them, one after the other."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    async def token(self) -> str:
        return self._tokens[0]

    def discard(self, token: str) -> None:
        assert self._tokens.pop(0) == token


class ThingsClient(GrpcServiceClient):
    async def get(self, request: bytes) -> bytes:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(METHOD)
        return await self.invoke(method, request, idempotent=True)


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
async def port(things: Things) -> AsyncIterator[int]:
    async with things.running() as port:
        yield port


def client_of(port: int, *tokens: str, deadline: float = 2.0) -> ThingsClient:
    upstream = Upstream("things", UpstreamMetrics.of(new_registry()), policy=CallPolicy(deadline=deadline))
    return ThingsClient(f"127.0.0.1:{port}", upstream, credentials=Tokens(*(tokens or (SERVICE_TOKEN,))))


async def code_of(call: Awaitable[object]) -> grpc.StatusCode:
    with pytest.raises(CallRefusedError) as caught:
        await call
    return caught.value.code


async def test_answers_a_service_and_knows_who_asks(things: Things, port: int) -> None:
    async def say_who(_request: bytes) -> bytes:
        return f"{current_subject()} {current_request_id()}".encode()

    things.answer = say_who
    async with client_of(port) as client:
        with request_id_scope("request-7"):
            assert await client.get(b"") == b"service:orders request-7"


async def test_a_call_without_a_token_is_refused(port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await method(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_stream_is_not_given_to_who_does_not_say_who_asks(port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(f"/{NAME}/Watch")
        assert await method(b"", timeout=5).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_token_that_is_not_to_be_believed_is_refused(port: int) -> None:
    async with client_of(port, "made up", "made up again") as client:
        assert await code_of(client.get(b"")) is grpc.StatusCode.UNAUTHENTICATED


async def test_others_are_refused(port: int) -> None:
    member = make_token(Principal("00000000-0000-0000-0000-000000000001", frozenset({"member"})))
    async with client_of(port, member) as client:
        assert await code_of(client.get(b"")) is grpc.StatusCode.PERMISSION_DENIED


async def test_a_client_gets_another_token_once_where_one_is_refused(port: int) -> None:
    async with client_of(port, "old", SERVICE_TOKEN) as client:
        assert await client.get(b"same") == b"same"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("no such thing"), grpc.StatusCode.NOT_FOUND),
        (ForbiddenError("not yours"), grpc.StatusCode.PERMISSION_DENIED),
        (ConflictError("taken"), grpc.StatusCode.ABORTED),
        (InvalidArgumentError("no id"), grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_an_error_of_the_caller_is_told_by_its_code(
    things: Things, port: int, error: Exception, code: grpc.StatusCode
) -> None:
    async def refuse(_request: bytes) -> bytes:
        raise error

    things.answer = refuse
    async with client_of(port) as client:
        with pytest.raises(CallRefusedError, match=str(error)) as caught:
            await client.get(b"")
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("error", "reason", "calls"),
    [(UnavailableError("database away"), "UNAVAILABLE", 2), (RuntimeError("password=hunter2"), "INTERNAL", 1)],
)
async def test_a_failure_counts_against_the_service(
    things: Things, port: int, error: Exception, reason: str, calls: int
) -> None:
    seen = 0

    async def fail(_request: bytes) -> bytes:
        nonlocal seen
        seen += 1
        raise error

    things.answer = fail
    async with client_of(port) as client:
        with pytest.raises(UpstreamUnavailableError, match=reason) as caught:
            await client.get(b"")
    assert seen == calls
    assert "hunter2" not in str(caught.value.__cause__)


async def test_work_ends_when_its_deadline_has_passed(things: Things, port: int) -> None:
    ended = asyncio.Event()

    async def hang(_request: bytes) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    things.answer = hang
    async with client_of(port, deadline=0.2) as client, asyncio.timeout(5):
        with pytest.raises(UpstreamTimeoutError):
            await client.get(b"")
        await ended.wait()


@asynccontextmanager
async def asking_for_health(port: int) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse] = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )

        async def is_serving() -> bool:
            return (await check(HealthCheckRequest(service=NAME), timeout=5)).status == HealthCheckResponse.SERVING

        yield is_serving


async def test_its_health_is_the_readiness_of_the_service(things: Things) -> None:
    things.problem = "no database"
    async with things.running() as port, asking_for_health(port) as is_serving:
        assert not await is_serving()
        things.problem = None
        await eventually(is_serving)


async def test_its_health_does_not_stand_still_where_a_check_fails_unexpectedly(things: Things) -> None:
    async with things.running() as port, asking_for_health(port) as is_serving:

        async def is_not_serving() -> bool:
            return not await is_serving()

        await eventually(is_serving)
        things.error = RuntimeError("permission denied")
        await eventually(is_not_serving)
        things.error = None
        await eventually(is_serving)


async def test_what_runs_at_the_end_may_finish(things: Things) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def work(request: bytes) -> bytes:
        begun.set()
        await finish.wait()
        return request

    things.answer = work
    async with things.running() as port:
        client = client_of(port)
        call = asyncio.create_task(client.get(b"done"))
        await begun.wait()
        asyncio.get_running_loop().call_later(0.1, finish.set)
    assert await call == b"done"
    async with client:
        with pytest.raises(UpstreamUnavailableError):
            await client.get(b"too late")


async def test_is_found_again_soon_after_it_came_back(things: Things) -> None:
    async with things.running() as port:
        client = client_of(port)
        assert await client.get(b"here") == b"here"
    async with client:
        for _ in range(3):
            with pytest.raises(UpstreamUnavailableError):
                await client.get(b"gone")

        async def answers() -> bool:
            try:
                return await client.get(b"back") == b"back"
            except UpstreamUnavailableError:
                return False

        async with things.running(port):
            await eventually(answers, within=15)


@pytest.mark.parametrize("reflection", [True, False])
async def test_tells_of_its_api_only_where_asked_for(things: Things, reflection: bool) -> None:  # noqa: FBT001
    async with (
        things.running(reflection=reflection) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(REFLECTION)
        call = method(timeout=5)
        await call.done_writing()
        code = await call.code()
    assert code is (grpc.StatusCode.OK if reflection else grpc.StatusCode.UNIMPLEMENTED)
