"""How many calls may be repeated: a share of those made lately, whatever goes wrong.

Three tries in each of four layers make 64 calls of one; a budget bounds what all callers together add. See "Handling
Overload" in Google's Site Reliability Engineering (retry budgets) and Finagle's RetryBudget, whose deposit for each
call, withdrawal for each repeat, and expiry this keeps.
"""

import time

from fleetkit.upstream.window import Clock, RecentCount

WINDOW_SECONDS = 10


class RetryBudget:
    """Grants repeats so that within any ten seconds they stay a share of the calls.

    Args:
        ratio: repeats for each call, 0.1 unless told.
        reserve: repeats within ten seconds that are granted however few calls there were, one unless told:
            without it a service with little traffic would never repeat anything.
        clock: seconds that never go back.
    """

    def __init__(self, *, ratio: float = 0.1, reserve: int = 1, clock: Clock = time.monotonic) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._calls = RecentCount(WINDOW_SECONDS, clock)
        self._repeats = RecentCount(WINDOW_SECONDS, clock)

    def deposit(self) -> None:
        """Notes a call that is no repeat."""
        self._calls.add()

    def left(self) -> int:
        """How many repeats would be granted now."""
        allowed = max(self._reserve, int(self._ratio * self._calls.total()))
        return max(0, allowed - self._repeats.total())

    def withdraw(self) -> bool:
        """Whether a call may be repeated; where it may, that is noted as done."""
        granted = self.left() > 0
        if granted:
            self._repeats.add()
        return granted
