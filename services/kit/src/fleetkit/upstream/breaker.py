"""A circuit breaker: leaves a service alone that fails, and asks now and then whether it has healed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import structlog

from fleetkit.upstream.errors import CircuitOpenError, UpstreamUnavailableError
from fleetkit.upstream.window import Clock, RecentCount

log = structlog.get_logger(__name__)


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class BreakerPolicy:
    """When a breaker opens and closes. Times are in seconds.

    Attributes:
        window: how long a call counts. Where all went well before, half of the calls has to fail for as long.
        failure_ratio: the share of failures within the window that opens it.
        minimum_calls: how many calls the window must hold for the share to mean anything.
        consecutive_failures: how many failures in a row open it, however few calls there are.
        open_for: how long nothing is called before one call finds out whether the service has healed.
    """

    window: int = 8
    failure_ratio: float = 0.5
    minimum_calls: int = 8
    consecutive_failures: int = 5
    open_for: float = 5.0


class CircuitBreaker:
    """Guards the calls to one service.

    Args:
        name: the service, for logs and errors.
        policy: when it opens and closes.
        clock: seconds that never go back.
    """

    def __init__(self, name: str, policy: BreakerPolicy, *, clock: Clock = time.monotonic) -> None:
        self._name = name
        self._policy = policy
        self._clock = clock
        self._calls = RecentCount(policy.window, clock)
        self._failures = RecentCount(policy.window, clock)
        self._in_a_row = 0
        self._probe_at = 0.0
        self._state = BreakerState.CLOSED
        self._generation = 0

    @property
    def state(self) -> BreakerState:
        """Where it stands. An open one becomes half open with the first call after its pause."""
        return self._state

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Lets a call through and learns from how it ends.

        `UpstreamUnavailableError` is a failure and no exception a success. Any other exception, a cancellation
        above all, says nothing of the service.

        Raises:
            CircuitOpenError: no call is let through now.
        """
        generation = self._admit()
        try:
            yield
        except UpstreamUnavailableError:
            self._learn(generation, self._failed)
            raise
        except BaseException:
            self._learn(generation, self._abandoned)
            raise
        self._learn(generation, self._succeeded)

    def _admit(self) -> int:
        if self._state is BreakerState.OPEN and self._clock() >= self._probe_at:
            self._become(BreakerState.HALF_OPEN)
        elif self._state is not BreakerState.CLOSED:
            raise CircuitOpenError(f"{self._name} failed too often and is left alone")
        return self._generation

    def _learn(self, generation: int, outcome: Callable[[], None]) -> None:
        # What a call brings that began before the last change says nothing of the service as it is now.
        if generation == self._generation:
            outcome()

    def _succeeded(self) -> None:
        if self._state is BreakerState.HALF_OPEN:
            self._become(BreakerState.CLOSED)
            return
        self._calls.add()
        self._in_a_row = 0

    def _failed(self) -> None:
        self._calls.add()
        self._failures.add()
        self._in_a_row += 1
        if self._state is BreakerState.HALF_OPEN or self._is_failing():
            self._probe_at = self._clock() + self._policy.open_for
            self._become(BreakerState.OPEN)

    def _abandoned(self) -> None:
        if self._state is BreakerState.HALF_OPEN:
            self._become(BreakerState.OPEN)  # its pause is over: the next call asks again

    def _is_failing(self) -> bool:
        if self._in_a_row >= self._policy.consecutive_failures:
            return True
        calls = self._calls.total()
        return calls >= self._policy.minimum_calls and self._failures.total() >= calls * self._policy.failure_ratio

    def _become(self, state: BreakerState) -> None:
        log.warning("Circuit changed", upstream=self._name, state=state, failures=self._failures.total())
        self._state = state
        self._generation += 1
        self._in_a_row = 0
        self._calls.clear()
        self._failures.clear()
