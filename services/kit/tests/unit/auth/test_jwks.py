import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fleetkit.auth.jwks import FETCH_PAUSE_SECONDS, FIRST_FETCH_PAUSE_SECONDS, MAX_AGE_SECONDS, RemoteKeys
from fleetkit.auth.keys import json_web_key, key_id
from fleetkit.auth.settings import TokenSettings
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.problems import UnauthorizedError, UnavailableError
from fleetkit.testing import eventually

from .forgery import KID, OTHER_KEY, SIGNING_KEY, claims, eddsa_token

OWN = json_web_key(SIGNING_KEY.public_key())
OTHER = json_web_key(OTHER_KEY.public_key())
OTHER_TOKEN_HEADER = {"alg": "EdDSA", "kid": key_id(OTHER_KEY.public_key())}


class Signer:
    """Shows keys that a test sets, and counts how often it is asked."""

    def __init__(self) -> None:
        self.answer: httpx2.Response | Exception = self.showing(OWN)
        self.asked = 0
        self.released = asyncio.Event()
        self.released.set()

    @staticmethod
    def showing(*keys: dict[str, Any]) -> httpx2.Response:
        return httpx2.Response(200, json={"keys": keys})

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("GET", "/.well-known/jwks.json")
        self.asked += 1
        await self.released.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx2.Response(self.answer.status_code, content=self.answer.content)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def verifier(signer: Signer, clock: Clock) -> AsyncIterator[TokenVerifier]:
    keys = RemoteKeys("http://users/.well-known/jwks.json", transport=httpx2.MockTransport(signer), clock=clock)
    async with TokenVerifier(keys, TokenSettings(jwt_algorithm="EdDSA")) as verifier:
        yield verifier


async def test_fetches_keys_once_for_all_who_need_them_first(verifier: TokenVerifier, signer: Signer) -> None:
    signer.released.clear()
    waiting = [asyncio.create_task(verifier.verify(eddsa_token(claims()))) for _ in range(20)]

    async def is_asked() -> bool:
        return signer.asked > 0

    await eventually(is_asked)
    signer.released.set()
    assert {principal.roles for principal in await asyncio.gather(*waiting)} == {frozenset({"member"})}
    assert signer.asked == 1


async def test_unknown_keys_cause_one_fetch_in_thirty_seconds(
    verifier: TokenVerifier, signer: Signer, clock: Clock
) -> None:
    await verifier.verify(eddsa_token(claims()))
    for second in range(120):
        clock.now += 1
        for number in range(10):
            with pytest.raises(UnauthorizedError):
                await verifier.verify(eddsa_token(claims(), {"alg": "EdDSA", "kid": f"{second}-{number}"}))
    assert signer.asked == 1 + 120 // int(FETCH_PAUSE_SECONDS)


async def test_tokens_of_another_algorithm_cause_no_fetch(verifier: TokenVerifier, signer: Signer) -> None:
    with pytest.raises(UnauthorizedError):
        await verifier.verify(eddsa_token(claims(), {"alg": "HS256", "kid": "unknown"}))
    assert signer.asked == 0


async def test_learns_a_new_key(verifier: TokenVerifier, signer: Signer, clock: Clock) -> None:
    await verifier.verify(eddsa_token(claims()))
    signer.answer = signer.showing(OTHER, OWN)
    clock.now += FETCH_PAUSE_SECONDS
    for token in (eddsa_token(claims(), OTHER_TOKEN_HEADER, OTHER_KEY.sign), eddsa_token(claims())):
        assert (await verifier.verify(token)).roles == {"member"}


async def test_a_key_that_was_taken_back_is_refused_after_five_minutes(
    verifier: TokenVerifier, signer: Signer, clock: Clock
) -> None:
    await verifier.verify(eddsa_token(claims()))
    signer.answer = signer.showing(OTHER)
    clock.now += MAX_AGE_SECONDS + 1

    async def is_refused() -> bool:
        try:
            await verifier.verify(eddsa_token(claims()))
        except UnauthorizedError:
            return True
        return False

    assert not await is_refused()
    await eventually(is_refused)


@pytest.mark.parametrize(
    "failure", [httpx2.ConnectError("refused"), httpx2.Response(500), httpx2.Response(200, content=b"<html>")]
)
async def test_known_keys_stay_in_use_while_the_signer_is_away(
    verifier: TokenVerifier, signer: Signer, clock: Clock, failure: httpx2.Response | Exception
) -> None:
    await verifier.verify(eddsa_token(claims()))
    signer.answer = failure
    for _ in range(3):
        clock.now += MAX_AGE_SECONDS + 1
        assert (await verifier.verify(eddsa_token(claims()))).roles == {"member"}
        with pytest.raises(UnauthorizedError):
            await verifier.verify(eddsa_token(claims(), {"alg": "EdDSA", "kid": "unknown"}))


async def test_says_that_it_cannot_verify_yet_and_tries_again_a_second_later(
    verifier: TokenVerifier, signer: Signer, clock: Clock
) -> None:
    signer.answer = httpx2.ConnectError("refused")
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await verifier.verify(eddsa_token(claims()))
    assert signer.asked == 1
    signer.answer = signer.showing(OWN)
    clock.now += FIRST_FETCH_PAUSE_SECONDS
    assert (await verifier.verify(eddsa_token(claims()))).roles == {"member"}


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": KID},
        {"kty": "oct", "k": "c2VjcmV0", "kid": KID, "alg": "HS256"},
        {**OWN, "crv": "Ed448"},
        {**OWN, "use": "enc"},
        {**OWN, "x": "short"},
        {**OWN, "kid": None},
        {**OWN, "alg": "none"},
        {},
    ],
)
async def test_leaves_keys_of_other_kinds_out(verifier: TokenVerifier, signer: Signer, other: dict[str, Any]) -> None:
    signer.answer = signer.showing(other, OTHER)
    with pytest.raises(UnauthorizedError):
        await verifier.verify(eddsa_token(claims()))
    assert (await verifier.verify(eddsa_token(claims(), OTHER_TOKEN_HEADER, OTHER_KEY.sign))).roles == {"member"}
