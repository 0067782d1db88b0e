"""How often something happened in the last seconds."""

from collections import deque
from collections.abc import Callable

Clock = Callable[[], float]


class RecentCount:
    """Counts what happened within a sliding window, in slots of one second.

    Args:
        seconds: how long something counts.
        clock: seconds that never go back, as `time.monotonic` gives them.
    """

    def __init__(self, seconds: int, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._slots: deque[tuple[int, int]] = deque()
        self._total = 0

    def add(self) -> None:
        """Counts one more."""
        now = int(self._clock())
        count = self._slots.pop()[1] if self._slots and self._slots[-1][0] == now else 0
        self._slots.append((now, count + 1))
        self._total += 1

    def total(self) -> int:
        """How many there were within the window."""
        oldest = int(self._clock()) - self._seconds + 1
        while self._slots and self._slots[0][0] < oldest:
            self._total -= self._slots.popleft()[1]
        return self._total

    def clear(self) -> None:
        """Forgets everything."""
        self._slots.clear()
        self._total = 0
