import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fleetkit.metrics import new_registry
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.errors import (
    CircuitOpenError,
    TooManyCallsError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from fleetkit.upstream.metrics import UpstreamMetrics
from prometheus_client import CollectorRegistry

from tests.unit.upstream.clock import ManualClock

Send = Callable[[float], Awaitable[str]]


@pytest.fixture
def registry() -> CollectorRegistry:
    return new_registry()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def upstream(registry: CollectorRegistry, clock: ManualClock) -> Upstream:
    return Upstream("users", UpstreamMetrics.of(registry), policy=CallPolicy(deadline=0.3, concurrency=2), clock=clock)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, {"upstream": "users", **labels}) or 0.0


class Server:
    """Counts its calls, and fails as long as it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.broken = True

    async def __call__(self, _left: float) -> str:
        self.calls += 1
        if self.broken:
            raise UpstreamUnavailableError("broken", repeatable=True)
        return "answer"


async def hang(_left: float) -> str:
    await asyncio.Event().wait()
    raise AssertionError


async def answer(_left: float) -> str:
    return "answer"


async def refused(upstream: Upstream, send: Send) -> UpstreamUnavailableError:
    with pytest.raises(UpstreamUnavailableError) as caught:
        await upstream.call(send, idempotent=True)
    return caught.value


async def test_a_slow_call_ends_at_the_deadline_and_counts_as_a_failure(
    upstream: Upstream, registry: CollectorRegistry
) -> None:
    outcomes = [type(await refused(upstream, hang)) for _ in range(6)]
    assert outcomes == [*[UpstreamTimeoutError] * 5, CircuitOpenError]
    assert value(registry, "upstream_breaker_state", state="open") == 1
    assert value(registry, "upstream_calls_total", result="timeout") == 5
    assert value(registry, "upstream_calls_total", result="circuit_open") == 1


async def test_gives_the_client_less_time_than_there_is(upstream: Upstream) -> None:
    given: list[float] = []

    async def note(left: float) -> str:
        given.append(left)
        return "answer"

    await upstream.call(note, idempotent=True)
    assert 0.2 < given[0] < 0.3


async def test_extra_calls_stay_a_tenth_while_the_other_service_is_broken(
    upstream: Upstream, clock: ManualClock, registry: CollectorRegistry
) -> None:
    server = Server()
    calls = 0
    for number in range(400):
        server.broken = number % 3 == 0
        clock.advance(0.05)
        try:
            await upstream.call(server, idempotent=True)
            calls += 1
        except CircuitOpenError:
            pass
        except UpstreamUnavailableError:
            calls += 1
    assert 0 < server.calls - calls <= calls * 0.1
    assert value(registry, "upstream_retries_total") == server.calls - calls


async def test_never_repeats_what_is_not_idempotent(upstream: Upstream) -> None:
    server = Server()
    with pytest.raises(UpstreamUnavailableError):
        await upstream.call(server, idempotent=False)
    assert server.calls == 1


async def test_closes_again_after_the_other_service_has_healed(upstream: Upstream, clock: ManualClock) -> None:
    server = Server()
    for _ in range(5):
        await refused(upstream, server)
    made = server.calls
    server.broken = False
    assert isinstance(await refused(upstream, server), CircuitOpenError)
    assert server.calls == made
    clock.advance(5.0)
    assert await upstream.call(server, idempotent=True) == "answer"
    assert await upstream.call(server, idempotent=True) == "answer"


async def test_one_call_too_many_is_refused_at_once(upstream: Upstream, registry: CollectorRegistry) -> None:
    running = [asyncio.create_task(upstream.call(hang, idempotent=True)) for _ in range(2)]
    await asyncio.sleep(0)
    assert value(registry, "upstream_calls_in_progress") == 2
    assert isinstance(await refused(upstream, answer), TooManyCallsError)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert await upstream.call(answer, idempotent=True) == "answer"
    assert value(registry, "upstream_calls_total", result="abandoned") == 2


async def test_cancelled_calls_do_not_open_the_circuit(upstream: Upstream) -> None:
    for _ in range(50):
        task = asyncio.create_task(upstream.call(hang, idempotent=True))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await upstream.call(answer, idempotent=True) == "answer"


async def test_an_error_of_the_caller_says_nothing_of_the_service(upstream: Upstream) -> None:
    async def stumble(_left: float) -> str:
        raise ZeroDivisionError

    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            await upstream.call(stumble, idempotent=True)
    assert await upstream.call(answer, idempotent=True) == "answer"
