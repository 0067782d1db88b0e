import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import httpx2
import pytest
from fleetkit.auth.client_credentials import FETCH_PAUSE_SECONDS, ServiceTokenSource, TokenUnavailableError
from fleetkit.testing import eventually
from pydantic import SecretStr


class Issuer:
    """Gives tokens that are good for an hour, numbered, and counts how often it is asked."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.failure: httpx2.Response | Exception | None = None
        self.released = asyncio.Event()
        self.released.set()

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        number = len(self.requests)
        await self.released.wait()
        if isinstance(self.failure, Exception):
            raise self.failure
        body = {"access_token": f"token-{number}", "token_type": "bearer", "expires_in": 3600}
        return self.failure or httpx2.Response(200, json=body)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def source(issuer: Issuer, clock: Clock) -> AsyncIterator[ServiceTokenSource]:
    async with ServiceTokenSource(
        "http://users",
        client_id="orders",
        client_secret=SecretStr("hunter2"),
        transport=httpx2.MockTransport(issuer),
        clock=clock,
    ) as source:
        yield source


async def test_asks_by_the_client_credentials_grant(source: ServiceTokenSource, issuer: Issuer) -> None:
    assert await source.token() == "token-1"
    (request,) = issuer.requests
    assert (request.method, request.url.path) == ("POST", "/auth/token")
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}
    assert request.headers["authorization"] == httpx2.BasicAuth("orders", "hunter2")._auth_header


async def test_one_request_serves_all_who_wait_and_all_who_come_after(
    source: ServiceTokenSource, issuer: Issuer
) -> None:
    issuer.released.clear()
    waiting = [asyncio.create_task(source.token()) for _ in range(20)]

    async def is_asked() -> bool:
        return bool(issuer.requests)

    await eventually(is_asked)
    waiting.pop().cancel()
    issuer.released.set()
    assert {*await asyncio.gather(*waiting), await source.token()} == {"token-1"}
    assert len(issuer.requests) == 1


async def test_renews_in_the_background_before_the_end(
    source: ServiceTokenSource, issuer: Issuer, clock: Clock
) -> None:
    await source.token()
    clock.now += 3600 - 30
    assert await source.token() == "token-1"

    async def is_renewed() -> bool:
        return await source.token() == "token-2"

    await eventually(is_renewed)
    assert len(issuer.requests) == 2


async def test_a_token_stays_in_use_while_renewing_fails_and_not_longer_than_it_is_good(
    source: ServiceTokenSource, issuer: Issuer, clock: Clock
) -> None:
    await source.token()
    issuer.failure = httpx2.ConnectError("refused")
    clock.now += 3600 - 30
    assert await source.token() == "token-1"
    clock.now += 29
    with pytest.raises(TokenUnavailableError):
        await source.token()


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.Response(401, json={"code": "invalid_client"}),
        httpx2.Response(503),
        httpx2.Response(200, content=b"<html>"),
        httpx2.Response(200, json={"access_token": "", "token_type": "bearer", "expires_in": 1}),
    ],
)
async def test_after_a_failure_waits_a_second_and_tells_at_once_meanwhile(
    source: ServiceTokenSource, issuer: Issuer, clock: Clock, failure: httpx2.Response | Exception
) -> None:
    issuer.failure = failure
    for _ in range(5):
        with pytest.raises(TokenUnavailableError) as caught:
            await source.token()
        assert "hunter2" not in repr(caught.value)
    assert len(issuer.requests) == 1
    issuer.failure = None
    clock.now += FETCH_PAUSE_SECONDS
    assert await source.token() == "token-2"


async def test_a_refused_token_is_replaced(source: ServiceTokenSource, clock: Clock) -> None:
    token = await source.token()
    source.discard("another")
    assert await source.token() == token
    clock.now += FETCH_PAUSE_SECONDS
    source.discard(token)
    assert await source.token() == "token-2"


async def test_never_shows_the_secret_or_a_token_in_its_representation(source: ServiceTokenSource) -> None:
    token = await source.token()
    assert "hunter2" not in repr(vars(source))
    assert token not in repr(vars(source))
