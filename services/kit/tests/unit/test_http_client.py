import asyncio
from collections.abc import Callable, Coroutine, Sequence

import httpx2
import pytest
from fleetkit.http_client import ServiceClient, UpstreamUnavailableError
from fleetkit.request_id import request_id_scope

Handler = Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]


class Upstream:
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


def client_of(upstream: Handler, *, deadline: float = 2.0) -> ServiceClient:
    return ServiceClient("http://upstream", deadline=deadline, transport=httpx2.MockTransport(upstream))


@pytest.mark.parametrize("failure", [502, 503, 504, httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")])
async def test_repeats_an_idempotent_call_once(failure: int | Exception) -> None:
    upstream = Upstream(failure, 200)
    async with client_of(upstream) as client:
        answer = await client.request("GET", "/things")
    assert (answer.status_code, len(upstream.requests)) == (200, 2)


async def test_never_repeats_a_call_that_may_have_had_an_effect() -> None:
    upstream = Upstream(503)
    async with client_of(upstream) as client:
        with pytest.raises(UpstreamUnavailableError, match="503"):
            await client.request("POST", "/things", json={})
    assert len(upstream.requests) == 1


async def test_gives_up_after_the_last_attempt() -> None:
    upstream = Upstream(httpx2.ConnectError("refused"))
    async with client_of(upstream) as client:
        with pytest.raises(UpstreamUnavailableError, match="upstream did not answer"):
            await client.request("GET", "/things")
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("status", [200, 404, 409, 500])
async def test_passes_other_answers_on(status: int) -> None:
    upstream = Upstream(status)
    async with client_of(upstream) as client:
        answer = await client.request("GET", "/things")
    assert (answer.status_code, len(upstream.requests)) == (status, 1)


async def test_keeps_the_deadline_when_nothing_answers() -> None:
    async def hang(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with client_of(hang, deadline=0.1) as client, asyncio.timeout(5):
        with pytest.raises(UpstreamUnavailableError):
            await client.request("GET", "/things")


async def test_forwards_the_request_id() -> None:
    upstream = Upstream(200)
    async with client_of(upstream) as client:
        with request_id_scope("request-3"):
            await client.request("GET", "/things")
    assert upstream.requests[0].headers["x-request-id"] == "request-3"
