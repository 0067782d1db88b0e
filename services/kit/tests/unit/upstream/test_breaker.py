import asyncio

import pytest
from fleetkit.upstream.breaker import BreakerPolicy, BreakerState, CircuitBreaker
from fleetkit.upstream.errors import CircuitOpenError, UpstreamUnavailableError

from tests.unit.upstream.clock import ManualClock

POLICY = BreakerPolicy()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    return CircuitBreaker("users", POLICY, clock=clock)


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.watching():
        pass


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(UpstreamUnavailableError, match="broken"), breaker.watching():
        raise UpstreamUnavailableError("broken")


def state_of(breaker: CircuitBreaker) -> BreakerState:
    return breaker.state


def open_it(breaker: CircuitBreaker) -> None:
    for _ in range(POLICY.consecutive_failures):
        fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN


def test_opens_after_failures_in_a_row_however_few_calls_there_are(breaker: CircuitBreaker) -> None:
    for _ in range(POLICY.consecutive_failures - 1):
        fail(breaker)
    assert state_of(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN


@pytest.mark.parametrize("calls_per_second", [1, 2, 10, 100])
def test_opens_within_ten_seconds_where_every_second_call_fails(
    breaker: CircuitBreaker, clock: ManualClock, calls_per_second: int
) -> None:
    for _ in range(20 * calls_per_second):
        succeed(breaker)
        clock.advance(1 / calls_per_second)
    for number in range(10 * calls_per_second):
        (fail if number % 2 else succeed)(breaker)
        if state_of(breaker) is BreakerState.OPEN:
            break
        clock.advance(1 / calls_per_second)
    assert state_of(breaker) is BreakerState.OPEN


def test_stays_closed_while_few_calls_fail(breaker: CircuitBreaker, clock: ManualClock) -> None:
    for number in range(1000):
        (fail if number % 5 == 0 else succeed)(breaker)
        clock.advance(0.05)
    assert state_of(breaker) is BreakerState.CLOSED


def test_forgets_failures_that_are_long_ago(breaker: CircuitBreaker, clock: ManualClock) -> None:
    for _ in range(4):
        fail(breaker)
        succeed(breaker)
    clock.advance(POLICY.window)
    for _ in range(6):
        succeed(breaker)
    fail(breaker)
    fail(breaker)
    assert state_of(breaker) is BreakerState.CLOSED


def test_lets_no_call_through_while_it_is_open(breaker: CircuitBreaker, clock: ManualClock) -> None:
    open_it(breaker)
    clock.advance(POLICY.open_for - 0.1)
    with pytest.raises(CircuitOpenError, match="users"):
        succeed(breaker)


def test_asks_with_a_single_call_whether_the_service_has_healed(breaker: CircuitBreaker, clock: ManualClock) -> None:
    open_it(breaker)
    clock.advance(POLICY.open_for)
    with breaker.watching():
        assert state_of(breaker) is BreakerState.HALF_OPEN
        with pytest.raises(CircuitOpenError):
            succeed(breaker)
    assert state_of(breaker) is BreakerState.CLOSED


def test_waits_again_where_the_call_that_asked_failed(breaker: CircuitBreaker, clock: ManualClock) -> None:
    open_it(breaker)
    clock.advance(POLICY.open_for)
    fail(breaker)
    clock.advance(POLICY.open_for - 0.1)
    with pytest.raises(CircuitOpenError):
        succeed(breaker)
    clock.advance(0.1)
    succeed(breaker)
    assert state_of(breaker) is BreakerState.CLOSED


def test_a_cancelled_call_says_nothing(breaker: CircuitBreaker) -> None:
    for _ in range(100):
        with pytest.raises(asyncio.CancelledError), breaker.watching():
            raise asyncio.CancelledError
    assert state_of(breaker) is BreakerState.CLOSED


def test_asks_again_at_once_where_the_call_that_asked_was_cancelled(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    open_it(breaker)
    clock.advance(POLICY.open_for)
    with pytest.raises(asyncio.CancelledError), breaker.watching():
        raise asyncio.CancelledError
    succeed(breaker)
    assert state_of(breaker) is BreakerState.CLOSED


def test_calls_from_before_it_opened_do_not_decide_later(breaker: CircuitBreaker, clock: ManualClock) -> None:
    late = breaker.watching()
    late.__enter__()
    open_it(breaker)
    clock.advance(POLICY.open_for)
    with breaker.watching():
        late.__exit__(None, None, None)
        assert state_of(breaker) is BreakerState.HALF_OPEN
