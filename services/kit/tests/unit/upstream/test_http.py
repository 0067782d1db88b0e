import asyncio
from collections.abc import Callable, Coroutine, Sequence

import httpx2
import pytest
from fleetkit.metrics import new_registry
from fleetkit.problems import UnavailableError
from fleetkit.request_id import request_id_scope
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.errors import UpstreamTimeoutError, UpstreamUnavailableError
from fleetkit.upstream.http import ServiceClient
from fleetkit.upstream.metrics import UpstreamMetrics

Handler = Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]


class Service:
    """Another service that answers with what a test gives it, the last answer for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers: Sequence[int | Exception] = answers
        self.requests: list[httpx2.Request] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer)


class Tokens:
    """Credentials whose tokens are numbered."""

    def __init__(self) -> None:
        self.current = 1

    async def token(self) -> str:
        return f"token-{self.current}"

    def discard(self, token: str) -> None:
        assert token == f"token-{self.current}"
        self.current += 1


class Transport(httpx2.MockTransport):
    """Says how often it was closed, as connections of a pool would be."""

    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


def upstream(deadline: float = 2.0) -> Upstream:
    return Upstream("upstream", UpstreamMetrics.of(new_registry()), policy=CallPolicy(deadline=deadline))


def client_of(service: Handler, *, deadline: float = 2.0, credentials: Tokens | None = None) -> ServiceClient:
    transport = httpx2.MockTransport(service)
    return ServiceClient("http://upstream", upstream(deadline), credentials=credentials, transport=transport)


@pytest.mark.parametrize("failure", [502, 503, 504, httpx2.ConnectError("refused"), httpx2.RemoteProtocolError("cut")])
async def test_repeats_an_idempotent_call_once(failure: int | Exception) -> None:
    service = Service(failure, 200)
    async with client_of(service) as client:
        answer = await client.request("GET", "/things")
    assert (answer.status_code, len(service.requests)) == (200, 2)


async def test_never_repeats_a_call_that_may_have_had_an_effect() -> None:
    service = Service(503)
    async with client_of(service) as client:
        with pytest.raises(UpstreamUnavailableError, match="503"):
            await client.request("POST", "/things", json={})
    assert len(service.requests) == 1


async def test_gives_up_after_the_last_attempt() -> None:
    service = Service(httpx2.ConnectError("refused"))
    async with client_of(service) as client:
        with pytest.raises(UpstreamUnavailableError, match="upstream did not answer"):
            await client.request("GET", "/things")
    assert len(service.requests) == 2


@pytest.mark.parametrize("status", [200, 404, 409, 429])
async def test_passes_other_answers_on(status: int) -> None:
    service = Service(status)
    async with client_of(service) as client:
        answer = await client.request("GET", "/things")
    assert (answer.status_code, len(service.requests)) == (status, 1)


@pytest.mark.parametrize("failure", [500, 501, httpx2.ReadTimeout("slow"), httpx2.PoolTimeout("full")])
async def test_does_not_repeat_what_would_end_the_same_way(failure: int | Exception) -> None:
    service = Service(failure)
    async with client_of(service) as client:
        with pytest.raises(UpstreamUnavailableError):
            await client.request("GET", "/things")
    assert len(service.requests) == 1


async def test_keeps_the_deadline_when_nothing_answers() -> None:
    async def hang(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with client_of(hang, deadline=0.1) as client, asyncio.timeout(5):
        with pytest.raises(UpstreamTimeoutError, match="did not answer within"):
            await client.request("GET", "/things")


async def test_forwards_the_request_id() -> None:
    service = Service(200)
    async with client_of(service) as client:
        with request_id_scope("request-3"):
            await client.request("GET", "/things")
    assert service.requests[0].headers["x-request-id"] == "request-3"


async def test_shows_its_credentials() -> None:
    service = Service(200)
    async with client_of(service, credentials=Tokens()) as client:
        await client.request("GET", "/things")
    assert [request.headers["authorization"] for request in service.requests] == ["Bearer token-1"]


async def test_gets_another_token_once_where_one_is_refused() -> None:
    seen: list[str] = []

    async def refuse_all(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        return httpx2.Response(401)

    async with client_of(refuse_all, credentials=Tokens()) as client:
        answer = await client.request("GET", "/things")
    assert (answer.status_code, seen) == (401, ["Bearer token-1", "Bearer token-2"])


async def test_replaces_a_pool_that_has_lost_its_connections() -> None:
    service = Service(httpx2.PoolTimeout("full"), httpx2.PoolTimeout("full"), httpx2.PoolTimeout("full"), 200)
    transport = Transport(service)
    async with ServiceClient("http://upstream", upstream(), transport=transport) as client:
        for _ in range(3):
            assert transport.closed == 0
            with pytest.raises(UpstreamUnavailableError, match="no connection was free"):
                await client.request("GET", "/things")
        assert transport.closed == 1
        assert (await client.request("GET", "/things")).status_code == 200


async def test_counts_a_call_without_a_token_against_the_service_that_gives_none() -> None:
    class NoTokens(Tokens):
        async def token(self) -> str:
            raise UnavailableError("none at present")

    service = Service(200)
    async with client_of(service, credentials=NoTokens()) as client:
        with pytest.raises(UpstreamUnavailableError, match="without a token"):
            await client.request("GET", "/things")
    assert service.requests == []
