"""What surrounds each call to another service, whatever the protocol."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import stamina

from fleetkit.upstream.breaker import BreakerPolicy, CircuitBreaker
from fleetkit.upstream.budget import RetryBudget
from fleetkit.upstream.errors import TooManyCallsError, UpstreamTimeoutError, UpstreamUnavailableError
from fleetkit.upstream.metrics import UpstreamMetrics
from fleetkit.upstream.window import Clock

Answer = TypeVar("Answer")
Send = Callable[[float], Awaitable[Answer]]
_FIRST_PAUSE_SECONDS = 0.02
_MAX_PAUSE_SECONDS = 0.2
# The protocol's own timeouts come first: cutting a client off from outside costs its connection.
_SHARE_FOR_CLIENT = 0.9
_DEFAULT_BREAKER = BreakerPolicy()


@dataclass(frozen=True)
class CallPolicy:
    """The limits of calls to one service.

    Attributes:
        deadline: seconds for one call with all its repeats. Whoever calls has to answer too, so it stays below
            the time within which that answer is due.
        retries: how often an idempotent call is repeated at most, where the budget grants it.
        concurrency: how many calls are under way at once; one more is refused at once rather than kept waiting,
            so that a slow service cannot take all that its caller has.
    """

    deadline: float = 0.5
    retries: int = 1
    concurrency: int = 50


_DEFAULT_CALLS = CallPolicy()


class Upstream:
    """Another service, as far as calling it goes: one for each, shared by all that call it.

    Args:
        name: the service, for logs, errors and metrics.
        metrics: where its calls are counted.
        policy: the limits of a call.
        breaker: when it is left alone.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        metrics: UpstreamMetrics,
        *,
        policy: CallPolicy = _DEFAULT_CALLS,
        breaker: BreakerPolicy = _DEFAULT_BREAKER,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self.policy = policy
        self.metrics = metrics
        self._breaker = CircuitBreaker(name, breaker, clock=clock)
        self._budget = RetryBudget(clock=clock)
        self._running = 0
        self._in_progress = metrics.running.labels(name)
        self._seconds = metrics.seconds.labels(name)
        self._repeated = metrics.repeats.labels(name)
        metrics.watch(name, self._breaker, self._budget)

    async def call(self, send: Send[Answer], *, idempotent: bool) -> Answer:
        """Calls the service.

        Args:
            send: makes the call, given the seconds that are left for it. It raises `UpstreamUnavailableError`
                where the service failed; any other exception says nothing of the service.
            idempotent: whether making the call twice does what making it once does.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline, or the service was not called at all.
        """
        with self._counted(), self._place():
            ends_at = asyncio.get_running_loop().time() + self.policy.deadline
            async for attempt in stamina.retry_context(
                on=self._repeats(ends_at, self.policy.retries if idempotent else 0),
                attempts=None,
                timeout=None,
                wait_initial=_FIRST_PAUSE_SECONDS,
                wait_max=_MAX_PAUSE_SECONDS,
                wait_jitter=_FIRST_PAUSE_SECONDS,
            ):
                with attempt:
                    return await self._attempt(send, ends_at, number=attempt.num)
        raise AssertionError  # the retry loop either returns or raises

    async def _attempt(self, send: Send[Answer], ends_at: float, *, number: int) -> Answer:
        with self._breaker.watching():
            if number == 1:
                self._budget.deposit()
            else:
                self._repeated.inc()
            try:
                async with asyncio.timeout_at(ends_at):
                    return await send((ends_at - asyncio.get_running_loop().time()) * _SHARE_FOR_CLIENT)
            except TimeoutError as error:
                raise UpstreamTimeoutError(f"{self.name} did not answer within {self.policy.deadline:g} s") from error

    def _repeats(self, ends_at: float, retries: int) -> Callable[[Exception], bool]:
        """Decides after each failure of one call whether it is repeated."""
        left = retries

        def may_repeat(error: Exception) -> bool:
            nonlocal left
            left -= 1
            repeatable = isinstance(error, UpstreamUnavailableError) and error.repeatable
            in_time = asyncio.get_running_loop().time() + _MAX_PAUSE_SECONDS < ends_at
            return left >= 0 and repeatable and in_time and self._budget.withdraw()

        return may_repeat

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._running >= self.policy.concurrency:
            raise TooManyCallsError(f"{self._running} calls of {self.name} are under way")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @contextmanager
    def _counted(self) -> Iterator[None]:
        began = time.perf_counter()
        result = "abandoned"
        self._in_progress.inc()
        try:
            yield
            result = "answered"
        except UpstreamUnavailableError as error:
            result = error.result
            raise
        finally:
            self._in_progress.dec()
            self.metrics.calls.labels(self.name, result).inc()
            self._seconds.observe(time.perf_counter() - began)
