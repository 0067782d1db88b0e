from asyncio import CancelledError
from contextlib import suppress

import pytest
from fleetkit.problems import TooManyRequestsError
from fleetkit.rate_limit import RateLimiter


class WrongError(Exception):
    """What counts."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limiter: RateLimiter, key: str, tries: int = 20) -> int:
    """How many of so many tries succeed."""
    succeeded = 0
    for _ in range(tries):
        try:
            fail(limiter, key)
        except TooManyRequestsError:
            continue
        succeeded += 1
    return succeeded


def fail(limiter: RateLimiter, key: str, error: BaseException | None = None) -> None:
    """An attempt that ends with an error, one that counts unless told."""
    failure = error or WrongError()
    with suppress(type(failure)), limiter.attempt(key, counted=WrongError):
        raise failure


def test_gives_so_many_at_once_and_so_many_a_minute() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock=clock)
    assert taken(limiter, "ada") == 10
    clock.now += 30
    assert taken(limiter, "ada") == 5
    clock.now += 3600
    assert taken(limiter, "ada") == 10


def test_says_when_there_will_be_another() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock=clock)
    taken(limiter, "ada")
    with pytest.raises(TooManyRequestsError) as caught:
        fail(limiter, "ada")
    assert caught.value.headers() == {"Retry-After": "6"}
    clock.now += 6
    assert taken(limiter, "ada") == 1


def test_keys_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(1, clock=Clock())
    assert (taken(limiter, "ada"), taken(limiter, "bob")) == (1, 1)


def test_only_what_ends_wrong_counts() -> None:
    limiter = RateLimiter(2, clock=Clock())
    for _ in range(5):
        with limiter.attempt("ada", counted=WrongError):
            pass
        fail(limiter, "ada", ConnectionError("the database is away"))
        fail(limiter, "ada", CancelledError())
    assert taken(limiter, "ada") == 2


def test_attempts_at_the_same_time_are_limited_too() -> None:
    limiter = RateLimiter(1, clock=Clock())
    with limiter.attempt("ada", counted=WrongError):
        assert taken(limiter, "ada") == 0
    assert taken(limiter, "ada") == 1


def test_forgets_the_key_not_used_for_longest() -> None:
    limiter = RateLimiter(1, max_keys=2, clock=Clock())
    for key in ("ada", "bob", "eve"):
        fail(limiter, key)
    assert (taken(limiter, "eve"), taken(limiter, "bob"), taken(limiter, "ada")) == (0, 0, 1)
